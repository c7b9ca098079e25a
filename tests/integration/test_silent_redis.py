"""Our Pub/Sub layer on a Redis that falls silent: packets are dropped, and nothing is closed."""

from __future__ import annotations

import asyncio
import errno
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Connection
from redis.exceptions import ConnectionError as RedisConnectionError

from notify.bus import layers
from notify.bus.layers import MESSAGES_PER_TURN, RedisPubSubChannelLayer
from notify.bus.listener import HINTS_PER_TURN
from tests.faults.network import Network
from tests.harness.process import refusing_port
from tests.harness.redis import RedisServer
from tests.harness.waiting import aeventually, deadline

pytestmark = pytest.mark.one_database

GROUP = "a-group"
# No other is said by the clock: a ping that is due, its answer that does not come, and connecting.
SILENCE_S = layers.PING_INTERVAL_S + layers.ANSWER_TIMEOUT_S + 3


class Listener:
    """A layer that hears one group, and what it heard."""

    def __init__(self, host: Any) -> None:
        self.layer = RedisPubSubChannelLayer(hosts=[host])
        self.heard: list[Any] = []
        self.most_waiting = 0

    async def start(self) -> None:
        self.channel = await self.layer.new_channel()
        await self.layer.group_add(GROUP, self.channel)
        self.task = asyncio.create_task(self._hear())

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.layer.flush()

    async def _hear(self) -> None:
        """As live.layer does it."""
        while True:
            self.most_waiting = max(self.most_waiting, self.waiting)
            for _ in range(HINTS_PER_TURN):
                self.heard.append(await self.layer.receive(self.channel))
            await asyncio.sleep(0)

    @property
    def waiting(self) -> int:
        return int(self.layer.channels[self.channel].qsize())

    async def hears_again(self, speaker: RedisPubSubChannelLayer) -> bool:
        before = len(self.heard)
        await speaker.group_send(GROUP, {"type": "a", "n": before})
        await asyncio.sleep(0.1)
        return len(self.heard) > before


@pytest.fixture
async def speaker(own_redis: RedisServer) -> AsyncIterator[RedisPubSubChannelLayer]:
    layer = RedisPubSubChannelLayer(hosts=[own_redis.url])
    yield layer
    await layer.flush()


@pytest.fixture
async def listener(
    own_redis: RedisServer, speaker: RedisPubSubChannelLayer
) -> AsyncIterator[Listener]:
    listener = Listener(own_redis.url)
    await listener.start()
    await aeventually(lambda: listener.hears_again(speaker))
    yield listener
    await listener.stop()


def time_out(connection: Any) -> None:
    """What the kernel does to a connection when TCP's keepalive has not been answered."""
    error = OSError(errno.ETIMEDOUT, "Connection timed out")
    assert isinstance(error, asyncio.TimeoutError)  # since Python 3.11
    connection._reader.set_exception(error)


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """A loop that is frozen keeps no deadline of its own."""

    def wake(*_: object) -> None:
        raise asyncio.CancelledError("the event loop is frozen")  # a TimeoutError would be eaten

    before = signal.signal(signal.SIGALRM, wake)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("ours", [False, True])
async def test_redis_py_takes_a_dead_connection_for_one_on_which_nothing_came(
    own_redis: RedisServer, ours: bool
) -> None:
    """Upstream, which may mend it one day, and then our class need not; and ours."""
    kind: Any = layers._watched(Connection) if ours else Connection
    connection = kind(port=own_redis.port)
    await connection.connect()
    assert await connection.read_response(timeout=0.01) is None
    time_out(connection)
    began = time.monotonic()
    if ours:
        with pytest.raises(RedisConnectionError, match="timed out"):
            await connection.read_response(timeout=30, disconnect_on_error=False)
    else:
        assert await connection.read_response(timeout=30, disconnect_on_error=False) is None
    assert time.monotonic() - began < 15
    await connection.disconnect()


async def test_a_connection_that_the_kernel_gave_up_freezes_no_loop(
    listener: Listener, speaker: RedisPubSubChannelLayer
) -> None:
    [shard] = listener.layer._shards
    with no_longer_than(deadline(10)):
        time_out(shard._pubsub.connection)
        await aeventually(lambda: listener.hears_again(speaker))


async def test_with_the_open_flows_dropped_it_is_back_by_new_ones(
    own_redis: RedisServer, speaker: RedisPubSubChannelLayer
) -> None:
    async with Network(own_redis.port, random.Random(1)) as network:  # noqa: S311
        listener = Listener(f"redis://127.0.0.1:{network.port}/0")
        await listener.start()
        await aeventually(lambda: listener.hears_again(speaker))
        await listener.layer.group_send(GROUP, {"type": "by the connection that publishes"})
        network.freeze()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):  # as the publisher does it
                await listener.layer.group_send(GROUP, {"type": "into the silence"})
        async with asyncio.timeout(5):
            await listener.layer.group_send(GROUP, {"type": "by another"})
        await aeventually(lambda: listener.hears_again(speaker), SILENCE_S)
        await listener.stop()


async def test_with_redis_stopped_it_is_back_when_redis_goes_on(
    own_redis: RedisServer, listener: Listener
) -> None:
    own_redis.pause()
    await asyncio.sleep(SILENCE_S)  # by then it has given the connection up
    own_redis.resume()
    fresh = RedisPubSubChannelLayer(hosts=[own_redis.url])
    await aeventually(lambda: listener.hears_again(fresh), 8)
    await fresh.flush()


async def test_on_a_quiet_connection_a_ping_is_answered_and_nothing_ends(
    own_redis: RedisServer, listener: Listener, speaker: RedisPubSubChannelLayer
) -> None:
    [shard] = listener.layer._shards
    reader = shard._pubsub.connection._reader
    await asyncio.sleep(SILENCE_S)
    assert shard._pubsub.connection._reader is reader
    assert await aeventually(lambda: listener.hears_again(speaker))


async def test_a_loop_that_is_late_ends_no_connection(
    listener: Listener, speaker: RedisPubSubChannelLayer
) -> None:
    [shard] = listener.layer._shards
    reader = shard._pubsub.connection._reader
    for _ in range(12):
        time.sleep(1)  # noqa: ASYNC251  that is what a late loop is
        await asyncio.sleep(0)
    assert shard._pubsub.connection._reader is reader
    assert await aeventually(lambda: listener.hears_again(speaker))


async def test_what_waits_to_be_read_is_bounded(listener: Listener, own_redis: RedisServer) -> None:
    """More comes in one turn of the loop than the reader takes in one."""
    message = listener.layer.serialize({"type": "a"})
    sent = 5000
    before = len(listener.heard)
    with own_redis.client() as client:
        pipeline = client.pipeline(transaction=False)
        for _ in range(sent):
            pipeline.publish(f"asgi__group__{GROUP}", message)
        pipeline.execute()
    await aeventually(lambda: len(listener.heard) == before + sent)
    assert listener.most_waiting <= HINTS_PER_TURN + MESSAGES_PER_TURN


async def test_it_connects_by_a_unix_socket_too(
    tmp_path: Path,
) -> None:
    path = tmp_path / "r.sock"
    with RedisServer(tmp_path, unix_socket=path) as server:
        speaker = RedisPubSubChannelLayer(hosts=[server.url])
        listener = Listener(f"unix://{path}")
        await listener.start()
        await aeventually(lambda: listener.hears_again(speaker))
        await listener.stop()
        await speaker.flush()


async def test_a_redis_that_was_never_there_is_tried_again() -> None:
    with refusing_port() as port:
        layer = RedisPubSubChannelLayer(hosts=[("127.0.0.1", port)])
        for _ in range(2):
            with pytest.raises(RedisConnectionError):
                await layer.new_channel()
        await layer.flush()

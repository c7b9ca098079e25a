"""What redis-py and channels_redis do upstream, so that our layer must not rely on it."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer
from redis.asyncio import Connection

TURNS = 200


class Nowhere(asyncio.Transport):
    """A transport without a peer."""

    _closed = False

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True


@asynccontextmanager
async def connection_that_timed_out() -> AsyncIterator[Connection]:
    """A connection as the kernel leaves it when packets are dropped: keepalives or acknowledgements
    were missed, and every read of the stream, which is asyncio's own, raises ETIMEDOUT."""
    connection = Connection()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    protocol = asyncio.StreamReaderProtocol(reader)
    connection._reader = reader
    connection._writer = asyncio.StreamWriter(Nowhere(), protocol, reader, loop)
    connection._parser.on_connect(connection)
    protocol.connection_lost(OSError(errno.ETIMEDOUT, "Connection timed out"))
    yield connection
    await connection.disconnect(nowait=True)


async def turns_of_the_loop_during(work: Any) -> int:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await asyncio.sleep(0)
    before = turns
    await work
    counting.cancel()
    return turns - before


def test_the_timeout_of_the_kernel_is_that_of_asyncio() -> None:
    assert type(OSError(errno.ETIMEDOUT, "")) is asyncio.TimeoutError


async def test_a_read_with_a_timeout_returns_none_at_once_after_the_kernel_gave_up() -> None:
    """So it looks as if nothing had arrived, and the connection is never closed."""

    async def read(connection: Connection) -> None:
        for _ in range(TURNS):
            assert await connection.read_response(timeout=0.1) is None

    async with connection_that_timed_out() as connection, asyncio.timeout(TURNS * 0.1 / 2):
        assert await turns_of_the_loop_during(read(connection)) == 0
        assert connection.is_connected


async def test_the_pubsub_layer_reads_on_without_a_pause_and_blocks_the_loop() -> None:
    """The task would never yield to the loop; the test ends it from inside."""
    layer = RedisPubSubChannelLayer(hosts=["redis://127.0.0.1:1"])
    [shard] = layer._get_layer()._shards
    shard._ensure_redis()
    shard._pubsub.channels = {b"any": None}
    reads = 0

    def received(message: Any) -> None:
        nonlocal reads
        reads += 1
        if reads == TURNS:
            raise asyncio.CancelledError

    async def receive() -> None:
        with suppress(asyncio.CancelledError):
            await shard._do_receiving()

    shard._receive_message = received
    async with connection_that_timed_out() as connection:
        shard._pubsub.connection = connection
        assert await turns_of_the_loop_during(receive()) == 0
    assert reads == TURNS

"""The channel layer for CHANNEL_LAYERS: `notify.bus.layers.RedisPubSubChannelLayer`.

The Pub/Sub layer of channels-redis, on connections that notice when Redis falls silent. Without
that, a connection whose packets are dropped stays dead for ever, or worse: its TCP keepalive ends
in ETIMEDOUT, which since Python 3.11 is `asyncio.TimeoutError`; redis-py mistakes it for its own
timeout and returns None immediately; channels-redis retries immediately, so the event loop spins
and runs nothing else. tests/integration/test_silent_redis.py pins it (redis-py 8, channels-redis
4.3).
"""

from __future__ import annotations

import asyncio
import math
from functools import cache
from typing import Any

from channels_redis import pubsub
from channels_redis.utils import decode_hosts
from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

PING_INTERVAL_S = 2.0  # of a subscribed connection that is otherwise quiet
ANSWER_TIMEOUT_S = 3.0
MESSAGES_PER_TURN = 50  # fewer than the listener reads, so that its queue does not grow

# An entry of `hosts` may override these. redis-py's own defaults would retry for a minute, with
# pauses of up to ten seconds, and so notice late that Redis is back.
_DEFAULTS = {
    "health_check_interval": PING_INTERVAL_S,
    "socket_connect_timeout": 2.0,
    "retry": Retry(ConstantBackoff(0.25), 1),
}


class RedisPubSubChannelLayer(pubsub.RedisPubSubChannelLayer):  # type: ignore[misc]
    """The layer, with the CONFIG of `channels_redis.pubsub.RedisPubSubChannelLayer`.

    Args:
        hosts: Addresses, or dicts of options for a connection or for Sentinel.
        args, options: As channels-redis takes them: `prefix`, `serializer_format`, …
    """

    def __init__(self, hosts: Any = None, *args: Any, **options: Any) -> None:
        super().__init__(_watched_hosts(hosts), *args, **options)


class _Watched(AbstractConnection):
    """A connection of redis-py that ends when Redis no longer answers.

    Silence is counted in reads, not by the clock: where the event loop is late, answers have come
    but are not read yet, and the connection is fine.
    """

    _silence_s = 0.0
    _messages = 0

    async def read_response(self, *args: Any, **options: Any) -> Any:
        timeout = options.get("timeout")
        if timeout is None or not 0 < timeout < math.inf:  # the answer to a command
            return await super().read_response(*args, **options)
        loop = asyncio.get_running_loop()
        began = loop.time()
        response = await super().read_response(*args, **options)
        if response is not None:
            await self._note_message()
            return response
        if loop.time() - began < timeout / 2:
            await self._end("The connection to Redis has timed out")
        if self.health_check_interval and loop.time() > self.next_health_check:
            self._silence_s += timeout  # redis-py has sent a PING
            if self._silence_s >= ANSWER_TIMEOUT_S:
                await self._end("Redis does not answer a PING")
        return None

    async def _note_message(self) -> None:
        """Lets other tasks run now and then: queued messages are read without a pause, and the
        task that takes them needs a turn."""
        self._silence_s = 0.0
        self._messages += 1
        if self._messages >= MESSAGES_PER_TURN:
            self._messages = 0
            await asyncio.sleep(0)

    async def _end(self, why: str) -> None:
        """Ends the connection as redis-py does; PubSub then connects and subscribes again."""
        self._silence_s = 0.0
        await self.disconnect(nowait=True)
        raise RedisConnectionError(why)


def _watched_hosts(hosts: Any) -> Any:
    try:
        return [_watched_host(host) for host in decode_hosts(hosts)]
    except ValueError:
        return hosts  # channels-redis refuses them, with the reason, when the layer is used


def _watched_host(host: dict[str, Any]) -> dict[str, Any]:
    options = {**_DEFAULTS, **host}
    if "address" in options:  # as ConnectionPool.from_url does
        options |= parse_url(options.pop("address"))
    kind: Any = Connection
    if "master_name" in options:
        tls = options.pop("ssl", False)
        kind = SentinelManagedSSLConnection if tls else SentinelManagedConnection
    options["connection_class"] = _watched(options.get("connection_class", kind))
    return options


@cache
def _watched(kind: type[AbstractConnection]) -> type[AbstractConnection]:
    return type(f"Watched{kind.__name__}", (_Watched, kind), {})

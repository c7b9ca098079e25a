"""Coalesces concurrent lookups into one query (the DataLoader pattern).

A process that restarts gets thousands of handshakes at once. One query for a hundred of them costs
little more than one query for one: docs/performance.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from django.db import InterfaceError, OperationalError

from notify.live.pool import DatabasePool

K = TypeVar("K")
V = TypeVar("V")

MAX_CONCURRENT_LOADS = 2  # so that one slow query does not hold up the next
MAX_KEYS = 500  # per query
_UNAVAILABLE = (OperationalError, InterfaceError)  # the database's fault, and not that of a key

Chunk = list[tuple[K, "asyncio.Future[V]"]]


class Loader(Generic[K, V]):
    """`query` takes a list of keys and returns their values, in the same order.

    A key is loaded at the end of this turn of the loop, together with all other keys of the turn,
    or when one of the queries that are running has ended.
    """

    def __init__(
        self,
        pool: DatabasePool,
        query: Callable[[Sequence[K]], Sequence[V]],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._pool = pool
        self._query = query
        self._spawn = spawn
        self._queued: list[tuple[K, asyncio.Future[V]]] = []
        self._running = 0  # queries

    async def load(self, key: K) -> V:
        """Returns the value of this key; raises what `query` raised."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[V] = loop.create_future()
        if not self._queued:
            loop.call_soon(self._start)
        self._queued.append((key, future))
        return await future

    def _start(self) -> None:
        while self._queued and self._running < MAX_CONCURRENT_LOADS:
            chunk, self._queued = self._queued[:MAX_KEYS], self._queued[MAX_KEYS:]
            self._running += 1
            self._spawn(self._load(chunk))

    async def _load(self, chunk: Chunk[K, V]) -> None:
        try:
            await self._settle(chunk)
        finally:
            for _, future in chunk:
                future.cancel()  # has an effect only if this task was cancelled
            self._running -= 1
            self._start()

    async def _settle(self, chunk: Chunk[K, V]) -> None:
        try:
            found = await self._pool.run(self._query, [key for key, _ in chunk])
        except Exception as error:
            if len(chunk) == 1 or isinstance(error, _UNAVAILABLE):
                for _, future in chunk:
                    _settle_unless_done(future, future.set_exception, error)
                return
            half = len(chunk) // 2  # only the key that causes the error is to get it
            await self._settle(chunk[:half])
            await self._settle(chunk[half:])
        else:
            for (_, future), one in zip(chunk, found, strict=True):
                _settle_unless_done(future, future.set_result, one)


def _settle_unless_done(
    future: asyncio.Future[Any], settle: Callable[[Any], None], outcome: Any
) -> None:
    if not future.done():  # its socket may be gone by now
        settle(outcome)

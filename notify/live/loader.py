"""What many sockets ask of the database at one time is asked together (the DataLoader pattern).

A process that restarts has thousands of handshakes at once. One query for a hundred of them costs
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

LOTS_AT_ONCE = 2  # so that one slow lot does not hold up the next
LOT_SIZE = 500
_AWAY = (OperationalError, InterfaceError)  # the database's fault, and not that of what is wanted

Lot = list[tuple[K, "asyncio.Future[V]"]]


class Loader(Generic[K, V]):
    """`work` takes a list of wants and returns what each of them gets, in their order.

    A want is carried out at the end of this turn of the loop, together with what else is wanted
    by then, or when a lot that is under way has ended.
    """

    def __init__(
        self,
        pool: DatabasePool,
        work: Callable[[Sequence[K]], Sequence[V]],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._pool = pool
        self._work = work
        self._spawn = spawn
        self._waiting: list[tuple[K, asyncio.Future[V]]] = []
        self._under_way = 0

    async def load(self, want: K) -> V:
        """What `work` has for this want; raises what `work` raised."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[V] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._start)
        self._waiting.append((want, future))
        return await future

    def _start(self) -> None:
        while self._waiting and self._under_way < LOTS_AT_ONCE:
            lot, self._waiting = self._waiting[:LOT_SIZE], self._waiting[LOT_SIZE:]
            self._under_way += 1
            self._spawn(self._carry_out(lot))

    async def _carry_out(self, lot: Lot[K, V]) -> None:
        try:
            await self._settle(lot)
        finally:
            for _, future in lot:
                future.cancel()  # those that are still open: the process ends
            self._under_way -= 1
            self._start()

    async def _settle(self, lot: Lot[K, V]) -> None:
        try:
            found = await self._pool.run(self._work, [want for want, _ in lot])
        except Exception as error:
            if len(lot) == 1 or isinstance(error, _AWAY):
                for _, future in lot:
                    _settle_unless_gone(future, future.set_exception, error)
                return
            half = len(lot) // 2  # only the one that it comes from is to suffer
            await self._settle(lot[:half])
            await self._settle(lot[half:])
        else:
            for (_, future), one in zip(lot, found, strict=True):
                _settle_unless_gone(future, future.set_result, one)


def _settle_unless_gone(
    future: asyncio.Future[Any], settle: Callable[[Any], None], outcome: Any
) -> None:
    if not future.done():  # its socket may have gone meanwhile
        settle(outcome)

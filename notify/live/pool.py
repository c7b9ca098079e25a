"""Runs database work outside the event loop, in a few threads of its own.

asgiref's default is one shared thread, in which one user's slow query blocks everybody.
The threads keep their connections: closing them after each call, as `database_sync_to_async`
does if CONN_MAX_AGE is 0, would open one for every connect and every catch-up.

Every call has a limit, which is enforced on this side. PostgreSQL's own `statement_timeout` does
not help against a server that hangs or a connection that died silently, and behind a pooler in
transaction mode it stays set on a connection that others get.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from django.db import OperationalError

from notify.live.database_thread import Call, Calls, DatabaseThread

T = TypeVar("T")

logger = logging.getLogger(__name__)

CUT_OFF_AFTER_S = 1.0  # after the cancel request: the database does not answer at all
CLOSE_WITHIN_S = 5.0
POLL_S = 0.01
# Abandoned threads that still hang, per thread of the pool. The call that they hang in has a
# timeout of its own (psycopg's for connecting is 130 s), but the pool must not grow until then.
MAX_STRAYS = 4


class TookTooLong(OperationalError):
    """A call exceeded its limit and was abandoned; the database may have carried it out."""


class DatabasePool:
    """At most `threads` threads. `limit` (seconds) bounds the wait for a thread, and the time from
    the start of one statement to the start of the next. A call of many statements may take longer.

    A call that exceeds it raises TookTooLong. Its statement is cancelled; if that does not help,
    its connection is shut down. Its thread is replaced at once, and ends when it returns.
    """

    def __init__(self, threads: int, name: str, limit: float) -> None:
        self._size = threads
        self._name = name
        self._limit = limit
        self._calls: Calls = SimpleQueue()
        self._threads: list[DatabaseThread] = []
        self._strays: list[DatabaseThread] = []
        self._pending = 0  # calls that wait for a thread or have one
        self._closed = False
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __del__(self) -> None:
        for _ in self._threads:
            self._calls.put(None)

    async def run(self, work: Callable[..., T], *args: object, **kwargs: object) -> T:
        """Calls `work` in a thread that may use the ORM.

        It is called once more if its first statement finds that its connection has died since the
        last call.

        Returns:
            What `work` returns.

        Raises:
            TookTooLong: the call exceeded the limit.
            Exception: what `work` raises.
        """
        if self._closed:
            raise OperationalError(
                "This process is shutting down and sends the database no more queries."
            )
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        call = Call(partial(work, *args, **kwargs), future, self._report)
        call.timer = loop.call_later(self._limit, self._check_limit, call)
        self._pending += 1
        self._calls.put(call)
        self._start_threads()
        return await future

    async def run_in_turn(self, user: str, work: Callable[..., T], *args: object) -> T:
        """As `run`, but one call at a time for each user: if a user's rows are locked, that user's
        sockets must not take all the threads."""
        turn = self._turns.setdefault(user, asyncio.Lock())
        async with turn:
            return await self.run(work, *args)

    async def close(self) -> None:
        """Ends the threads and closes their connections when their calls have returned. Shuts down
        the connections of calls that take longer than five seconds."""
        self._closed = True
        threads, self._threads = self._threads, []
        for _ in threads:
            self._calls.put(None)
        if not await _end(threads, CLOSE_WITHIN_S):
            for thread in threads:
                thread.cut_off()
            await _end(threads, CUT_OFF_AFTER_S)

    def _start_threads(self) -> None:
        while len(self._threads) < min(self._size, self._pending):
            if self._strays:
                self._strays = [one for one in self._strays if one.is_alive()]
                if len(self._strays) >= MAX_STRAYS * self._size:
                    return
            thread = DatabaseThread(self._calls, self._name)
            self._threads.append(thread)
            thread.start()

    def _report(self, call: Call, result: Any, error: BaseException | None) -> None:
        """Runs in the thread of the call."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody awaits the call
            call.future.get_loop().call_soon_threadsafe(self._settle, call, result, error)

    def _settle(self, call: Call, result: Any, error: BaseException | None) -> None:
        self._note_end(call)
        if call.future.done():
            return
        if error is None:
            call.future.set_result(result)
        else:
            call.future.set_exception(error)

    def _note_end(self, call: Call) -> None:
        if call.has_ended:
            return
        call.has_ended = True
        self._pending -= 1
        if call.timer is not None:
            call.timer.cancel()
            call.timer = None

    # Calls that take too long

    def _check_limit(self, call: Call) -> None:
        """Abandons the call if it waited for a thread, or its thread for the database, too long."""
        if call.thread is None and call.future.done():  # its caller is gone
            self._note_end(call)
            return
        if call.thread is None:
            self._fail(call, "waited for a thread")
            if call.thread is None:  # else a thread took it at this moment
                self._note_end(call)
                return
        thread = call.thread
        remaining = thread.active_at + self._limit - time.monotonic()
        if remaining > 0:
            call.timer = call.future.get_loop().call_later(remaining, self._check_limit, call)
        elif thread.dismiss(call):
            self._abandon(call, thread)
        # Else the result is on its way.

    def _abandon(self, call: Call, thread: DatabaseThread) -> None:
        self._fail(call, "waited for the database")
        self._note_end(call)
        if thread in self._threads:  # else the pool is being closed
            self._threads.remove(thread)
            self._strays.append(thread)
            self._start_threads()
        threading.Thread(target=thread.cancel, name=f"{self._name}-cancel", daemon=True).start()
        call.future.get_loop().call_later(CUT_OFF_AFTER_S, thread.cut_off)

    def _fail(self, call: Call, why: str) -> None:
        name = getattr(getattr(call.work, "func", None), "__qualname__", "a call")
        what = f"{name} {why} for {self._limit:g} s and was abandoned."
        logger.warning("%s: %s", self._name, what)
        if not call.future.done():
            call.future.set_exception(TookTooLong(what))


async def _end(threads: list[DatabaseThread], within_s: float) -> bool:
    """Waits for the threads to end. Returns whether they did within so many seconds."""
    deadline = time.monotonic() + within_s
    while any(thread.is_alive() for thread in threads):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_S)
    return True

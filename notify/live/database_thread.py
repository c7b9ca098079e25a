"""A thread that may use the ORM, and that can be abandoned while it hangs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, ClassVar

from django.db import InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from notify.live import severing

logger = logging.getLogger(__name__)


class Call:
    """Work for a thread, and the future that its caller awaits."""

    __slots__ = ("future", "has_ended", "report", "thread", "timer", "work")

    def __init__(
        self,
        work: Callable[[], Any],
        future: asyncio.Future[Any],
        report: Callable[[Call, Any, BaseException | None], None],
    ) -> None:
        self.work = work
        self.future = future
        self.report = report  # called in the thread, with the result or the error
        self.thread: DatabaseThread | None = None  # set when a thread has taken it
        self.timer: asyncio.TimerHandle | None = None
        self.has_ended = False  # its caller has the result, or is gone


Calls = SimpleQueue["Call | None"]


class DatabaseThread(threading.Thread):
    """Carries out one call after the other, until it takes None or is dismissed.

    It keeps its connections between calls, unless another thread's connection hung meanwhile: its
    own may then be dead as well. It is a daemon thread, so that a hanging one does not keep the
    process from ending.
    """

    doubted_at: ClassVar[float] = 0.0  # when a connection was last shut down, in any pool

    def __init__(self, calls: Calls, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.active_at = time.monotonic()  # when its last statement, or else its call, began
        self._calls = calls
        self._call: Call | None = None
        self._dismissed = False
        self._lock = threading.Lock()  # for the two above
        self._databases: list[BaseDatabaseWrapper] = []
        self._trusted_at = time.monotonic()
        self._has_begun = False  # whether a statement of the call has succeeded

    def run(self) -> None:
        self._databases = [connections[alias] for alias in connections]
        with contextlib.ExitStack() as stack:
            stack.callback(self._close)
            for database in self._databases:
                stack.enter_context(database.execute_wrapper(self._note_statement))
            while self._carry_out_next():
                pass

    def _note_statement(self, execute: Callable[..., Any], *args: Any) -> Any:
        if self._dismissed:
            raise OperationalError("This call was abandoned.")
        self.active_at = time.monotonic()
        result = execute(*args)
        self._has_begun = True
        return result

    def _carry_out_next(self) -> bool:
        """Takes a call and carries it out. Returns whether to take another."""
        call = self._calls.get()
        if call is None:
            return False
        self.active_at = time.monotonic()
        self._call = call
        call.thread = self
        result = error = None
        if not call.future.done():  # it may have been abandoned while it was queued
            try:
                result = self._run(call.work)
            except BaseException as raised:
                error = raised
        with self._lock:
            self._call = None
            continues = not self._dismissed
        call.report(call, result, error)
        return continues

    def _run(self, work: Callable[[], Any]) -> Any:
        if self._trusted_at < DatabaseThread.doubted_at:
            self._trusted_at = time.monotonic()
            self._close(for_good=True)
        self._has_begun = False
        kept = [database.connection for database in self._databases]
        try:
            return work()
        except (OperationalError, InterfaceError):
            # The database, a pooler or a firewall closes idle connections, and a failover all of
            # them. Only the next statement finds out. So a call that finds a kept connection dead
            # is carried out once more, provided that none of its statements has succeeded: doing
            # those twice might have another result.
            if self._dismissed or self._has_begun or not any(map(severing.is_dead, kept)):
                raise
            self._tidy()
            severing.renew_pools(self._databases)
            return work()
        finally:
            self._tidy()

    def _tidy(self) -> None:
        for database in self._databases:
            if severing.is_dead(database.connection):
                database.close()
            elif database.errors_occurred:
                database.close_if_unusable_or_obsolete()

    def _close(self, *, for_good: bool = False) -> None:
        """Closes the connections. One that was shut down, or that a cancel request may still be on
        its way to, is not returned to its pool as a good one."""
        for database in self._databases:
            try:
                is_pooled = getattr(database, "pool", None) is not None
                if is_pooled and (for_good or self._dismissed) and database.connection is not None:
                    database.connection.close()
                database.close()
            except Exception as error:
                logger.debug("A connection could not be closed: %r", error)

    # From other threads

    def dismiss(self, call: Call) -> bool:
        """Has the thread end after this call. Returns False if the call has ended already."""
        with self._lock:
            if self._call is not call:
                return False
            self._dismissed = True
            return True

    def cancel(self) -> None:
        """Asks the databases to cancel this thread's statements. May hang, too."""
        if self.is_alive():
            severing.cancel(self._databases)

    def cut_off(self) -> None:
        """Shuts down the thread's connections, unless it has ended by itself, as it does when a
        slow statement is cancelled. Never blocks."""
        self._dismissed = True
        if self.is_alive() and severing.cut_off(self._databases):
            DatabaseThread.doubted_at = time.monotonic()

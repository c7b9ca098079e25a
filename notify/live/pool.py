"""Database work beside the event loop, in a few threads of our own.

asgiref's default is one shared thread, where one user's slow query freezes everybody.
The threads keep their connections: closing them after each call, as `database_sync_to_async`
does where CONN_MAX_AGE is 0, would open one for every connect and every catch-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TypeVar
from weakref import WeakValueDictionary

from django import db
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from notify.inbox import sql

T = TypeVar("T")


class DatabasePool:
    """`statement_timeout` is in seconds: one user's slow query must end, so that the threads
    are there for the others."""

    def __init__(self, threads: int, name: str, statement_timeout: float | None = None) -> None:
        self._threads = threads
        self._timeout_ms = round(statement_timeout * 1000) if statement_timeout else None
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, work: Callable[..., T], *args: object, **kwargs: object) -> T:
        """What `work` returns; it runs in a thread that may use the ORM."""
        loop = asyncio.get_running_loop()
        call = partial(_run, self._timeout_ms, work, *args, **kwargs)
        return await loop.run_in_executor(self._executor, call)

    async def run_in_turn(self, user: str, work: Callable[..., T], *args: object) -> T:
        """As `run`, one at a time for each user: sockets of one whose rows are locked must not
        take all the threads."""
        turn = self._turns.setdefault(user, asyncio.Lock())
        async with turn:
            return await self.run(work, *args)

    async def close(self) -> None:
        """Closes the threads' connections, and ends the threads when their work is done."""
        loop = asyncio.get_running_loop()
        barrier = Barrier(self._threads)  # so that each thread gets one of the calls
        closing = [
            loop.run_in_executor(self._executor, _close_connections, barrier)
            for _ in range(self._threads)
        ]
        await asyncio.gather(*closing)
        self._executor.shutdown(wait=False)


def _run(timeout_ms: int | None, work: Callable[..., T], *args: object, **kwargs: object) -> T:
    try:
        if timeout_ms is not None and sql.is_postgresql():
            _limit_statements(sql.connection(), timeout_ms)
        return work(*args, **kwargs)
    finally:
        for connection in connections.all(initialized_only=True):
            if connection.errors_occurred:
                _unlimit_statements(connection)
                connection.close_if_unusable_or_obsolete()


def _limit_statements(connection: BaseDatabaseWrapper, timeout_ms: int) -> None:
    connection.ensure_connection()
    if getattr(_limited, "connection", None) is not connection.connection:
        sql.execute("SELECT set_config('statement_timeout', %s, false)", [str(timeout_ms)])
        _limited.connection = connection.connection


def _unlimit_statements(connection: BaseDatabaseWrapper) -> None:
    """Before it may go back to a pool, where others take it."""
    limited = getattr(_limited, "connection", None)
    if limited is None or limited is not connection.connection:
        return
    _limited.connection = None
    with contextlib.suppress(db.Error), connection.cursor() as cursor:
        cursor.execute("RESET statement_timeout")


_limited = threading.local()  # the connection of this thread that has its timeout


def _close_connections(barrier: Barrier) -> None:
    for connection in connections.all(initialized_only=True):
        _unlimit_statements(connection)
        connection.close()
    barrier.wait()

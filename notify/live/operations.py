"""The feed of live operations: the parts of all processes, and what the database owes.

Only while somebody watches does it read the database, every two seconds and apart from the frames:
a database that hangs must not silence the page that should show it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from django import db

from notify import protocol
from notify.bus.hints import ORIGIN
from notify.inbox import backlog, progress
from notify.live import history
from notify.live.background import Background
from notify.live.connection import Connection
from notify.live.feeds import HISTORY, OPERATIONS
from notify.live.overview import overview
from notify.live.parts import Parts
from notify.live.pool import DatabasePool
from notify.live.rates import Rates

DATABASE_INTERVAL_S = 2.0
DATABASE_HOLDS_S = 4.0  # without an answer, then it counts as down
FIRST_WITHIN_S = 0.5  # how long the first figures wait for the database
HISTORY_FRAMES = 3  # the first frames of a watcher carry it: the other processes answer by then


class Owed(NamedTuple):
    """What the database said; `notices` were written since it was asked before."""

    newest_notice: int
    notices: int
    figures: dict[str, float]
    open_notices: list[dict[str, Any]]


class Operations:
    """As long as one or more watch; the next watcher gets a new one, which counts from zero."""

    def __init__(
        self,
        parts: Parts,
        pool: DatabasePool,
        background: Background,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._parts = parts
        self._pool = pool
        self._background = background
        self._clock = loop.time
        self._rates = Rates()
        self._want_history: dict[Connection, int] = {}  # in so many more frames
        self._owed: Owed | None = None
        self._notices_a_second = 0.0
        self._is_asking = False
        self._asked_at = -DATABASE_INTERVAL_S
        self._answered_at = self._clock()
        self._has_answered = asyncio.Event()  # or failed

    def add(self, connection: Connection) -> None:
        """A new watcher, whose first frames have the last ten minutes."""
        self._want_history[connection] = HISTORY_FRAMES
        self._parts.start(HISTORY)

    def forget(self, connection: Connection) -> None:
        self._want_history.pop(connection, None)
        if not self._want_history:
            self._parts.stop(HISTORY)

    async def figures(self) -> dict[str, Any]:
        self._ask_database()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_WITHIN_S):
                await self._has_answered.wait()
        now, parts = self._clock(), self._parts.all_of(OPERATIONS)
        servers = {process: part for process, (_, part) in parts.items() if "sockets" in part}
        return {
            **self._rates.take(servers, now, ORIGIN),
            **overview(parts, now),
            "asked_for": round(self._parts.asked_for(OPERATIONS), 1),
            **self._of_database(now),
        }

    def write(self, data: dict[str, Any], watchers: Iterable[Connection]) -> None:
        """Encodes once for all watchers, and once more for those who want the history."""
        text = protocol.figures(OPERATIONS, data)
        with_history = ""
        for connection in watchers:
            left = self._want_history.get(connection, 0)
            if not left:
                connection.write(text)
                continue
            with_history = with_history or protocol.figures(
                OPERATIONS, data | {"history": self._history()}
            )
            connection.write(with_history)
            if left == 1:
                self.forget(connection)
            else:
                self._want_history[connection] = left - 1

    def _history(self) -> dict[str, list[float | None]]:
        now, parts = self._clock(), self._parts.all_of(HISTORY)
        return history.merged((now - at, part) for at, part in parts.values())

    def _of_database(self, now: float) -> dict[str, Any]:
        if now - self._answered_at > DATABASE_HOLDS_S:
            self._owed = None
        if self._owed is None:
            is_known = self._has_answered.is_set() or now - self._answered_at > DATABASE_HOLDS_S
            down = {"notify_database_up": 0} if is_known else {}
            return {"notices": None, "database": down, "open_notices": []}
        return {
            "notices": round(self._notices_a_second, 1),
            "database": self._owed.figures,
            "open_notices": self._owed.open_notices,
        }

    def _ask_database(self) -> None:
        now = self._clock()
        if not self._is_asking and now - self._asked_at >= DATABASE_INTERVAL_S - 0.1:
            self._background.spawn(self._read_database(now - self._asked_at))
            self._is_asking, self._asked_at = True, now

    async def _read_database(self, seconds: float) -> None:
        try:
            before = None if self._owed is None else self._owed.newest_notice
            self._owed = await self._pool.run(_read, before)
            self._notices_a_second = self._owed.notices / seconds
            self._answered_at = self._clock()
        except db.Error:
            self._owed = None
        finally:
            self._is_asking = False
            self._has_answered.set()


def _read(newest_notice: int | None) -> Owed:
    figures = backlog.figures()
    waits = ("notify_batches_due", "notify_batches_failing", "notify_notices_paused")
    open_notices = backlog.notices() if any(figures[name] for name in waits) else []
    return Owed(*progress.notices_after(newest_notice), figures, open_notices)

"""Figures that clients watch, sent to them once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from django import db

from notify import protocol
from notify.access import authentication
from notify.inbox import progress
from notify.live.background import Background
from notify.live.connection import Connection
from notify.live.feeds import ONLINE, OPERATIONS, OWN, feed_of, is_own, permission, split
from notify.live.operations import Operations
from notify.live.parts import Parts
from notify.live.pool import DatabasePool
from notify.protocol import Error, Refused

INTERVAL_S = 1.0
MAX_TOPICS = 20  # per socket
RECHECK_S = 30.0  # how often the watchers' permissions are checked


class Figures:
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
        self._loop = loop
        self._watchers: dict[str, set[Connection]] = {}  # by feed
        self._timer: asyncio.TimerHandle | None = None
        self._operations = self._new_operations()
        self._rechecked_at = loop.time()
        self._sending: set[str] = set()  # feeds whose figures are being read

    def _new_operations(self) -> Operations:
        return Operations(self._parts, self._pool, self._background, self._loop)

    def watch(self, connection: Connection, topic: str, refuse: Callable[[Refused], None]) -> None:
        """Begins to send a topic. Calls `refuse` if the user may not see it, or the socket watches
        too many."""
        if topic in connection.watched:
            return
        if len(connection.watched) >= MAX_TOPICS:
            refuse(Refused(Error.INVALID, f"topic: at most {MAX_TOPICS} at a time; unwatch one"))
            return
        if connection.identity.by_token and topic != OWN:  # whatever its user may see
            refuse(Refused(Error.FORBIDDEN, f"{topic}: an API token may watch {OWN} only"))
            return
        connection.watch(topic)
        self._background.spawn(self._watch(connection, topic, refuse))

    def unwatch(self, connection: Connection, topic: str) -> None:
        connection.unwatch(topic)
        feed = feed_of(connection, topic)
        watchers = self._watchers.get(feed, set())
        watchers.discard(connection)
        if feed == OPERATIONS:
            self._operations.forget(connection)
        if not watchers:
            self._watchers.pop(feed, None)
            self._parts.stop(feed)
            if feed == OPERATIONS:
                self._operations = self._new_operations()

    def forget(self, connection: Connection) -> None:
        for topic in connection.watched:
            self.unwatch(connection, topic)

    def stop(self) -> None:
        self._watchers.clear()
        if self._timer is not None:
            self._timer.cancel()

    async def _watch(
        self, connection: Connection, topic: str, refuse: Callable[[Refused], None]
    ) -> None:
        try:
            may = await self._may(connection, topic)
        except Exception as error:  # also of the project's backends, which may ask a service
            self.unwatch(connection, topic)
            refuse(Refused(Error.UNAVAILABLE, "temporarily unavailable; try again", retry_after=2))
            if not isinstance(error, db.Error):
                raise
            return
        if not may:
            self.unwatch(connection, topic)
            refuse(Refused(Error.FORBIDDEN, f"{topic} needs the permission {permission(topic)}"))
        elif connection.closing is None and topic in connection.watched:  # still, after the query
            await self._add_watcher(connection, feed_of(connection, topic))

    async def _add_watcher(self, connection: Connection, feed: str) -> None:
        self._parts.start(feed)
        watchers = self._watchers.setdefault(feed, set())
        watchers.add(connection)
        if self._timer is None:
            self._timer = self._loop.call_later(INTERVAL_S, self._tick)
        if feed == OPERATIONS:
            self._operations.add(connection)
        if feed != OPERATIONS:
            await self._send_now(feed, [connection])
        elif len(watchers) == 1:  # others wait for the next figures, which count from the last ones
            await self._send(feed)

    async def _may(self, connection: Connection, topic: str) -> bool:
        return topic == OWN or await self._pool.run(
            authentication.user_has, connection.user, permission(topic)
        )

    def _tick(self) -> None:
        self._timer = None
        if not self._watchers:
            return
        self._timer = self._loop.call_later(INTERVAL_S, self._tick)
        self._parts.ask_all()
        for feed in list(self._watchers):
            if feed not in self._sending:  # else the database is slow
                self._background.spawn(self._send(feed))
        if self._loop.time() - self._rechecked_at >= RECHECK_S:
            self._rechecked_at = self._loop.time()
            self._background.spawn(self._recheck())

    async def _recheck(self) -> None:
        for feed, watchers in list(self._watchers.items()):
            for connection in list(watchers) if not is_own(feed) else ():
                if not await self._may(connection, feed):
                    self.unwatch(connection, feed)

    async def _send(self, feed: str) -> None:
        self._sending.add(feed)
        try:
            await self._send_now(feed, self._watchers.get(feed, ()))
        finally:
            self._sending.discard(feed)

    async def _send_now(self, feed: str, watchers: Collection[Connection]) -> None:
        name, key = split(feed)
        data: Any = None
        if name == "notice":
            data = await self._pool.run(progress.progress, int(key))
        elif name == OPERATIONS:
            data = await self._operations.figures()
        elif name == ONLINE:
            data = {"users": sum(part["users"] for _, part in self._parts.all_of(feed).values())}
        elif name in {OWN, "person"}:
            data = self._parts.sockets(feed)
        recipients = self._watchers.get(feed, set()).intersection(watchers)
        if name == OPERATIONS:
            self._operations.write(data, recipients)
            return
        for connection in recipients:
            if name == OWN:
                own = [one | {"this": one["id"] == connection.id} for one in data]
                connection.write(protocol.figures(OWN, own))
            else:
                connection.write(protocol.figures(feed, data))

"""Reads from the database what a socket is missing, and queues it.

First load, reconnect, `sync`, gap and released hold are all the same: read the changes after a
cursor, and queue them as `inbox` frames.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from notify import conf, metrics, protocol
from notify.access import authentication
from notify.changes import Cursor, Locale, Reading
from notify.inbox import reading, renderings
from notify.live.background import Background
from notify.live.connection import HOLD_ABOVE_BYTES, Connection
from notify.live.loader import Loader
from notify.live.pool import DatabasePool
from notify.protocol import Code

logger = logging.getLogger(__name__)

RESYNC_EVERY_S = 1.0  # a reading with rows costs more than the `sync` that asks for it
GAP_WAIT_S = 0.05  # the missing hint may only be late


class CatchingUp:
    """`call_later` is the event loop's. `ask_on` pings a socket that has too much unacknowledged,
    after it got what it asked for."""

    def __init__(
        self,
        pool: DatabasePool,
        background: Background,
        call_later: Callable[..., Any],
        ask_on: Callable[[Connection], None],
    ) -> None:
        self._pool = pool
        self._background = background
        self._call_later = call_later
        self._ask_on = ask_on
        self._readings = Loader(pool, _changes, background.spawn)
        self._gaps: dict[Connection, str] = {}  # and what noticed the gap
        self._resynced: set[Connection] = set()  # sockets that got rows for a `sync` a moment ago

    async def begin(self, connection: Connection, cursor: Cursor | None) -> None:
        """Sends `hello`, and what changed since the client's cursor."""
        found = await self._readings.load((connection.user, cursor, connection.locale))
        if found is None:
            connection.close(Code.NOT_SIGNED_IN, "this user does not exist")
            return
        settings = conf.current()
        # The interval and timeout tell the client what to expect ("Client rules" in
        # docs/protocol.md).
        connection.write(
            protocol.hello(
                authentication.public_user_id(connection.user),
                found,
                connection.locale.language,
                settings.ping_interval,
                settings.ping_timeout,
            )
        )
        if found.reset or found.since != found.version:
            await self._queue(connection, found, "connect")
        else:
            connection.start_at(Cursor(found.epoch, found.version))
        self._end(connection)

    def resync(self, connection: Connection, cursor: Cursor | None) -> None:
        """Answers a client that says it is at this cursor: queues at once what it is missing. Rows
        are queued once a second at most, and then for the last cursor that it sent."""
        self._background.spawn(self._resync(connection, cursor))

    def note_gap(self, connection: Connection, noticed_by: str) -> None:
        """Something is missing: catches up in a moment, together with other sockets."""
        self._gaps.setdefault(connection, noticed_by)
        self._background.later("gaps", self._close_gaps, GAP_WAIT_S)

    def forget(self, connection: Connection) -> None:
        self._gaps.pop(connection, None)
        self._resynced.discard(connection)

    async def _resync(self, connection: Connection, cursor: Cursor | None) -> None:
        if connection.catching_up or connection in self._resynced:
            connection.postpone_sync(cursor)
            return
        await self._catch_up([connection], {connection: cursor}, {connection: "client"})
        self._ask_on(connection)

    def _note_resync(self, connection: Connection) -> None:
        self._resynced.add(connection)
        self._call_later(RESYNC_EVERY_S, self._allow_resync, connection)

    def _allow_resync(self, connection: Connection) -> None:
        if connection in self._resynced:  # else it is gone
            self._resynced.discard(connection)
            self._resync_postponed(connection)

    def _resync_postponed(self, connection: Connection) -> None:
        for cursor in connection.take_postponed_sync():
            self.resync(connection, cursor)

    async def _close_gaps(self) -> None:
        behind, self._gaps = self._gaps, {}
        ready = [one for one in behind if one.queued and not one.catching_up and not one.held]
        for start in range(0, len(ready), reading.USERS_PER_QUERY):
            chunk = ready[start : start + reading.USERS_PER_QUERY]
            await self._catch_up(chunk, {one: one.queued for one in chunk}, behind)

    async def _catch_up(
        self,
        connections: list[Connection],
        cursors: dict[Connection, Cursor | None],
        noticed_by: dict[Connection, str],
    ) -> None:
        """Reads in one query what these sockets are missing after their cursors, and queues it."""
        for connection in connections:
            connection.begin_catch_up()
        try:
            keys = [(one.user, cursors[one], one.locale) for one in connections]
            loads = map(self._readings.load, keys)
            found = await asyncio.gather(*loads, return_exceptions=True)
            for connection, one in zip(connections, found, strict=True):
                if isinstance(one, BaseException):  # the next sweep tries again
                    logger.warning("A socket could not catch up: %r", one)
                elif one is not None and connection.closing is None:
                    metrics.GAPS.add(noticed_by[connection])
                    if noticed_by[connection] == "client" and (one.reset or one.rows):
                        self._note_resync(connection)
                    await self._queue(connection, one, noticed_by[connection])
        finally:
            for connection in connections:
                self._end(connection)
                self._resync_postponed(connection)

    async def _queue(self, connection: Connection, found: Reading, way: str) -> None:
        frames = protocol.frames_of(found)
        if frames is None:
            [reset] = await self._pool.run(reading.resets, [connection.user])
            reset = reset and renderings.in_locale(reset, connection.locale)
            frames = protocol.frames_of(reset) if reset is not None else None
        for frame in frames or ():
            connection.queue(frame)
            metrics.DELIVERIES.add(way)
            if connection.unacknowledged_bytes > HOLD_ABOVE_BYTES:
                connection.hold()
                return

    def _end(self, connection: Connection) -> None:
        if connection.end_catch_up():
            self.note_gap(connection, "hint")


def _changes(wanted: Sequence[tuple[str, Cursor | None, Locale]]) -> list[Reading | None]:
    """As `reading.changes`, with the texts in a locale. Runs in a thread of the pool, which makes
    the texts of many rows beside the event loop."""
    found = reading.changes([(user, cursor) for user, cursor, _ in wanted])
    return [
        one and renderings.in_locale(one, locale)
        for one, (_, _, locale) in zip(found, wanted, strict=True)
    ]

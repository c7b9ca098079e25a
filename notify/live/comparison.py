"""Compares what sockets were sent with the database: finds what lost hints would have said."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from notify.changes import Cursor
from notify.inbox import reading, upkeep
from notify.live.background import Background
from notify.live.connection import Connection
from notify.live.pool import DatabasePool
from notify.live.sockets import Sockets

logger = logging.getLogger(__name__)

COMPARE_WAIT_S = 0.05


class Comparison:
    """`note_gap` is called for each socket that something is missing for, with what noticed it."""

    def __init__(
        self,
        sockets: Sockets,
        pool: DatabasePool,
        background: Background,
        note_gap: Callable[[Connection, str], None],
    ) -> None:
        self._sockets = sockets
        self._pool = pool
        self._background = background
        self._note_gap = note_gap
        self._due: set[str] = set()  # users

    def soon(self, user: str) -> None:
        """Compares this user in a moment: the user's group was joined just now, and hints that
        came before that did not reach this process."""
        self._due.add(user)
        self._background.later("compare", self._run_due, COMPARE_WAIT_S)

    async def _run_due(self) -> None:
        users, self._due = self._due, set()
        await self.run(users)

    async def run(self, users: Collection[str]) -> None:
        """Reads the versions of these users' inboxes, and has sockets that are behind catch up."""
        # This must be read before the query: a version below it then means that the database has
        # gone back, while a version above it may belong to a hint that is on its way.
        queued, uneven = self._queued(users)
        moved = await self._pool.run(reading.moved, queued)
        gone_back = {
            user: queued[user].since
            for user, head in moved.items()
            if head.epoch == queued[user].epoch and head.since < queued[user].since
        }
        if gone_back:
            logger.warning(
                "The database has lost commits; %d inboxes get a new epoch.", len(gone_back)
            )
            await self._pool.run(upkeep.renew_epochs, gone_back)
            again = {user: queued[user] for user in gone_back}
            moved |= await self._pool.run(reading.moved, again)
        for user in moved.keys() | uneven:
            epoch, version = moved.get(user) or queued[user]
            for connection in self._sockets.of_user(user):
                if connection.is_behind(epoch, version):
                    self._note_gap(connection, "sweep")

    def _queued(self, users: Collection[str]) -> tuple[dict[str, Cursor], set[str]]:
        """The furthest cursor of each user's sockets, and the users whose sockets differ."""
        queued: dict[str, Cursor] = {}
        uneven: set[str] = set()
        for user in users:
            for connection in self._sockets.of_user(user):
                end, furthest = connection.queued, queued.get(user)
                if end is None or end == furthest:
                    continue
                if furthest is not None:
                    uneven.add(user)
                if furthest is None or furthest.since < end.since:
                    queued[user] = end
        return queued, uneven

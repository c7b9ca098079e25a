"""Closes sockets whose session, API token or permission has ended."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from notify.access import authentication
from notify.bus.publisher import PAUSE_AFTER_FAILURE_S
from notify.live.background import Background
from notify.live.connection import Connection
from notify.live.pool import DatabasePool
from notify.live.sockets import Sockets
from notify.protocol import Code

REVALIDATE_WAIT_S = 0.5  # the end of a session closes its sockets within a second

_REASONS = {
    Code.NOT_SIGNED_IN: "the session has ended",
    Code.FORBIDDEN: "this user no longer has access",
}


class Revalidation:
    def __init__(self, sockets: Sockets, pool: DatabasePool, background: Background) -> None:
        self._sockets = sockets
        self._pool = pool
        self._background = background
        self._due: set[str] = set()  # users

    async def run(self, connections: Iterable[Connection]) -> None:
        """Reads from the database whether these sockets may stay open, and closes the others."""
        open_ones = [one for one in connections if one.closing is None]
        identities = {one.identity for one in open_ones}
        if not identities:
            return
        codes = await self._pool.run(authentication.revalidate, identities)
        for connection in open_ones if codes else ():
            code = codes.get(connection.identity)
            if code is not None:
                connection.close(code, _REASONS[code])

    def soon(self, user: str) -> None:
        """Revalidates this user's sockets in half a second: the hint of a session that ended after
        its handshake, but before this process was in the user's group, did not reach it."""
        self._due.add(user)
        self._background.later("revalidate", self._run_due, REVALIDATE_WAIT_S)

    async def _run_due(self) -> None:
        users, self._due = self._due, set()
        await self.run(chain.from_iterable(map(self._sockets.of_user, users)))

    def all_later(self) -> None:
        """Revalidates all sockets once every process uses the channel layer again: some may still
        be in their pause after a failure."""
        delay = PAUSE_AFTER_FAILURE_S + REVALIDATE_WAIT_S
        self._background.later("revalidate all", self._run_all, delay)

    async def _run_all(self) -> None:
        await self.run(self._sockets.all())

"""Marks, undos and `opened` of one socket, carried out one after the other."""

from __future__ import annotations

import asyncio
import logging

from django import db

from notify import protocol, sending
from notify.exceptions import Busy, EpochChanged
from notify.live.connection import Connection
from notify.live.hub import Hub
from notify.protocol import Code, Error, Refused

logger = logging.getLogger(__name__)

MAX_OUTSTANDING_MARKS = 20


class MarkQueue:
    """Carries out marks in order, so that "read" and then "unread" of one notification end as
    unread, and in a task of its own, so that a slow database delays no pong."""

    __slots__ = ("_connection", "_hub", "_marks", "_task")

    def __init__(self, hub: Hub, connection: Connection) -> None:
        self._hub = hub
        self._connection = connection
        self._marks: list[protocol.InboxCommand] = []
        self._task: asyncio.Task[None] | None = None

    def put(self, mark: protocol.InboxCommand) -> None:
        """Queues a mark, which is answered by `done` or `error`.

        Raises:
            Refused: Too many marks are outstanding.
        """
        if len(self._marks) >= MAX_OUTSTANDING_MARKS:
            raise Refused(
                Error.RATE_LIMITED,
                f"{MAX_OUTSTANDING_MARKS} marks are outstanding; wait for a `done`",
                ref=mark.ref,
                retry_after=1,
            )
        self._marks.append(mark)
        if self._task is None:
            self._task = self._hub.loop.create_task(self._run())

    def stop(self) -> None:
        """Gives up the marks that are queued."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            while self._marks:
                await self._answer(self._marks[0])
                self._marks.pop(0)
        except Exception:
            logger.exception("A mark failed.")
            self._connection.close(Code.INTERNAL_ERROR, "internal error")
        finally:
            self._task = None

    async def _answer(self, mark: protocol.InboxCommand) -> None:
        user, language, changed = self._connection.user, self._connection.locale.language, 0

        def note(rows: int) -> None:
            nonlocal changed
            changed += rows

        try:
            version = await self._hub.pool.run_in_turn(
                user, sending.carry_out_command, user, mark, note, language
            )
        except EpochChanged:
            self._hub.resync(self._connection, None)
        except (Busy, db.Error) as error:
            logger.warning("A mark could not be carried out: %r", error)
            message = "temporarily unavailable; try again"
            refused = Refused(
                Error.UNAVAILABLE, message, ref=mark.ref, retry_after=2, changed=changed
            )
            self._connection.write(protocol.error(refused))
        else:
            self._connection.write(protocol.done(mark.ref, version))

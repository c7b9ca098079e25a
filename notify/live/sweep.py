"""Compares this process's users with the database: heals, revokes, picks up work.

This is what makes a lost hint harmless, so nothing here waits for the channel layer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import Error

from notify import conf
from notify.access import authentication
from notify.bus.publisher import publisher
from notify.changes import Cursor
from notify.inbox import reading, retention, upkeep
from notify.live.connection import Connection
from notify.live.pool import DatabasePool
from notify.protocol import Code
from notify.sending.working import Worker
from notify.sql import database

if TYPE_CHECKING:
    from notify.live.hub import Hub

logger = logging.getLogger(__name__)

DATABASE_ABSENCE_S = 60.0  # after so long, sockets that hear nothing new are closed
ABSENCE_SPREAD_S = 30.0
PRUNE_INTERVAL_S = 3600.0
# Seconds for a statement of theirs: the largest batches, and rows of years, take their time.
WORKER_LIMIT_S = 60.0
PRUNER_LIMIT_S = 300.0

_REASONS = {
    Code.NOT_SIGNED_IN: "the session has ended",
    Code.FORBIDDEN: "this user may not use this any more",
}


class _Stopping(Exception):
    """Ends the pruning."""


class Sweep:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        workers = max(1, conf.current().server_workers)
        self._workers = DatabasePool(workers, "notify-worker", WORKER_LIMIT_S)
        self._work_wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._sessions_judged_at = hub.loop.time()
        self._failing_since: float | None = None
        self._told_of_defect = False
        self.finished_at = hub.loop.time()  # of the last that came to its end
        self._pruner = DatabasePool(1, "notify-prune", PRUNER_LIMIT_S)
        self._pruned_at: float | None = None  # when the last time was begun
        self._stopping = threading.Event()

    def start(self) -> None:
        loop = self._hub.loop
        self._tasks = [loop.create_task(self._run())]
        self._hub.spawn(self._find_deployment())
        for _ in range(conf.current().server_workers):
            self._tasks.append(loop.create_task(self._work()))

    async def stop(self) -> None:
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Gives back its connections."""
        self._stopping.set()
        await asyncio.gather(self._workers.close(), self._pruner.close())

    def wake_workers(self) -> None:
        self._work_wanted.set()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval())
            began = self._hub.loop.time()
            try:
                await self.once()
            except Error as error:
                self._note_failure(error, began)
            except Exception as error:
                self._note_defect(error)
            else:
                self._failing_since = None
                self._told_of_defect = False
                self.finished_at = self._hub.loop.time()

    def _note_failure(self, error: Exception, began: float) -> None:
        """The database is away, or hangs: sockets stay open for a minute, with heartbeats, and the
        next sweep tries again."""
        if self._failing_since is None:
            self._failing_since = began
            logger.warning("The sweep failed, and will be tried again: %r", error)
        if self._hub.loop.time() - self._failing_since <= DATABASE_ABSENCE_S:
            return
        open_ones = [one for one in self._hub.connections() if one.closing is None]
        if open_ones:
            logger.error(
                "The database has been away for %g s: closing %d sockets.",
                DATABASE_ABSENCE_S,
                len(open_ones),
            )
        for connection in open_ones:
            retry_after = round(random.uniform(0, ABSENCE_SPREAD_S), 3)  # noqa: S311
            connection.close(Code.RESTARTING, "the database is away", retry_after)

    def _note_defect(self, error: Exception) -> None:
        """The database is there; the next sweep may do better. Told once, until one does."""
        self._failing_since = None
        if not self._told_of_defect:
            self._told_of_defect = True
            logger.error("The sweep failed, and will be tried again: %r", error, exc_info=error)

    def _interval(self) -> float:
        layer = self._hub.layer
        interval = conf.sweep_interval(hears_others=layer.hears_others)
        return min(interval, conf.QUICK_SWEEP_S) if layer.is_down else interval

    async def once(self) -> None:
        """One sweep over all users of this process."""
        self._hub.layer.probe()
        self.wake_workers()
        await self._find_deployment()
        await self.compare(self._hub.users)
        await self._acknowledge()
        now = self._hub.loop.time()
        if now - self._sessions_judged_at >= conf.current().session_check_interval:
            self._sessions_judged_at = now
            await self.revalidate(self._hub.connections())
        if self._pruned_at is None or now - self._pruned_at >= PRUNE_INTERVAL_S:
            self._pruned_at = now
            self._hub.spawn(self._prune(conf.current().keep_days))

    async def _find_deployment(self) -> None:
        """Has this process hear the hints of the database that it uses now."""
        facts = await self._hub.pool.run(database.facts)
        self._hub.layer.belong_to(facts.deployment)

    async def _prune(self, keep_days: float | None) -> None:
        """In a thread of its own, as it takes its time; another process may do the same."""

        def sleep(seconds: float) -> None:
            if self._stopping.wait(seconds):
                raise _Stopping

        with contextlib.suppress(_Stopping):
            if keep_days is None:
                ended = await self._pruner.run(retention.prune_ended, sleep=sleep)
                logger.info("Pruned: %d spent tickets and ended sessions", ended)
                return
            pruned = await self._pruner.run(
                retention.prune, timedelta(days=keep_days), announce=publisher.publish, sleep=sleep
            )
            logger.info("Pruned: %r", pruned)

    async def compare(self, users: Collection[str]) -> None:
        """Reads the versions of these users and has the sockets that lack something catch up."""
        # Before the query: a version below what was queued by then means that the database has
        # gone back, while one above it may be a hint under way.
        queued: dict[str, Cursor] = {}  # the furthest of each user's sockets
        apart: set[str] = set()  # users whose sockets are not all there
        for user in users:
            for connection in self._hub.of_user(user):
                end, furthest = connection.queued, queued.get(user)
                if end is None or end == furthest:
                    continue
                if furthest is not None:
                    apart.add(user)
                if furthest is None or furthest.since < end.since:
                    queued[user] = end
        moved = await self._hub.pool.run(reading.moved, queued)
        gone_back = {
            user: queued[user].since
            for user, head in moved.items()
            if head.epoch == queued[user].epoch and head.since < queued[user].since
        }
        if gone_back:
            logger.warning("The database has gone back; %d inboxes start anew.", len(gone_back))
            await self._hub.pool.run(upkeep.renew_epochs, gone_back)
            again = {user: queued[user] for user in gone_back}
            moved |= await self._hub.pool.run(reading.moved, again)
        for user in moved.keys() | apart:
            epoch, version = moved.get(user) or queued[user]
            for connection in self._hub.of_user(user):
                if connection.is_behind(epoch, version):
                    self._hub.catch_up(connection, "sweep")

    async def revalidate(self, connections: Iterable[Connection]) -> None:
        """Closes those of these sockets whose right to be open has ended."""
        open_ones = [one for one in connections if one.closing is None]
        identities = {one.identity for one in open_ones}
        if not identities:
            return
        verdicts = await self._hub.pool.run(authentication.revalidate, identities)
        for connection in open_ones if verdicts else ():
            code = verdicts.get(connection.identity)
            if code is not None:
                connection.close(code, _REASONS[code])

    async def _acknowledge(self) -> None:
        versions: dict[str, int] = {}
        dirty = [one for one in self._hub.connections() if one.unwritten_acknowledgement()]
        for connection in dirty:
            since = connection.unwritten_acknowledgement()
            versions[connection.user] = max(since, versions.get(connection.user, 0))
        if not versions:
            return
        written = await self._hub.pool.run(upkeep.acknowledge, versions)
        for connection in dirty:
            if connection.user in written:
                connection.written_acknowledgement = Cursor(
                    connection.queued.epoch if connection.queued else "",
                    versions[connection.user],
                )

    # Batches that wait: those of big audiences, scheduled ones, and what a dead process left.

    async def _work(self) -> None:
        worker = Worker()
        while True:
            await self._work_wanted.wait()
            self._work_wanted.clear()
            try:
                while await self._workers.run(worker.do_next):
                    pass
            except Exception as error:
                logger.warning("The work failed, and will be tried again: %r", error)
                worker = Worker()  # the one before may be in the hands of a thread that hangs

"""Compares all users of this process with the database at a regular interval.

This makes lost hints harmless, so nothing here depends on the channel layer.
"""

from __future__ import annotations

import asyncio
import logging
import random

from django.db import Error

from notify import conf, sql
from notify.bus.listener import Listener
from notify.inbox import upkeep
from notify.live.comparison import Comparison
from notify.live.pool import DatabasePool
from notify.live.pruning import Pruning
from notify.live.revalidation import Revalidation
from notify.live.sockets import Sockets
from notify.live.workers import Workers
from notify.protocol import Code
from notify.sql import database

logger = logging.getLogger(__name__)

DATABASE_ABSENCE_S = 60.0  # then all sockets are closed, as they would show nothing new
ABSENCE_SPREAD_S = 30.0  # over which their clients come back


class Sweep:
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sockets: Sockets,
        pool: DatabasePool,
        layer: Listener,
        *,
        comparison: Comparison,
        revalidation: Revalidation,
        workers: Workers,
        pruning: Pruning,
    ) -> None:
        self._loop = loop
        self._sockets = sockets
        self._pool = pool
        self._layer = layer
        self._comparison = comparison
        self._revalidation = revalidation
        self._workers = workers
        self._pruning = pruning
        self._task: asyncio.Task[None] | None = None
        self._revalidated_at = loop.time()
        self._failing_since: float | None = None
        self._defect_logged = False
        self.finished_at = loop.time()  # of the last that succeeded
        self.database_asked_at: float | None = None  # by the sweep
        self._database_took: float | None = None  # None until it has answered

    def start(self) -> None:
        self._task = self._loop.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval())
            began = self._loop.time()
            try:
                await self.once()
            except Error as error:
                self._note_failure(error, began)
            except Exception as error:
                self._note_defect(error)
            else:
                self._failing_since = None
                self._defect_logged = False
                self.finished_at = self._loop.time()

    def _note_failure(self, error: Exception, began: float) -> None:
        """The database is away, or hangs: sockets stay open for a minute, with heartbeats, and the
        next sweep tries again."""
        if self._failing_since is None:
            self._failing_since = began
            logger.warning("The sweep failed and will be retried: %r", error)
        if self._loop.time() - self._failing_since <= DATABASE_ABSENCE_S:
            return
        open_ones = [one for one in self._sockets.all() if one.closing is None]
        if open_ones:
            logger.error(
                "The database has been unavailable for %g s: closing %d sockets.",
                DATABASE_ABSENCE_S,
                len(open_ones),
            )
        for connection in open_ones:
            retry_after = round(random.uniform(0, ABSENCE_SPREAD_S), 3)  # noqa: S311
            connection.close(Code.RESTARTING, "the database is unavailable", retry_after)

    def _note_defect(self, error: Exception) -> None:
        """The database answers, so sockets stay open. Logged once, until a sweep succeeds."""
        self._failing_since = None
        if not self._defect_logged:
            self._defect_logged = True
            logger.error("The sweep failed and will be retried: %r", error, exc_info=error)

    @property
    def lag(self) -> float:
        """By how many seconds the next success is late."""
        return max(0.0, self._loop.time() - self.finished_at - self._interval())

    @property
    def database_latency(self) -> float | None:
        """In seconds; grows while the database does not answer. None before the first sweep."""
        if self._database_took is None and self.database_asked_at is not None:
            return self._loop.time() - self.database_asked_at
        return self._database_took

    def _interval(self) -> float:
        interval = conf.sweep_interval(hears_others=self._layer.hears_others)
        return min(interval, conf.QUICK_SWEEP_S) if self._layer.is_down else interval

    async def once(self) -> None:
        """One sweep over all users of this process."""
        self._layer.probe()
        self._workers.wake()
        await self._measure_database()
        await self.find_deployment()
        await self._comparison.run(self._sockets.users)
        await self._write_acknowledgements()
        now = self._loop.time()
        if now - self._revalidated_at >= conf.current().session_check_interval:
            self._revalidated_at = now
            await self._revalidation.run(self._sockets.all())
        self._pruning.start_if_due()

    async def find_deployment(self) -> None:
        """Joins the groups of the database that this process uses now."""
        facts = await self._pool.run(database.facts)
        self._layer.belong_to(facts.deployment)

    async def _measure_database(self) -> None:
        began = self._loop.time()
        self.database_asked_at, self._database_took = began, None
        await self._pool.run(sql.fetch, "SELECT 1")
        self._database_took = self._loop.time() - began

    async def _write_acknowledgements(self) -> None:
        versions: dict[str, int] = {}
        unwritten = [one for one in self._sockets.all() if one.unwritten_acknowledgement()]
        for connection in unwritten:
            since = connection.unwritten_acknowledgement()
            versions[connection.user] = max(since, versions.get(connection.user, 0))
        if not versions:
            return
        written = await self._pool.run(upkeep.acknowledge, versions)
        for connection in unwritten:
            if connection.user in written:
                connection.note_written_acknowledgement(versions[connection.user])

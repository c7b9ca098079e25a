"""Deletes old notices, spent tickets and ended sessions, once an hour."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from notify import conf
from notify.bus.publisher import publisher
from notify.inbox import retention
from notify.live.pool import DatabasePool

logger = logging.getLogger(__name__)

PRUNE_INTERVAL_S = 3600.0
PRUNER_LIMIT_S = 300.0  # for one statement: rows of years take a while


class _Stopping(Exception):
    """Ends the pruning."""


class Pruning:
    """Has a thread of its own, because it takes a while. Other processes may prune, too.

    `clock` is monotonic, in seconds; `spawn` runs a coroutine as a task.
    """

    def __init__(
        self, clock: Callable[[], float], spawn: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        self._clock = clock
        self._spawn = spawn
        self._pool = DatabasePool(1, "notify-prune", PRUNER_LIMIT_S)
        self._started_at: float | None = None  # the last time
        self._stopping = threading.Event()

    def start_if_due(self) -> None:
        now = self._clock()
        if self._started_at is None or now - self._started_at >= PRUNE_INTERVAL_S:
            self._started_at = now
            self._spawn(self._prune(conf.current().keep_days))

    def stop(self) -> None:
        """Ends the current pruning at its next pause."""
        self._stopping.set()

    async def close(self) -> None:
        """Ends the thread, and closes its database connection."""
        self.stop()
        await self._pool.close()

    async def _prune(self, keep_days: float | None) -> None:
        with contextlib.suppress(_Stopping):
            if keep_days is None:
                ended = await self._pool.run(retention.prune_ended, sleep=self._sleep)
                logger.info("Pruned: %d spent tickets and ended sessions", ended)
                return
            pruned = await self._pool.run(
                retention.prune,
                timedelta(days=keep_days),
                announce=publisher.publish,
                sleep=self._sleep,
            )
            logger.info("Pruned: %r", pruned)

    def _sleep(self, seconds: float) -> None:
        """In the thread."""
        if self._stopping.wait(seconds):
            raise _Stopping

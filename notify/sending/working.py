"""A worker: a thread of a server, or `manage.py notify_work`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError

from notify import sql
from notify.exceptions import Busy
from notify.inbox import control, work
from notify.inbox.turns import Turns
from notify.sending import carrying_out, expiry

logger = logging.getLogger(__name__)

EXPIRY_INTERVAL_S = 1.0


class Worker:
    """Carries out batches in turns, and recalls expired notices between two batches, however long
    the backlog is. Not thread-safe: one for each thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.carried_out = 0
        self.is_busy = False  # read by other threads
        self._asked_at: float | None = None  # until the database has answered
        self._took: float | None = None
        self._turns = Turns()
        self._clock = clock
        self._expiry_due = clock()

    @property
    def database_latency(self) -> float | None:
        """How long the first query of the last look for a batch took, in seconds, the connection
        included; grows while the database does not answer. None before the first look. Other
        threads may ask."""
        asked_at = self._asked_at
        return self._took if asked_at is None else self._clock() - asked_at

    def do_next(self) -> bool:
        """Carries out one batch, and once a second recalls expired notices.

        A batch that fails is logged and postponed.

        Returns:
            Whether there may be more to do.

        Raises:
            Busy, DatabaseError: The batch could not even be postponed. Wait before the next call.
        """
        self.is_busy = True
        try:
            with self._measured():
                worked = self._carry_out_next()
            return self._recall_expired() or worked
        finally:
            self.is_busy = False

    @contextmanager
    def _measured(self) -> Iterator[None]:
        if self._asked_at is None:  # else it has not answered since
            self._asked_at = self._clock()
        with sql.connection().execute_wrapper(self._note_answer):
            yield

    def _note_answer(self, execute: Callable[..., Any], *args: Any) -> Any:
        result = execute(*args)
        if self._asked_at is not None:
            self._took, self._asked_at = self._clock() - self._asked_at, None
        return result

    def _carry_out_next(self) -> bool:
        """Returns whether there was a batch, even if it failed."""
        try:
            worked = carrying_out.carry_out_next(self._turns)
        except work.Postponed as failure:
            error = failure.__cause__
            expected = isinstance(error, Busy | DatabaseError)
            logger.warning(
                "A batch failed and was postponed (%s): %r",
                str(failure),
                error,
                exc_info=None if expected else error,
            )
            return True
        self.carried_out += worked
        return worked

    def _recall_expired(self) -> bool:
        """Returns whether there are more. Raises nothing: failures must not delay batches."""
        now = self._clock()
        if now < self._expiry_due:
            return False
        self._expiry_due = now + EXPIRY_INTERVAL_S
        try:
            seen, recalled = expiry.recall_expired()
        except (Busy, DatabaseError) as error:
            logger.warning("Cannot recall expired notices now: %r", error)
            return False
        if seen < control.EXPIRED_PER_PASS or not recalled:
            return False
        self._expiry_due = now
        return True

"""A worker: a thread of a server, or `manage.py notify_work`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.db import DatabaseError

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
        self._turns = Turns()
        self._clock = clock
        self._expiry_due = clock()

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
            worked = self._carry_out_next()
            return self._recall_expired() or worked
        finally:
            self.is_busy = False

    def _carry_out_next(self) -> bool:
        """Returns whether there was a batch, even if it failed."""
        try:
            worked = carrying_out.carry_out_next(self._turns)
        except work.Postponed as failure:
            error = failure.__cause__
            expected = isinstance(error, Busy | DatabaseError)
            logger.warning(
                "A batch failed and was postponed (%s): %r",
                failure,
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

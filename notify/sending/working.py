"""One who carries out what waits: a thread of a server, or `manage.py notify_work`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.db import DatabaseError

from notify import sending
from notify.exceptions import Busy
from notify.inbox import control, work
from notify.inbox.turns import Turns

logger = logging.getLogger(__name__)

EXPIRY_INTERVAL_S = 1.0


class Worker:
    """Takes batches in turns, and looks for expired notices between two of them, however many
    batches there are. One for each thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.carried_out = 0
        self._turns = Turns()
        self._clock = clock
        self._expiry_due = clock()

    def do_next(self) -> bool:
        """Carries out one batch, and once a second recalls what has expired; whether to go on.

        A batch that fails is put off and logged. Raises DatabaseError or Busy where that, too,
        failed: wait before the next.
        """
        worked = self._carry_out_next()
        return self._recall_expired() or worked

    def _carry_out_next(self) -> bool:
        """Whether there was one, also if it failed."""
        try:
            worked = sending.carry_out_next(self._turns)
        except work.Postponed as failure:
            error = failure.__cause__
            expected = isinstance(error, Busy | DatabaseError)
            logger.warning(
                "A batch failed, and is put off (%s): %r",
                failure,
                error,
                exc_info=None if expected else error,
            )
            return True
        self.carried_out += worked
        return worked

    def _recall_expired(self) -> bool:
        """Whether more are waiting. Raises nothing: expiries that fail must not keep it from its
        batches."""
        now = self._clock()
        if now < self._expiry_due:
            return False
        self._expiry_due = now + EXPIRY_INTERVAL_S
        try:
            expiry = sending.recall_expired()
        except (Busy, DatabaseError) as error:
            logger.warning("Expired notices are recalled later: %r", error)
            return False
        if expiry.seen < control.EXPIRED_PER_PASS or not expiry.recalled:
            return False
        self._expiry_due = now
        return True

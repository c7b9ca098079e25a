"""A worker of the outbox: in a thread of a server or of `manage.py notify_work`, or a task."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

from django.db import DatabaseError, close_old_connections, connections

from notify.exceptions import Busy
from notify.kinds import registry
from notify.outbox import handing_out, recording, ripening
from notify.outbox.claiming import Rounds

logger = logging.getLogger(__name__)

IDLE_S = 1.0
UPKEEP_INTERVAL_S = 1.0
MAX_CONSECUTIVE_FAILURES = 5  # of `hand_out_due`


class OutboxWorker:
    """Serves one person after the other, and once a second lets batches ripen and ends leases. Not
    thread-safe: one for each thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.messages = 0
        self._clock = clock
        self._upkeep_due = clock()
        self._rounds = Rounds()
        self._page: list[tuple[str, str]] = []
        self._has_open_channels = False

    def do_next(self) -> bool:
        """Serves the next person for whom something is due.

        Returns:
            Whether there may be more to do.

        Raises:
            Busy, DatabaseError: Wait before the next call.
        """
        worked = self._keep_up()
        if not self._page:
            self._page = self._rounds.next_page()
            # Several workers see the same page, and would meet at each inbox.
            random.shuffle(self._page)
        if not self._page:
            self._close_channels()
            return worked
        self._serve(*self._page.pop())
        return True

    def _serve(self, user: str, channel: str) -> None:
        try:
            sent = handing_out.hand_out(user, channel)
        except (Busy, DatabaseError):
            raise
        except Exception:
            logger.exception("What is due for a user failed, and will be tried again.")
            return
        self.messages += sent
        self._has_open_channels |= sent > 0

    def _keep_up(self) -> bool:
        """Returns whether something has ripened, or is free again."""
        if self._clock() < self._upkeep_due:
            return False
        self._upkeep_due = self._clock() + UPKEEP_INTERVAL_S
        worked = recording.end_leases() > 0
        while (made := ripening.ripen_next()) is not None:
            worked |= made > 0
        return worked

    def _close_channels(self) -> None:
        if not self._has_open_channels:
            return
        self._has_open_channels = False
        for channel in registry.all_channels():
            try:
                channel.close()
            except Exception:  # the code of a project
                logger.exception("%r could not be closed.", channel)


def hand_out_due() -> int:
    """Works until nothing is left that can be handed out. What fails is logged, is tried again by
    a later call, and keeps nothing else from going.

    Returns:
        The number of messages.

    Raises:
        Exception: The fifth failure in a row: the database is away, for instance.
    """
    worker, failures, has_more = OutboxWorker(), 0, True
    while has_more:
        try:
            has_more = worker.do_next()
            failures = 0
        except Exception as error:
            failures += 1
            if failures == MAX_CONSECUTIVE_FAILURES:
                raise
            _log_failure(error)
    return worker.messages


def run(stop: threading.Event) -> None:
    """Works until `stop` is set, and logs failures. Then closes this thread's connections."""
    worker = OutboxWorker()
    try:
        while not stop.is_set():
            if not _do_next(worker):
                close_old_connections()
                stop.wait(IDLE_S)
    finally:
        connections.close_all()


def _do_next(worker: OutboxWorker) -> bool:
    try:
        return worker.do_next()
    except Exception as error:  # noqa: BLE001  logged
        _log_failure(error)
        return False


def _log_failure(error: Exception) -> None:
    expected = isinstance(error, Busy | DatabaseError)
    logger.warning(
        "The outbox failed and will be tried again: %r",
        error,
        exc_info=None if expected else error,
    )

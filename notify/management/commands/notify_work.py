"""`manage.py notify_work`: carries out batches. Any number of these processes may run."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from notify.bus.publisher import publisher
from notify.exceptions import Busy
from notify.live.outbox_thread import OutboxThread, hand_out_due
from notify.live.presence import present
from notify.sending.working import Worker
from notify.sql import database

logger = logging.getLogger(__name__)

IDLE_S = 1.0
MAX_CONSECUTIVE_FAILURES = 5  # with --until-idle


class Command(BaseCommand):
    help = (
        "Carries out pending sends and recalls, and sends what goes out of the browser. SIGTERM "
        "stops it after the current batch and message."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-idle", action="store_true", help="exit when nothing is left")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        with _stopped_by_signals(stop):
            done = work(stop, until_idle=options["until_idle"])
        publisher.flush()
        self.stdout.write(f"Carried out {done} batch{'' if done == 1 else 'es'}.")


def work(stop: threading.Event, *, until_idle: bool) -> int:
    """Carries out batches, and logs failures, until `stop` is set.

    Args:
        until_idle: return when nothing is left, and raise the fifth consecutive failure.

    Returns:
        How many batches it carried out.
    """
    worker, outbox = Worker(), OutboxThread()
    with present(worker):
        if not until_idle:
            outbox.start()
        try:
            _work(worker, stop, until_idle=until_idle)
        finally:
            outbox.stop(within_s=None)
        if until_idle:
            hand_out_due()  # what was appended just now may be due
    return worker.carried_out


def _work(worker: Worker, stop: threading.Event, *, until_idle: bool) -> None:
    failures = 0
    while not stop.is_set():
        try:
            if database.deployment() is None:
                database.facts()
            has_more = worker.do_next()
            failures = 0
        except Exception as error:
            failures += 1
            if until_idle and failures >= MAX_CONSECUTIVE_FAILURES:
                raise
            _log_failure(error)
            has_more = False
        else:
            if until_idle and not has_more:
                break
        if not has_more:
            close_old_connections()
            stop.wait(IDLE_S)


def _log_failure(error: Exception) -> None:
    expected = isinstance(error, Busy)
    logger.log(
        logging.WARNING if expected else logging.ERROR,
        "Carrying out batches failed and will be retried: %r",
        error.__cause__ if expected and error.__cause__ else error,
        exc_info=None if expected else error,
    )


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread handles signals
        return
    handled = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

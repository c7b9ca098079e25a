"""`manage.py notify_work`: carries out batches; any number of these processes may run."""

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
from notify.sending.working import Worker

logger = logging.getLogger(__name__)

IDLE_S = 1.0
FAILURES_IN_A_ROW = 5


class Command(BaseCommand):
    help = "Carries out what waits to be sent or recalled. SIGTERM ends it after the batch at hand."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-idle", action="store_true", help="end when nothing is left")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        with _stopped_by_signals(stop):
            done = work(stop, until_idle=options["until_idle"])
        publisher.flush()
        self.stdout.write(f"Carried out {done} batch{'' if done == 1 else 'es'}.")


def work(stop: threading.Event, *, until_idle: bool) -> int:
    """Works until `stop` is set, or until nothing is left; how many batches it carried out.

    A failure is logged and it goes on; several in a row are raised where the caller wants an end.
    """
    worker, failures = Worker(), 0
    while not stop.is_set():
        try:
            go_on = worker.do_next()
            failures = 0
        except Exception as error:
            failures += 1
            if until_idle and failures >= FAILURES_IN_A_ROW:
                raise
            expected = isinstance(error, Busy)
            logger.log(
                logging.WARNING if expected else logging.ERROR,
                "The work failed; it is tried again: %r",
                error.__cause__ if expected and error.__cause__ else error,
                exc_info=None if expected else error,
            )
            go_on = False
        else:
            if until_idle and not go_on:
                break
        if not go_on:
            close_old_connections()
            stop.wait(IDLE_S)
    return worker.carried_out


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    handled = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

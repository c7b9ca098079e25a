"""Ends a process whose event loop does not turn any more, so that its supervisor starts another.

Nothing else can: probes, heartbeats and SIGTERM are all the loop's to answer. A process that is
stopped, sleeps with its machine or is held by a debugger is not stuck: the watchdog counts its own
ticks, which stop with the process, and not the time that passes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import traceback

from django.conf import settings
from django.core import mail
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from notify import conf, metrics
from notify.live.systemd import Keepalive

logger = logging.getLogger(__name__)

TICK_S = 1.0
REPORT_AFTER_TICKS = 10
END_AFTER_TICKS = 30
EXIT_CODE = 70  # sysexits.h: internal software error
LOG_WITHIN_S = 2.0  # the stuck thread may hold a lock of the log


class Watchdog:
    """Of one event loop. It logs the stacks of all threads after ten ticks in which the loop has
    not turned, and after thirty, when it also ends the process with exit code 70, unless
    `NOTIFY_WATCHDOG` is off. It needs the interpreter: code that never gives that back stops this
    thread, too, and is systemd's to end (`WatchdogSec`)."""

    tick_s = TICK_S  # a test has less time

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._keepalive = Keepalive(loop)
        self._stopped = threading.Event()
        self._turned = True
        self._missed = 0  # ticks

    def start(self) -> None:
        """Watches, unless this is a process that somebody develops or tests in."""
        self._keepalive.start()
        if not _is_development():
            threading.Thread(target=self._watch, name="notify-watchdog", daemon=True).start()

    def stop(self) -> None:
        self._keepalive.stop()
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(self.tick_s):
            if not self._turned and self._loop.is_running():
                self._missed += 1
                self._note_missed()
                continue
            if self._missed >= REPORT_AFTER_TICKS:
                logger.warning("The event loop turns again, after %d s.", self._seconds())
            self._missed = 0
            self._turned = False
            try:
                self._loop.call_soon_threadsafe(self._turn)
            except RuntimeError:  # it is closed
                return

    def _turn(self) -> None:
        self._turned = True

    def _note_missed(self) -> None:
        if self._missed == REPORT_AFTER_TICKS:
            metrics.STALLS.add()
            self._report("The event loop has not turned for %d s.")
        elif self._missed == END_AFTER_TICKS:
            if conf.current().watchdog:
                self._report("The event loop has not turned for %d s: ending the process.")
                os._exit(EXIT_CODE)
            self._report("The event loop has not turned for %d s; NOTIFY_WATCHDOG is off.")

    def _seconds(self) -> int:
        return round(self._missed * self.tick_s)

    def _report(self, what: str) -> None:
        """In a thread, as the stuck one may hold up the log, too."""
        lines = (f"{what}\n%s", self._seconds(), _stacks())
        thread = threading.Thread(target=logger.critical, args=lines, daemon=True)
        thread.start()
        thread.join(LOG_WITHIN_S)


def _is_development() -> bool:
    """Under `runserver`, in the tests of a project (Django then has an `outbox`), with DEBUG."""
    return (
        settings.DEBUG
        or hasattr(mail, "outbox")
        or sys.argv[1:2] == ["runserver"]
        or os.environ.get(DJANGO_AUTORELOAD_ENV) == "true"
    )


def _stacks() -> str:
    """Of all threads, as Python prints them."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"Thread {names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in sys._current_frames().items()
    )

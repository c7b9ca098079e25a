"""Ends a process whose event loop is blocked, so that its supervisor starts another.

Nothing else can: probes, heartbeats and SIGTERM are all handled by the loop. A process that is
stopped, suspended with its machine or held by a debugger is not stuck. So the watchdog does not
measure time, but counts its own ticks, which stop with the process.
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
LOG_WITHIN_S = 2.0  # the stuck thread may hold a lock of the logging module


class Watchdog:
    """Watches one event loop from a thread.

    It logs the stacks of all threads after ten ticks in which the loop has not turned, and after
    thirty, when it also ends the process with exit code 70, unless `NOTIFY_WATCHDOG` is off. Code
    that never releases the GIL stops this thread, too: for that there is systemd's `WatchdogSec`.
    """

    tick_s = TICK_S  # shorter in tests

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._keepalive = Keepalive(loop)
        self._stopped = threading.Event()
        self._turned = True
        self._missed = 0  # ticks

    def start(self) -> None:
        """Starts watching, unless this is a process for development or tests."""
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
                logger.warning("The event loop responds again, after %d s.", self._seconds())
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
            self._report("The event loop has been blocked for %d s.")
        elif self._missed == END_AFTER_TICKS:
            if conf.current().watchdog:
                self._report("The event loop has been blocked for %d s: ending the process.")
                os._exit(EXIT_CODE)
            self._report("The event loop has been blocked for %d s; NOTIFY_WATCHDOG is off.")

    def _seconds(self) -> int:
        return round(self._missed * self.tick_s)

    def _report(self, what: str) -> None:
        """Logs in a thread of its own, because the stuck one may block logging, too."""
        lines = (f"{what}\n%s", self._seconds(), _stacks())
        thread = threading.Thread(target=logger.critical, args=lines, daemon=True)
        thread.start()
        thread.join(LOG_WITHIN_S)


def _is_development() -> bool:
    """Whether this is `runserver`, DEBUG is on, or a project's tests run (Django then has an
    `outbox`)."""
    return (
        settings.DEBUG
        or hasattr(mail, "outbox")
        or sys.argv[1:2] == ["runserver"]
        or os.environ.get(DJANGO_AUTORELOAD_ENV) == "true"
    )


def _stacks() -> str:
    """The stacks of all threads, as Python prints them."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"Thread {names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in sys._current_frames().items()
    )

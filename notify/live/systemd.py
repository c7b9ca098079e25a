"""Tells systemd that the event loop is alive: `WatchdogSec=` in a unit, sd_notify(3)."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Mapping

logger = logging.getLogger(__name__)

PINGS_PER_TIMEOUT = 3  # sd_watchdog_enabled(3) recommends two


class Keepalive:
    """Sends `WATCHDOG=1` to the socket that systemd names, if systemd asks for it.

    The loop itself sends it, so nothing is sent while it is blocked.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._loop = loop
        self._address = _address(environment)
        self._interval_s = _interval_s(environment)
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._address and self._interval_s:
            self._ping()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _ping(self) -> None:
        self._timer = self._loop.call_later(self._interval_s, self._ping)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto(b"WATCHDOG=1", self._address)
        except OSError as error:
            logger.warning("The keep-alive could not be sent to systemd: %r", error)


def _address(environment: Mapping[str, str]) -> str:
    """The path of the socket, or its name in the abstract namespace, where @ stands for the zero
    byte."""
    name = environment.get("NOTIFY_SOCKET", "")
    return f"\0{name[1:]}" if name.startswith("@") else name if name.startswith("/") else ""


def _interval_s(environment: Mapping[str, str]) -> float:
    """Seconds between two pings; 0 if systemd does not expect any from this process."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0
    return int(microseconds) / 1e6 / PINGS_PER_TIMEOUT if microseconds.isdecimal() else 0

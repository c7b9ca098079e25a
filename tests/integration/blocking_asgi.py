"""Our application, with paths that block its event loop, under a watchdog with less patience."""

import time
from typing import Any

from config.asgi import application as real
from notify.live.watchdog import Watchdog

Watchdog.tick_s = 0.1
FOR_EVER_S = 60


def spin() -> None:
    end = time.monotonic() + FOR_EVER_S
    while time.monotonic() < end:
        pass


def sleep() -> None:
    time.sleep(FOR_EVER_S)


def hiccup() -> None:
    time.sleep(2)  # the watchdog reports after 1 s and ends after 3


def nap() -> None:
    time.sleep(5)


WAYS = {"/spin/": spin, "/sleep/": sleep, "/hiccup/": hiccup, "/nap/": nap}


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope.get("path") in WAYS:
        WAYS[scope["path"]]()
    await real(scope, receive, send)

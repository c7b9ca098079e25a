"""Which processes are not watched, and what systemd asks for. What the watchdog ends is in
tests/integration/test_watchdog.py."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import pytest
from django.core import mail

from notify.live import systemd, watchdog
from notify.live.systemd import Keepalive


@pytest.mark.parametrize(
    ("command", "reloads", "debug", "expected"),
    [
        ("manage.py serve", "", False, False),
        ("daphne config.asgi:application", "", False, False),
        ("manage.py serve", "", True, True),
        ("manage.py runserver", "", False, True),
        ("anything", "true", False, True),
    ],
)
def test_a_process_for_development_is_not_watched(
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    *,
    command: str,
    reloads: str,
    debug: bool,
    expected: bool,
) -> None:
    monkeypatch.delattr(mail, "outbox")
    monkeypatch.setattr(sys, "argv", command.split())
    monkeypatch.setenv("RUN_MAIN", reloads)
    settings.DEBUG = debug
    assert watchdog._is_development() is expected


def test_the_tests_of_a_project_are_not_watched() -> None:
    assert watchdog._is_development()


@pytest.mark.parametrize(
    ("environment", "address", "interval"),
    [
        ({"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "30000000"}, "/run/n", 10),
        ({"NOTIFY_SOCKET": "@n", "WATCHDOG_USEC": "3000000"}, "\0n", 1),
        (
            {"NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())},
            "/n",
            1,
        ),
        ({"NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, "/n", 0),
        ({"NOTIFY_SOCKET": "/n"}, "/n", 0),
        ({"NOTIFY_SOCKET": "vsock:2:1", "WATCHDOG_USEC": "x"}, "", 0),
        ({}, "", 0),
    ],
)
def test_what_systemd_asks_for(environment: dict[str, str], address: str, interval: float) -> None:
    assert systemd._address(environment) == address
    assert systemd._interval_s(environment) == interval


async def test_a_failed_keep_alive_is_logged_and_sent_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    environment = {"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": "30000"}
    keepalive = Keepalive(asyncio.get_running_loop(), environment)
    keepalive.start()
    await asyncio.sleep(0.05)
    keepalive.stop()
    assert caplog.text.count("could not be sent to systemd") >= 2

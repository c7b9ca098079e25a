from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from notify.live.systemd import Keepalive
from tests.harness.waiting import aeventually


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
async def test_it_pings_three_times_a_timeout(tmp_path: Path, abstract: bool) -> None:
    name = f"@notify-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0"))
        systemd.setblocking(False)
        keepalive = Keepalive(
            asyncio.get_running_loop(),
            {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000", "WATCHDOG_PID": str(os.getpid())},
        )
        pings: list[bytes] = []

        def pinged_again() -> bool:
            try:
                pings.append(systemd.recv(100))
            except BlockingIOError:
                return False
            return len(pings) == 3

        keepalive.start()
        await aeventually(pinged_again, what="three pings")
        keepalive.stop()
    assert pings == [b"WATCHDOG=1"] * 3


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": "/run/notify"},
        {"WATCHDOG_USEC": "1000"},
        {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "soon"},
    ],
)
async def test_it_is_silent_where_systemd_does_not_ask_this_process(
    environment: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    keepalive = Keepalive(asyncio.get_running_loop(), environment)
    keepalive.start()
    assert keepalive._timer is None


async def test_a_systemd_that_is_away_is_told_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environment = {"NOTIFY_SOCKET": str(tmp_path / "gone"), "WATCHDOG_USEC": "60000000"}
    keepalive = Keepalive(asyncio.get_running_loop(), environment)
    keepalive.start()
    keepalive.stop()
    assert "could not be sent to systemd" in caplog.text

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from notify.live import systemd
from notify.live.systemd import Keepalive
from tests.harness.waiting import aeventually


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
async def test_it_pings_three_times_a_timeout(tmp_path: Path, abstract: bool) -> None:
    name = f"@notify-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0"))
        listener.setblocking(False)
        keepalive = Keepalive(
            asyncio.get_running_loop(),
            {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000", "WATCHDOG_PID": str(os.getpid())},
        )
        pings: list[bytes] = []

        def pinged_again() -> bool:
            try:
                pings.append(listener.recv(100))
            except BlockingIOError:
                return False
            return len(pings) == 3

        keepalive.start()
        await aeventually(pinged_again, what="three pings")
        keepalive.stop()
    assert pings == [b"WATCHDOG=1"] * 3


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
    await aeventually(lambda: caplog.text.count("could not be sent to systemd") >= 2)
    keepalive.stop()

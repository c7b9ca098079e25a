"""A server process whose event loop hangs is ended, with the stacks of all threads in its log."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from notify.live.watchdog import END_AFTER_TICKS, EXIT_CODE
from tests.conftest import StartServer
from tests.harness.server import COMMANDS, Server
from tests.harness.waiting import deadline, eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

MODULE = "tests.integration.blocking_asgi:application"
TICK_S = 0.1  # there
NOT_TURNED = "CRITICAL notify.live.watchdog The event loop has been blocked"
END_AFTER_S = END_AFTER_TICKS * TICK_S


def blocking(name: str) -> tuple[str, ...]:
    words = COMMANDS[name]
    return (*words, MODULE) if name == "serve" else (*words[:-1], MODULE)


def ask(server: Server, path: str) -> None:
    with contextlib.suppress(httpx.HTTPError):
        httpx.get(f"{server.url}{path}", timeout=deadline(20))


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("way", ["spin", "sleep"])
def test_a_process_whose_loop_hangs_is_ended_and_says_where(
    start_server: StartServer, name: str, way: str
) -> None:
    server = start_server(command=blocking(name))
    ask(server, "/healthz")  # under the servers of others the first request starts the hub
    asker = threading.Thread(target=ask, args=[server, f"/{way}/"])
    asker.start()
    assert server.wait(20) == EXIT_CODE
    asker.join()
    reported, ended = server.log.split(NOT_TURNED)[1:]
    assert ended.startswith(" for 3 s: ending the process.")
    assert f", in {way}\n" in reported
    assert f", in {way}\n" in ended


def test_one_that_may_not_be_ended_is_told_of(start_server: StartServer) -> None:
    server = start_server(command=blocking("serve"), NOTIFY_WATCHDOG="off")
    asker = threading.Thread(target=ask, args=[server, "/sleep/"], daemon=True)
    asker.start()
    eventually(lambda: "NOTIFY_WATCHDOG is off" in server.log, 20)
    assert server.alive
    server.kill()


def test_a_loop_that_turns_again_is_left_alone(start_server: StartServer) -> None:
    server = start_server(command=blocking("serve"), NOTIFY_METRICS_TOKEN="secret")
    ask(server, "/hiccup/")
    eventually(lambda: "The event loop responds again" in server.log)
    token = {"Authorization": "Bearer secret"}
    answer = httpx.get(f"{server.url}/metrics", headers=token, timeout=deadline(5))
    assert "notify_loop_stalls_total 1" in answer.text


def test_a_process_that_was_stopped_is_not_stuck(start_server: StartServer) -> None:
    server = start_server(command=blocking("serve"))
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    server.pause()
    time.sleep(2 * END_AFTER_S)  # longer than the watchdog has patience
    server.resume()
    assert httpx.get(f"{server.url}/healthz", timeout=deadline(5)).status_code == 200
    time.sleep(END_AFTER_S)
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert NOT_TURNED not in server.log


def test_a_drain_of_some_time_is_not_cut_off(start_server: StartServer) -> None:
    server = start_server(command=blocking("serve"))
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        assert server.terminate() == 0


def test_with_debug_nobody_is_ended(start_server: StartServer) -> None:
    """Who stands at a breakpoint must not be."""
    server = start_server(command=blocking("daphne"), DEBUG="on")
    ask(server, "/healthz")
    ask(server, "/nap/")
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert NOT_TURNED not in server.log


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_systemd_hears_that_the_loop_turns(
    start_server: StartServer, tmp_path: Path, kind: str
) -> None:
    name = str(tmp_path / "notify") if kind == "path" else f"@notify-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0") if kind == "abstract" else name)
        systemd.settimeout(deadline(10))
        start_server(command=COMMANDS["serve"], NOTIFY_SOCKET=name, WATCHDOG_USEC="300000")
        assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3

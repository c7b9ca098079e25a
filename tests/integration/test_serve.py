"""`manage.py serve`: Daphne with an orderly end and bounds."""

import asyncio
import json
import re
import signal
import socket
import threading
import time
from contextlib import AsyncExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

import notify
from tests.conftest import StartServer
from tests.harness.certificate import Certificate
from tests.harness.database import orm
from tests.harness.process import Process, free_port, listens
from tests.harness.server import DAPHNE, SERVE, UVICORN, environment
from tests.harness.sessions import session_cookie
from tests.harness.waiting import aeventually, deadline, eventually
from tests.integration.conftest import client_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

SERVE_FAILING = (*SERVE, "tests.integration.failing_asgi:application")


async def test_it_shows_a_notice(start_server: StartServer, ada: User) -> None:
    server = start_server(command=SERVE, NOTIFY_SWEEP_INTERVAL="0.2")
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        await orm(notify.send, to=ada, title="Hello")
        await client.until(lambda: client.titles == ["Hello"])


async def test_it_speaks_tls_itself(start_server: StartServer, ada: User, tmp_path: Path) -> None:
    certificate = Certificate(tmp_path)
    endpoint = f"ssl:{{port}}:privateKey={certificate.key}:certKey={certificate.path}"
    server = start_server(
        command=(*SERVE[:3], "-e", f"{endpoint}:interface=127.0.0.1"), NOTIFY_PING_INTERVAL="0.2"
    )
    client = await orm(client_of, server, ada, trust=certificate.trust())
    client.url = server.socket_url.replace("ws:", "wss:")
    client.origin = server.url.replace("http:", "https:")
    async with client:
        await client.frame("inbox")
        for n in range(3):
            await orm(notify.send, to=ada, title=str(n))
        await client.until(lambda: client.titles == ["2", "1", "0"])
        await client.frame("ping")


@pytest.mark.parametrize(("command", "warned"), [(SERVE, False), (DAPHNE, True), (UVICORN, True)])
async def test_a_server_checks_the_settings_and_itself_when_its_first_socket_comes(
    start_server: StartServer, ada: User, command: tuple[str, ...], warned: bool
) -> None:
    server = start_server(command=command, NOTIFY_PING_INTERVAL="70")
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
    await aeventually(lambda: "notify.W005" in server.log)  # the last of them
    assert server.log.count("notify.W009") == warned
    assert server.log.count("notify.W003: NOTIFY_PING_INTERVAL = 70 s is not below") == 1


async def test_what_closed_sockets_consist_of_does_not_wait_for_the_garbage_collector(
    start_server: StartServer, ada: User
) -> None:
    server = start_server(command=(*SERVE, "tests.integration.uncollected_asgi:application"))

    def left() -> dict[str, int]:
        with urlopen(f"{server.url}/left/") as answer:  # noqa: S310  a URL of ours
            return dict(json.load(answer))

    before = await asyncio.to_thread(left)
    for _ in range(5):
        async with await orm(client_of, server, ada) as client:
            await client.frame("inbox")
            await client.send_raw("no JSON")
            assert await client.closed() == 4400

    async def are_gone() -> bool:
        now = await asyncio.to_thread(left)
        return all(now[kind] <= before[kind] + 1 for kind in before)  # the last may be held

    await aeventually(are_gone, 5, what="their objects being gone")


async def test_sigterm_tells_every_socket_closes_the_port_and_exits(
    start_server: StartServer, ada: User
) -> None:
    server = start_server(command=SERVE, NOTIFY_SOCKETS_PER_USER="100")
    headers = socket.create_connection(("127.0.0.1", server.port))
    headers.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(await orm(client_of, server, ada)) for _ in range(50)
        ]
        for client in clients:
            await client.frame("inbox")
        terminated = time.monotonic()
        exited = asyncio.create_task(asyncio.to_thread(server.terminate, deadline(30)))
        waits = []
        for client in clients:
            assert await client.closed() == 4503
            waits.append(client.frames[-1]["retry_after"])
        await aeventually(lambda: not listens(server.port), what="the port being closed")
        assert await exited == 0
        assert time.monotonic() - terminated < deadline(30)
    assert 0 <= min(waits) < max(waits) <= 0.005 * 50
    headers.close()


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
async def test_ctrl_c_under_load_ends_it_cleanly(
    start_server: StartServer, ada: User, connection: str
) -> None:
    server = start_server(command=SERVE, DEBUG="on", NOTIFY_SOCKETS_PER_USER="100")
    headers = {"Cookie": await orm(session_cookie, ada), "Connection": connection}
    loaded, signalled = threading.Semaphore(0), threading.Event()

    def load_pages() -> None:
        """Until nobody answers any more."""
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=deadline(30))) as http:
            while True:
                try:
                    http.request("GET", reverse("notify:dashboard"), headers=headers)
                    answer = http.getresponse()
                except ConnectionError:
                    assert signalled.is_set(), server.log
                    return
                assert (answer.status, b"ada" in answer.read()) == (200, True)
                loaded.release()

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(await orm(client_of, server, ada)) for _ in range(20)
        ]
        readers = [asyncio.create_task(asyncio.to_thread(load_pages)) for _ in range(4)]
        for n in range(5):
            await orm(notify.send, to=ada, title=str(n))
        for client in clients:
            await client.frame("inbox")
        for _ in readers:
            assert await asyncio.to_thread(loaded.acquire, timeout=deadline(10))
        signalled.set()
        server.send_signal(signal.SIGINT)
        assert [await client.closed() for client in clients] == [4503] * 20
        assert await asyncio.to_thread(server.wait, 20) == 0
        await asyncio.gather(*readers)
    assert not re.search("ERROR|Traceback|WARNING", server.log), server.log


async def test_a_second_sigterm_ends_it_at_once(start_server: StartServer) -> None:
    server = start_server(command=SERVE_FAILING)
    request = asyncio.create_task(asyncio.to_thread(_fetch, f"{server.url}/slow/"))
    await aeventually(lambda: "slow begins" in server.log)
    first = asyncio.create_task(asyncio.to_thread(server.terminate, 30))
    await aeventually(lambda: "Draining" in server.log)
    started = time.monotonic()
    await asyncio.to_thread(server.terminate, 5)
    assert time.monotonic() - started < deadline(5)
    await asyncio.gather(first, request, return_exceptions=True)
    assert server.returncode == 143


def test_it_takes_the_options_of_every_command(tmp_path: Path) -> None:
    elsewhere = ("--settings", "config.settings", "--pythonpath=/nowhere")
    words = [*SERVE[:-1], str(free_port()), *elsewhere]
    with Process(words, log=tmp_path / "log", env=environment()) as server:
        eventually(lambda: "Listening on" in server.log, 30)
        assert server.terminate() == 0


def test_a_sigterm_drains_as_soon_as_the_port_is_open(tmp_path: Path) -> None:
    words = (*SERVE[:-1], "0", "tests.integration.hurried_asgi:application")
    with Process(words, log=tmp_path / "log", env=environment()) as server:
        assert server.wait(30) == 0
        assert "Draining." in server.log


async def test_a_request_under_way_ends_before_the_process(start_server: StartServer) -> None:
    server = start_server(command=SERVE_FAILING)
    request = asyncio.create_task(asyncio.to_thread(_fetch, f"{server.url}/slow/"))
    await aeventually(lambda: "slow begins" in server.log)
    assert await asyncio.to_thread(server.terminate, deadline(30)) == 0
    assert await request == b"slow ends"


async def test_a_view_that_fails_in_the_middle_of_its_response_stops_no_supervision(
    start_server: StartServer, ada: User
) -> None:
    server = start_server(command=SERVE_FAILING)
    for _ in range(2):
        with pytest.raises(Exception):  # noqa: B017, PT011  cut off: whatever the client makes of it
            await asyncio.to_thread(_fetch, f"{server.url}/fails-half-way/")
    with pytest.raises(HTTPError) as failed:
        await asyncio.to_thread(_fetch, f"{server.url}/fails-at-once/")
    assert failed.value.code == 500
    failed.value.close()
    async with await orm(client_of, server, ada) as client:
        await client.frame("hello")
        await client.send(type="ping", id=1, way="raise")
        assert await client.closed(1) == 4500


async def test_frames_over_64_kib_end_the_connection(start_server: StartServer, ada: User) -> None:
    server = start_server(command=SERVE)
    async with await orm(client_of, server, ada) as client:
        await client.frame("hello")
        await client.send_raw("x" * 65 * 1024)
        assert await client.closed() in {1006, 1009}


@pytest.mark.parametrize("direct", ["on", "off"])
async def test_pongs_are_heard_and_a_malformed_one_closes_with_4400(
    start_server: StartServer, ada: User, direct: str
) -> None:
    server = start_server(
        command=SERVE,
        NOTIFY_DIRECT_WRITES=direct,
        NOTIFY_PING_INTERVAL="0.2",
        NOTIFY_PING_TIMEOUT="0.7",
    )
    async with await orm(client_of, server, ada) as client:
        # Without its pongs the socket would be closed before the last of these.
        await client.until(lambda: len([one for one in client.frames if one["type"] == "ping"]) > 9)
        await client.send(type="watch", topic="sockets")
        figures = await client.frame("figures")
        assert figures["data"][0]["latency"] is not None
        await client.send_raw('{"type":"pong"')
        assert await client.closed() == 4400


def _fetch(url: str) -> bytes:
    with urlopen(url, timeout=deadline(30)) as response:  # noqa: S310  a URL of ours
        return bytes(response.read())

"""What deploy/nginx.conf holds against those who mean harm. That it works is in test_deploy.py."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import re
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from websockets.exceptions import InvalidStatus

from notify.access.tickets import issue_ticket
from tests.conftest import StartServer
from tests.harness.certificate import Certificate
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.nginx import BEHIND_NGINX, Nginx
from tests.harness.process import refusing_port
from tests.harness.server import DAPHNE, Server
from tests.harness.sessions import new_session
from tests.harness.waiting import deadline
from tests.integration.conftest import StartNginx, client_through

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

_hosts = count(2)


def another_address() -> str:
    """Of this machine; nginx counts each by itself."""
    return f"127.0.0.{next(_hosts)}"


def ask(
    nginx: Nginx,
    path: str,
    *,
    address: str = "127.0.0.1",
    seconds: float = 10,
    headers: dict[str, str] | None = None,
    plain: bool = False,
) -> http.client.HTTPResponse:
    """The answer to a GET of `path`, which goes out as it is written."""
    options: dict[str, Any] = {"timeout": deadline(seconds), "source_address": (address, 0)}
    connection = (
        http.client.HTTPConnection("127.0.0.1", nginx.plain_port, **options)
        if plain
        else http.client.HTTPSConnection("127.0.0.1", nginx.port, context=nginx.trust(), **options)
    )
    with contextlib.closing(connection):
        own_host = {"Host": f"localhost:{nginx.port}"}
        connection.request("GET", path, headers=own_host | (headers or {}))
        answer = connection.getresponse()
        answer.read()
        return answer


def answers(
    nginx: Nginx, path: str, times: int, *, at_once: int = 40, **options: Any
) -> list[http.client.HTTPResponse]:
    """To so many requests, of which some wait at the same time: nginx has them take turns."""
    with ThreadPoolExecutor(at_once) as threads:
        asked = [threads.submit(ask, nginx, path, **options) for _ in range(times)]
        return [one.result() for one in asked]


def statuses(nginx: Nginx, path: str, times: int, **options: Any) -> list[int]:
    return [answer.status for answer in answers(nginx, path, times, **options)]


# No answer to one takes a process from the others


def test_an_address_of_any_length_is_redirected_and_takes_no_process(nginx: Nginx) -> None:
    for path in ["/notify/?", "/admin/?", "/notify?"]:
        for query in ["a" * 4000, "a" * 7500, "&" * 4000]:
            assert ask(nginx, path + query).status in {301, 302}
        # Quoted, or quoted twice, they are above Django's own limit for a redirect.
        for query in ["&" * 7500, '"' * 7500]:
            assert ask(nginx, path + query).status in {301, 302, 400}
    assert statuses(nginx, "/healthz", 4) == [200] * 4


def test_an_answer_that_is_too_slow_takes_no_process(
    pair: list[Server], start_nginx: StartNginx
) -> None:
    soon = {"proxy_read_timeout 30s": "proxy_read_timeout 1s"}
    nginx = start_nginx([server.port for server in pair], instead=soon)
    for server in pair:
        server.pause()
    assert ask(nginx, "/healthz").status == 504  # it has met both
    for server in pair:
        server.resume()
    assert statuses(nginx, "/healthz", 4) == [200] * 4


async def test_with_one_process_stopped_it_costs_those_who_met_it_and_no_one_else(
    nginx: Nginx, pair: list[Server], ada: User
) -> None:
    """Each waits for it until nginx gives up, and counts as a connection of it until then, so
    that the others are given to the other process."""
    pair[0].pause()
    met = [asyncio.create_task(asyncio.to_thread(ask, nginx, "/healthz", seconds=40)) for _ in "12"]
    _, waiting = await asyncio.wait(met, timeout=deadline(3))
    assert len(waiting) == 1
    for _ in range(6):
        assert (await asyncio.to_thread(ask, nginx, "/healthz")).status == 200
        async with await orm(client_through, nginx, ada) as client:
            await client.frame("inbox")
    pair[0].resume()
    assert [(await one).status for one in met] == [200, 200]


async def test_two_dead_processes_of_four_leave_nobody_out(
    pair: list[Server], start_nginx: StartNginx, ada: User
) -> None:
    """The dead have the fewest connections, so that each request is given to them first."""
    listed = "server 127.0.0.1:8002 max_fails=0;"
    with refusing_port() as one, refusing_port() as other:
        dead = "".join(f" server 127.0.0.1:{port} max_fails=0;" for port in (one, other))
        nginx = start_nginx([server.port for server in pair], instead={listed: listed + dead})
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(4):
                client = await orm(client_through, nginx, ada)
                await (await stack.enter_async_context(client)).frame("inbox")
            asked = [await asyncio.to_thread(ask, nginx, "/healthz") for _ in range(12)]
    assert [answer.status for answer in asked] == [200] * 12


# What the processes believe


@pytest.fixture
def stock_pair(start_server: StartServer) -> list[Server]:
    """Of Daphne, which believes what `serve` does not."""
    command = (*DAPHNE[:-1], "--proxy-headers", DAPHNE[-1])
    return [start_server(command=command, **BEHIND_NGINX) for _ in range(2)]


def test_no_client_chooses_the_root_path(stock_pair: list[Server], start_nginx: StartNginx) -> None:
    nginx = start_nginx([server.port for server in stock_pair])
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Origin": nginx.url,
    }
    asked: list[tuple[str, dict[str, str]]] = [
        ("/x/readyz", {}),
        ("/x/metrics", {}),
        ("/x/accounts/login/", {}),
        ("/x/ws/notify/", upgrade),
    ]
    for path, headers in asked:
        without = ask(nginx, path, headers=headers).status
        assert without in {403, 404}, path
        assert ask(nginx, path, headers=headers | {"Daphne-Root-Path": "/x"}).status == without
    home = ask(nginx, "/", headers={"Daphne-Root-Path": "https://evil.example"})
    assert home.headers["Location"] == "/notify/"


# Signing in


FORMS = [
    f"/{site}/{form}/" for site in ("accounts", "admin") for form in ("login", "password_change")
]
SPELLINGS = [
    "//admin/login/",
    "/admin//login/",
    "/admin/%6Cogin/",
    "/admin/login%2F",
    "/x/../admin/login/",
    "/admin/./login/",
    "/admin/login/.",
    "/%61ccounts/login/",
    "/accounts/login/?next=/",
    "/accounts/login/#",
    "/admin/login/%23",
    "/admin/login/;x",
    "/admin/%256Cogin/",
    "/ADMIN/login/",
]


@pytest.mark.parametrize("paths", [FORMS, SPELLINGS], ids=["forms", "spellings"])
def test_each_form_that_takes_a_password_is_limited_however_its_address_is_spelled(
    nginx: Nginx, paths: list[str]
) -> None:
    def is_limited(path: str) -> bool:
        address = another_address()
        first = ask(nginx, path, address=address)
        if paths is SPELLINGS and first.status in {301, 302, 404}:
            return True  # Django has no form there
        return 429 in statuses(nginx, path, 80, address=address, seconds=30)

    with ThreadPoolExecutor(len(paths)) as threads:
        limited = dict(zip(paths, threads.map(is_limited, paths), strict=True))
    assert [path for path in paths if not limited[path]] == []


def test_a_network_of_ipv6_is_counted_as_one_client(start_nginx: StartNginx) -> None:
    """The addresses are put in as a load balancer does it."""
    with refusing_port() as first, refusing_port() as second:
        real_ip = "http {\nset_real_ip_from 127.0.0.1;\nreal_ip_header X-Test-Address;"
        nginx = start_nginx([first, second], instead={"http {": real_ip})

        def at_once(addresses: list[str]) -> set[int]:
            def of(address: str) -> int:
                forwarded = {"X-Test-Address": address}
                return ask(nginx, "/accounts/login/", headers=forwarded, seconds=30).status

            with ThreadPoolExecutor(len(addresses)) as threads:
                return set(threads.map(of, addresses))

        # With bytes that are line feeds, at which a pattern may end.
        assert at_once([f"2001:db8:a:a0a:ffff:a0d:0:{n:x}" for n in range(60)]) == {429, 502}
        assert at_once([f"2001:db8:a:{n:x}::1" for n in range(60)]) == {502}
        assert at_once([f"::ffff:192.0.2.{n}" for n in range(60)]) == {502}
        assert at_once([f"192.0.2.{n}" for n in range(60)]) == {502}


# What is in the logs


async def test_no_ticket_is_in_a_log_of_nginx_whatever_becomes_of_its_handshake(
    nginx: Nginx, pair: list[Server], ada: User
) -> None:
    def clients(number: int) -> list[Client]:
        keys = [new_session(ada).session_key for _ in range(number)]
        tickets = [issue_ticket(str(ada.pk), session_key=key) for key in keys]
        return [client_through(nginx, ada, ticket=one, ticket_in_query=True) for one in tickets]

    opened, late = await orm(clients, 4), await orm(clients, 2)
    for client in opened:
        await client.connect()
        await client.frame("inbox")
    for server in pair:
        server.kill()
    for client in opened:
        await client.closed()
    for client in late:
        with pytest.raises(InvalidStatus) as refused:
            await client.connect()
        assert refused.value.response.status_code == 502
    query = f"?ticket={late[0].ticket}"
    for path in ["/ws/notify/", "//ws/notify/", "/ws/%6Eotify/", "/x/../ws/notify/"]:
        assert ask(nginx, path + query).status == 502
    assert 429 in statuses(nginx, f"/ws/notify/{query}", 700, at_once=8, address=another_address())
    assert ask(nginx, f"/ws/notify/{query}", plain=True).status == 301
    assert ask(nginx, "/healthz").status == 502
    assert "/healthz" in nginx.error_log
    readable = [str(client.ticket).partition(":")[0] for client in opened + late]
    for log in (nginx.access_log, nginx.error_log):
        assert not [ticket for ticket in readable if ticket in log]


# Names, HSTS, TLS


def test_plain_http_answers_to_its_own_name_only(nginx: Nginx) -> None:
    assert ask(nginx, "/", plain=True).status == 301
    for host in ["Host: evil.example\r\n", f"Host: 127.0.0.1:{nginx.plain_port}\r\n", ""]:
        version = "1.1" if host else "1.0"
        with socket.create_connection(("127.0.0.1", nginx.plain_port), deadline(10)) as raw:
            raw.sendall(f"GET / HTTP/{version}\r\n{host}\r\n".encode())
            with contextlib.suppress(ConnectionResetError):
                assert raw.recv(100) == b""


def test_every_answer_says_hsts_once(nginx: Nginx, pair: list[Server]) -> None:
    def policy(path: str, status: int) -> list[str] | None:
        answer = ask(nginx, path)
        assert answer.status == status
        return answer.headers.get_all("Strict-Transport-Security")

    once = ["max-age=31536000"]
    assert policy("/accounts/login/", 200) == once
    assert policy("/notify/", 302) == once
    assert policy("/no-such-page", 404) == once
    assert policy("/metrics", 404) == once
    assert policy("/%00", 400) == once
    for server in pair:
        server.kill()
    assert policy("/healthz", 502) == once
    limited = [one for one in answers(nginx, "/accounts/login/", 40) if one.status == 429]
    assert limited
    assert limited[0].headers.get_all("Strict-Transport-Security") == once


def handshake(nginx: Nginx, *options: str) -> str:
    """What openssl says of one."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{nginx.port}", *options]
    done = subprocess.run(
        command, input="", capture_output=True, text=True, timeout=deadline(10), check=False
    )
    return done.stdout + done.stderr


def test_tls_has_forward_secrecy_whatever_the_certificate(
    start_nginx: StartNginx, tmp_path: Path
) -> None:
    Certificate(tmp_path / "nginx", rsa=True)
    with refusing_port() as first, refusing_port() as second:
        nginx = start_nginx([first, second])
        for cipher in ["AES128-SHA", "AES256-SHA", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA"]:
            assert "Cipher is (NONE)" in handshake(nginx, "-tls1_2", "-cipher", cipher), cipher
        good = handshake(nginx, "-tls1_2", "-cipher", "ALL")
        assert re.search(r"Cipher is ECDHE-RSA-(AES|CHACHA)", good)
        assert "TLS session ticket" not in good
        assert "Cipher is TLS_" in handshake(nginx, "-tls1_3")
        assert "Cipher is (NONE)" in handshake(nginx, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")

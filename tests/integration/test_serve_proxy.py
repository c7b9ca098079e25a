"""What `manage.py serve` believes of a proxy: nothing without --proxy-headers, and of the nearest
one with it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from websockets.exceptions import InvalidStatus

from tests.conftest import StartServer
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.nginx import BEHIND_NGINX, SERVE_BEHIND_NGINX
from tests.harness.server import SERVE, Server
from tests.harness.sessions import session_cookie
from tests.harness.waiting import aeventually, eventually
from tests.integration.conftest import client_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

BOTH = pytest.mark.parametrize("command", [SERVE, SERVE_BEHIND_NGINX], ids=["alone", "proxy"])


async def status(server: Server, user: User, path: str = "/ws/notify/", **headers: str) -> int:
    """What a handshake is answered with, from a page of this server unless `origin` is given."""
    named: dict[str, Any] = {name.replace("_", "-"): value for name, value in headers.items()}
    origin = named.pop("origin", server.url)
    url = server.socket_url.removesuffix("/ws/notify/") + path
    cookie = await orm(session_cookie, user)
    client = Client(url, cookie=cookie, origin=origin, headers=named)
    try:
        async with client:
            await client.frame("hello")
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@BOTH
async def test_no_client_chooses_the_root_path(
    start_server: StartServer, ada: User, command: tuple[str, ...]
) -> None:
    server = start_server(command=command)
    async with httpx.AsyncClient(base_url=server.url) as browser:
        forged = {"Daphne-Root-Path": "/x"}
        assert (await browser.get("/x/healthz", headers=forged)).status_code == 404
        elsewhere = {"Daphne-Root-Path": "https://evil.example"}
        assert (await browser.get("/", headers=elsewhere)).headers["Location"] == "/notify/"
        no_text = [(b"Daphne-Root-Path", b"\xff")]
        assert (await browser.get("/healthz", headers=no_text)).status_code == 200
    assert await status(server, ada, "/x/ws/notify/", daphne_root_path="/x") == 403
    assert await status(server, ada, daphne_root_path="/x") == 101
    assert "Traceback" not in server.log


@BOTH
async def test_who_starts_it_chooses_the_root_path(
    start_server: StartServer, ada: User, command: tuple[str, ...]
) -> None:
    server = start_server(command=(*command, "--root-path", "/x"))
    forged = {"Daphne-Root-Path": "/y"}
    async with httpx.AsyncClient(base_url=server.url, headers=forged) as browser:
        assert (await browser.get("/x/")).headers["Location"] == "/x/notify/"
        assert (await browser.get("/y/healthz")).status_code == 404
    assert await status(server, ada, "/x/ws/notify/", daphne_root_path="/y") == 101


async def test_without_a_proxy_no_client_chooses_scheme_or_host(
    start_server: StartServer, ada: User
) -> None:
    server = start_server(command=SERVE, **BEHIND_NGINX)
    async with httpx.AsyncClient(base_url=server.url) as browser:
        page = await browser.get("/accounts/login/", headers={"X-Forwarded-Proto": "https"})
    assert page.headers["Location"] == f"https://127.0.0.1:{server.port}/accounts/login/"
    forged = {"X_Forwarded_Proto": "https", "origin": f"https://127.0.0.1:{server.port}"}
    assert await status(server, ada, **forged) == 403
    assert "SECURE_PROXY_SSL_HEADER expects a proxy, but without --proxy-headers" in server.log


def test_a_process_that_is_told_of_its_proxy_has_nothing_to_say_of_it(
    start_server: StartServer,
) -> None:
    assert "expects a proxy" not in start_server(command=SERVE_BEHIND_NGINX, **BEHIND_NGINX).log
    assert "expects a proxy" not in start_server(command=SERVE).log


@pytest.mark.parametrize(
    ("command", "address"), [(SERVE, "127.0.0.1"), (SERVE_BEHIND_NGINX, "192.0.2.9")]
)
async def test_the_address_is_the_connections_or_what_the_nearest_proxy_appended(
    start_server: StartServer, ada: User, command: tuple[str, ...], address: str
) -> None:
    server = start_server(command=command)
    said = {"X-Forwarded-For": "203.0.113.7, 192.0.2.9", "Forwarded": "for=203.0.113.7"}
    async with httpx.AsyncClient(base_url=server.url) as browser:
        await browser.get("/healthz", headers=said)
    async with await orm(client_of, server, ada, headers=said) as client:
        await client.frame("hello")
    await aeventually(lambda: "WSDISCONNECT" in server.log)
    assert f"address={address} " in server.log
    lines = [line for line in server.log.splitlines() if "/healthz" in line or '"WS' in line]
    assert len(lines) == 4
    assert all(line.startswith(f"{address}:") for line in lines), lines
    assert "203.0.113.7" not in server.log


def test_a_proxy_that_adds_a_line_of_its_own_is_the_nearest_too(start_server: StartServer) -> None:
    server = start_server(command=SERVE_BEHIND_NGINX)
    said = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "192.0.2.9")]
    httpx.get(f"{server.url}/healthz", headers=said)
    eventually(lambda: "/healthz" in server.log)
    assert "192.0.2.9:0 - - " in server.log
    assert "203.0.113.7" not in server.log


@pytest.mark.parametrize("behind_proxy", ["on", "off"])  # off: only --proxy-headers is told
async def test_a_proxy_may_name_the_scheme_of_the_socket(
    start_server: StartServer, ada: User, behind_proxy: str
) -> None:
    server = start_server(command=SERVE_BEHIND_NGINX, HTTPS="on", BEHIND_PROXY=behind_proxy)
    origin = f"https://127.0.0.1:{server.port}"
    answers = {
        said: await status(server, ada, x_forwarded_proto=said, origin=origin)
        for said in ("https", "wss", "ws", "http", "WSS", "https,http")
    }
    assert answers == {
        "https": 101, "wss": 101, "ws": 403, "http": 403, "WSS": 101, "https,http": 101,
    }  # fmt: skip


def test_no_query_string_is_in_the_log_however_much_is_told(start_server: StartServer) -> None:
    server = start_server(command=(*SERVE, "-v", "3"), LOG_LEVEL="DEBUG")
    for path in ("/api/notify/inbox/", "/notify/", "/nothing", "/static/nothing", "/notify"):
        httpx.get(f"{server.url}{path}?q=secretsearch")
    httpx.get(f"{server.url}/last")
    eventually(lambda: '"GET /last" 404' in server.log)
    assert "secretsearch" not in server.log

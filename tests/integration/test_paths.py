"""Sites under a prefix: a page tells the browser a path, and there the socket is."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from websockets.exceptions import InvalidStatus

from tests.conftest import StartServer
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.server import COMMANDS, PYTHON, SERVE, Server
from tests.harness.sessions import session_cookie
from tests.harness.waiting import aeventually, deadline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.mounted_project.settings"}
RUNSERVER = (PYTHON, "manage.py", "runserver", "--noreload", "127.0.0.1:{port}")


def get(url: str, cookie: str = "") -> httpx.Response:
    return httpx.get(url, headers={"Cookie": cookie}, timeout=deadline(30))


def told_path(server: Server, page: str, cookie: str) -> str:
    """Where this page says that the socket is."""
    answer = get(f"{server.url}{page}", cookie)
    assert answer.status_code == 200, (page, answer)
    config: Any = re.search(r'data-config="([^"]+)"', answer.text)
    told = json.loads(html.unescape(config[1]))
    return str(told["socket"])


async def status(server: Server, path: str, cookie: str) -> int:
    """What a handshake is answered with."""
    client = Client(f"ws://127.0.0.1:{server.port}{path}", cookie=cookie, origin=server.url)
    try:
        async with client:
            await client.frame("hello")
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize("command", [*COMMANDS.values(), RUNSERVER], ids=[*COMMANDS, "runserver"])
async def test_a_script_name_may_be_left_on_the_path_by_the_proxy_or_taken_off(
    start_server: StartServer, ada: User, command: Sequence[str]
) -> None:
    debug = "on" if command is RUNSERVER else "off"
    server = start_server(command=command, **SETTINGS, TEST_SCRIPT_NAME="/app", DEBUG=debug)
    cookie = await orm(session_cookie, ada)
    for left_on in ("/app", ""):
        told = await orm(told_path, server, f"{left_on}/notify/", cookie)
        assert told == "/app/ws/notify/"
        found = told if left_on else told.removeprefix("/app")
        assert await status(server, found, cookie) == 101
        assert (await orm(get, f"{server.url}{found}")).status_code == 426
    assert "No socket at" not in server.log
    assert await status(server, "/other/ws/notify/", cookie) == 403
    assert await status(server, "/other/ws/notify/", cookie) == 403
    await aeventually(lambda: "No socket at" in server.log)
    [line] = [line for line in server.log.splitlines() if "No socket at" in line]
    assert '"/other/ws/notify/": it is at /app/ws/notify/ here.' in line


@pytest.mark.parametrize("name", COMMANDS)
async def test_the_root_path_of_the_server_is_a_script_name(
    start_server: StartServer, ada: User, name: str
) -> None:
    server = start_server(command=(*COMMANDS[name], "--root-path", "/app"), **SETTINGS)
    cookie = await orm(session_cookie, ada)
    # uvicorn adds it to the path itself, and so serves only a proxy that takes it off.
    for left_on in [""] if name == "uvicorn" else ["/app", ""]:
        told = await orm(told_path, server, f"{left_on}/notify/", cookie)
        assert told == "/app/ws/notify/"
        assert await status(server, told if left_on else "/ws/notify/", cookie) == 101


async def test_the_socket_is_beside_the_routes_where_the_cookie_covers_it(
    start_server: StartServer, ada: User
) -> None:
    server = start_server(command=SERVE, **SETTINGS, TEST_PREFIX="links/")
    cookie = await orm(session_cookie, ada)
    assert await orm(told_path, server, "/links/notify/", cookie) == "/links/ws/notify/"
    assert await status(server, "/links/ws/notify/", cookie) == 101
    assert await status(server, "/ws/notify/", cookie) == 403


async def test_a_setting_moves_the_socket(start_server: StartServer, ada: User) -> None:
    server = start_server(command=SERVE, NOTIFY_SOCKET_PATH="/elsewhere")
    cookie = await orm(session_cookie, ada)
    assert await orm(told_path, server, "/notify/", cookie) == "/elsewhere"
    assert await status(server, "/elsewhere", cookie) == 101

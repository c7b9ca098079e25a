"""A page whose socket does not come polls, and says why in the console, in one line."""

from __future__ import annotations

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.browser.conftest import Windows
from tests.conftest import StartServer
from tests.harness.server import SERVE
from tests.harness.waiting import deadline

OURS = "notify: no socket at"
# Of ten seconds, after three quick failures.
PATIENCE_MS = deadline(30) * 1000


def said_by(page: Page, path: str) -> str:
    def is_ours(message: ConsoleMessage) -> bool:
        return message.type == "warning" and message.text.startswith(OURS)

    with page.expect_console_message(is_ours, timeout=PATIENCE_MS) as said:
        page.goto(path)
    return str(said.value.text)


@pytest.fixture
def page_of(start_server: StartServer, windows: Windows, ada: str) -> object:
    def open_page(**variables: str) -> Page:
        server = start_server(command=SERVE, NOTIFY_WELCOME="off", **variables)
        return windows.open(server.url, session=ada)

    return open_page


def test_a_path_where_nobody_of_ours_is(page_of, monkeypatch):
    page = page_of()

    def moved(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("/ws/notify/", "/app/ws/notify/"))

    page.route("**/notify/", moved)
    said = said_by(page, "/notify/")
    assert "/app/ws/notify/" in said
    assert "returned 404. No NotifyApplication answers there" in said


def test_a_path_where_the_handshake_is_refused(page_of):
    page = page_of()
    page.add_init_script(
        "const Native = WebSocket;"
        "WebSocket = class extends Native {"
        "  constructor(url) { super(url, ['another']); }"
        "};"
    )
    said = said_by(page, "/notify/")
    assert "returned 426. The path is right" in said

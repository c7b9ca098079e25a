"""Browsers that refuse something: storage, channels, locks, cookies, sockets."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import wait_until_live
from tests.browser.inbox_page import DASHBOARD, badge, send_by_http, titles, unread

DENIED = "throw new DOMException('denied', 'SecurityError');"


def getter(owner: str, name: str, body: str = DENIED) -> str:
    return f"Object.defineProperty({owner}, '{name}', {{ get() {{ {body} }} }});"


def method(owner: str, name: str, body: str = DENIED) -> str:
    return f"{owner}.prototype.{name} = function () {{ {body} }};"


# As Chromium does it to a page whose site data is blocked, or in a sandboxed frame.
ALL_DENIED = [
    getter("window", "localStorage"),
    getter("window", "sessionStorage"),
    method("IDBFactory", "open"),
    method("IDBFactory", "deleteDatabase"),
    method(
        "LockManager", "request", "return Promise.reject(new DOMException('', 'SecurityError'));"
    ),
    f"Object.defineProperty(document, 'cookie', {{ get() {{ {DENIED} }}, set() {{ {DENIED} }} }});",
]
BLOCKED = {
    "localStorage": [getter("window", "localStorage")],
    "sessionStorage": [getter("window", "sessionStorage")],
    "full-disk": [
        method("Storage", "setItem", "throw new DOMException('', 'QuotaExceededError');")
    ],
    "indexedDB-throws": ALL_DENIED[2:4],
    "indexedDB-missing": [getter("window", "indexedDB", "return undefined;")],
    "indexedDB-silent": [method("IDBFactory", "open", "return {};")],
    "channel-missing": ["delete window.BroadcastChannel;"],
    "channel-denied": [f"window.BroadcastChannel = class {{ constructor() {{ {DENIED} }} }};"],
    "locks-missing": [getter("Navigator.prototype", "locks", "return undefined;")],
    "locks-denied": ALL_DENIED[4:5],
    "cookies": ALL_DENIED[5:],
    "everything": ALL_DENIED,
}


def test_a_page_whose_browser_keeps_nothing_is_live(server, ada, windows, subtests):
    for what, scripts in BLOCKED.items():
        with subtests.test(blocked=what):
            windows.complaints.clear()
            page = windows.open(server.url, session=ada, viewport={"width": 1280, "height": 800})
            for script in scripts:
                page.add_init_script(script)
            page.goto(DASHBOARD)
            assert_works(page)
            page.reload()
            wait_until_live(page)
            assert windows.complaints == []
            page.close()


def assert_works(page: Page) -> None:
    wait_until_live(page)
    expect(unread(page)).to_have_text("")
    send_by_http(page, "error")
    expect(unread(page)).to_have_text("1 unread")
    expect(titles(page).first).to_contain_text("This is error")
    page.locator("notify-inbox .keys-button").click()
    page.get_by_label("Enable shortcuts").click()
    page.locator("notify-inbox .keys-close").click()
    page.locator("notify-bell .bell").click()
    page.locator("notify-bell .read-all").click()
    expect(unread(page)).to_have_text("")
    page.goto("/notify/devices/")
    wait_until_live(page)
    page.get_by_text("Play a sound").click()


def test_all_tabs_are_live_where_locks_are_denied(server, ada, windows):
    page = windows.open(server.url, session=ada)
    pages = [page, page.context.new_page()]
    for one in pages:
        one.add_init_script(ALL_DENIED[4])
        one.goto("/accounts/password_change/")
    for one in pages:
        wait_until_live(one)
    send_by_http(page, "info")
    for one in pages:
        expect(badge(one)).to_have_text("1")
    assert windows.complaints == []


FAILING = """window.WebSocket = class {
    constructor() { setTimeout(() => this.onclose?.({ code: 1006 })); }
    close() {}
};"""


WITHOUT_SOCKETS = {
    "missing": "delete window.WebSocket;",
    "throws": f"window.WebSocket = class {{ constructor() {{ {DENIED} }} }};",
    "fails": FAILING,
}


def test_without_sockets_the_page_polls_and_says_so(server, ada, windows, screenshot):
    pages: dict[str, Page] = {}
    for how, script in WITHOUT_SOCKETS.items():
        page = windows.open(server.url, session=ada, viewport={"width": 1280, "height": 800})
        page.add_init_script(script)
        page.goto(DASHBOARD)
        pages[how] = page
    state = re.compile("Live updates paused. Checking every 30 seconds.")
    for page in pages.values():
        expect(page.locator("notify-connection .label")).to_have_text(state)
        expect(page.locator("notify-inbox .notice-text")).to_have_text(state)
    send_by_http(pages["fails"], "error")
    for page in pages.values():
        expect(titles(page).first).to_contain_text("This is error", timeout=90_000)
    screenshot(pages["missing"], "without-sockets")
    with pages["throws"].expect_response("**/inbox/mark/*"):
        pages["throws"].locator("notify-inbox .read-all").click()
    expect(unread(pages["throws"])).to_have_text("")
    pages["missing"].reload()  # it was marked at the server
    expect(unread(pages["missing"])).to_have_text("")
    told = [one for one in windows.complaints if "no socket at /ws/notify/" in one]
    assert len(told) == len(pages)  # each says once what a plain request is answered there: 426
    assert [
        one for one in windows.complaints if one not in told and "status of 426" not in one
    ] == []


def test_a_sign_in_page_that_leads_straight_back_is_asked_once(server, ada, windows):
    """The API is answered by something else, as by a proxy that has a page for every path."""
    page = windows.open(server.url, session=ada)
    page.add_init_script("delete window.WebSocket;")
    asked: list[str] = []

    def lead_back(route: Route) -> None:
        asked.append(route.request.url)
        refresh = f'<meta http-equiv="refresh" content="0;url={DASHBOARD}">'
        route.fulfill(content_type="text/html", body=refresh)

    page.route(
        "**/api/notify/**", lambda route: route.fulfill(body="<p>", content_type="text/html")
    )
    page.route("**/accounts/login/**", lead_back)
    with page.expect_console_message(lambda told: "leads back here" in told.text):
        page.goto(DASHBOARD)
    assert len(asked) == 1

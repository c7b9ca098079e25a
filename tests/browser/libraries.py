"""Pages that a library of the site's own takes apart and puts together again: htmx, Turbo, React.

The pages are the project's, with its strict policy; the library's script and its attributes are put
into them on their way to the browser.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, WebSocket, expect

from tests.browser.conftest import ROOT, until, wait_until_live
from tests.browser.inbox_page import badge, send_by_http, titles
from tests.conftest import PASSWORD

HTMX_2 = "htmx-2/dist/htmx.js"
HTMX_4 = "htmx.org/dist/htmx.js"
TURBO = "@hotwired/turbo/dist/turbo.es2017-umd.js"
ELSEWHERE = "/accounts/password_change/"
LEVELS = itertools.cycle(["info", "success", "warning"])  # no row reads as the one before
CLIENT = "document.querySelector('notify-bell').client"
UNREAD = f"{CLIENT}.unread"
TURBOS_OWN = "Applying inline style"  # of its progress bar
MODULES = ROOT / "node_modules"
SCRIPT = "/library.js"
CSP_MAY_STAY = '<meta name="htmx-config" content=\'{"includeIndicatorStyles": false}\'>'
REACT = {
    "react": "react/cjs/react.production.js",
    "scheduler": "scheduler/cjs/scheduler.production.js",
    "react-dom": "react-dom/cjs/react-dom.production.js",
    "react-dom/client": "react-dom/cjs/react-dom-client.production.js",
}


def react() -> str:
    """React as one script, as it comes for bundlers only; `require` gives its modules."""
    modules = ",\n".join(
        f"{json.dumps(name)}: (module, exports) => {{{(MODULES / path).read_text('utf-8')}}}"
        for name, path in REACT.items()
    )
    return f"""const made = {{}};
        globalThis.require = (name) => {{
            if (!made[name]) {{
                made[name] = {{ exports: {{}} }};
                modules[name](made[name], made[name].exports);
            }}
            return made[name].exports;
        }};
        const modules = {{ {modules} }};"""


def use(page: Page, library: str, change: Callable[[str], str] = str) -> None:
    """Every page that `page` loads from now on has the library; `change` gets each one's HTML.

    `library` is a script's path in node_modules, or "react".
    """
    script = react() if library == "react" else (MODULES / library).read_text("utf-8")
    tags = f'{CSP_MAY_STAY}<script defer src="{SCRIPT}"></script>'

    def put_in(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        if "text/html" in answer.headers.get("content-type", "") and answer.status == 200:
            html = answer.text().replace("</head>", f"{tags}</head>")
            html = html.replace("<body>", '<body hx-boost="true" hx-boost:inherited="true">')
            route.fulfill(response=answer, body=change(html))
        else:
            route.fulfill(response=answer)

    def serve(route: Route) -> None:
        route.fulfill(content_type="text/javascript", body=script)

    page.route(re.compile(r"/(notify|accounts/\w+)/($|\?)"), put_in)
    page.route(f"**{SCRIPT}", serve)


class Sockets:
    """Those of a page: how many were opened, how many are open, and what was said on them."""

    def __init__(self, page: Page) -> None:
        self.opened = 0
        self.open = 0
        self.frames: list[dict[str, Any]] = []
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        self.opened += 1
        self.open += 1
        socket.on("framesent", lambda frame: self.frames.append(json.loads(frame)))
        socket.on("close", lambda _: self._closed())

    def _closed(self) -> None:
        self.open -= 1

    def wait_until_closed(self, page: Page) -> None:
        until(page, lambda: not self.open, what="the socket's end")

    def marks(self, what: str) -> int:
        return sum(frame["type"] == "mark" and frame["as"] == what for frame in self.frames)

    def wait_for_marks(self, page: Page, what: str, count: int) -> None:
        until(page, lambda: self.marks(what) >= count, what=f"{count} marks as {what}")
        assert self.marks(what) == count


def open_at(windows: Any, server: Any, session: str, library: str, **options: Any) -> Page:
    size = {"width": 1280, "height": 800}
    page: Page = windows.open(server.url, session=session, viewport=size)
    use(page, library, **options)
    return page


def start_at(page: Page, address: str) -> Sockets:
    """Loads the page, and marks it: a page that is loaded anew has no mark."""
    sockets = Sockets(page)
    page.goto(address)
    wait_until_live(page)
    page.evaluate("window.isSame = true")
    return sockets


def assert_works(page: Page, sockets: Sockets, *, in_inbox: bool = False) -> None:
    """The bell takes what is sent, its panel shows it, and what is pressed there is done once."""
    marked = sockets.marks("read")
    level = next(LEVELS)
    wait_until_live(page)
    send_by_http(page, level)
    if in_inbox:
        expect(titles(page).first).to_contain_text(f"This is {level}")
    else:
        expect(badge(page)).to_have_text("1")
    page.locator("notify-bell .bell").click()
    first = page.locator("notify-bell .panel article").first
    expect(first).to_contain_text(f"This is {level}")
    expect(first).to_have_attribute("data-unread", "")
    expect(badge(page)).to_be_hidden()
    page.locator("notify-bell .toggle-read").first.click()
    expect(first).not_to_have_attribute("data-unread", "")
    sockets.wait_for_marks(page, "read", marked + 1)
    page.locator("notify-bell .toggle-read").first.click()
    page.locator("notify-bell .read-all").click()
    expect(page.locator("notify-bell .read-all")).to_be_hidden()
    assert page.evaluate(UNREAD) == 0
    sockets.wait_for_marks(page, "read", marked + 2)
    page.keyboard.press("Escape")
    expect(page.locator("notify-bell .panel")).to_be_hidden()
    assert (sockets.open, sockets.opened) == (1, 1)
    assert page.evaluate("window.isSame") is True


def sign_in(page: Page, name: str) -> None:
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()

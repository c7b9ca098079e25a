"""Pages that a library of the site's own takes apart and puts together again: htmx, Turbo, React.

The pages are the project's, with its strict policy; the library's script and its attributes are put
into them on their way to the browser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, WebSocket

from tests.browser.conftest import ROOT, until

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

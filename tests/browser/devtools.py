"""Chromium by its own protocol, as Playwright keeps every page visible and unthrottled.

Here the second tab hides the first, as in a person's window: timers of the hidden one slow down,
and it can be frozen. https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

from tests.harness.process import Process
from tests.harness.waiting import eventually

CHROMIUM = "/usr/bin/chromium"
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that a test hands to the browser is of no network, and could open no socket to ours.
    "--disable-features=LocalNetworkAccessChecks",
]


class Tab:
    def __init__(self, browser: DevTools, target: str) -> None:
        self._browser = browser
        self.target = target
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]

    def call(self, method: str, **parameters: Any) -> Any:
        return self._browser.call(method, self.session, **parameters)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def goto(self, url: str) -> None:
        self.call("Page.enable")
        self.call("Page.navigate", url=url)
        eventually(
            lambda: self.evaluate("document.readyState") == "complete" and self.url != "about:blank"
        )

    @property
    def url(self) -> str:
        return str(self.evaluate("location.href"))

    def activate(self) -> None:
        """It comes to the front, and the tab that was there is hidden."""
        self._browser.call("Target.activateTarget", targetId=self.target)
        eventually(lambda: self.evaluate("document.visibilityState") == "visible")

    def freeze(self) -> None:
        """As the browser does to a tab that nobody has looked at for a while."""
        self.call("Page.setWebLifecycleState", state="frozen")

    def thaw(self) -> None:
        self.call("Page.setWebLifecycleState", state="active")

    def hang(self, seconds: int) -> None:
        """Its scripts do not answer for so long."""
        loop = f"{{ const end = Date.now() + {seconds * 1000}; while (Date.now() < end); }}"
        self._browser.call("Runtime.evaluate", self.session, wait=False, expression=loop)

    def crash(self) -> None:
        """Its process dies; nobody says good-bye."""
        self._browser.call("Page.crash", self.session, wait=False)


class DevTools(Process):
    """A Chromium of its own, in its new headless mode: one window with tabs."""

    def __init__(self, directory: Path) -> None:
        self._profile = directory / "chromium"
        command = [CHROMIUM, "--headless=new", "--remote-debugging-port=0", *SWITCHES]
        command += [f"--user-data-dir={self._profile}", "about:blank"]
        super().__init__(command, log=directory / "chromium.log")
        self._last = 0
        self._stack = ExitStack()
        self._socket: ClientConnection | None = None

    def ready(self) -> bool:
        file = self._profile / "DevToolsActivePort"
        return file.exists() and file.read_text().count("\n") == 1

    def start(self) -> None:
        super().start()
        try:
            self._connect()
        except BaseException:  # nobody would stop it
            self.stop()
            raise

    def _connect(self) -> None:
        port, path = (self._profile / "DevToolsActivePort").read_text().split("\n")
        url = f"ws://127.0.0.1:{port}{path}"
        client = connect(url, max_size=None, compression=None, open_timeout=20)
        self._socket = self._stack.enter_context(client)

    def stop(self) -> None:
        self._stack.close()
        super().stop()

    def call(
        self, method: str, session: str | None = None, *, wait: bool = True, **parameters: Any
    ) -> Any:
        assert self._socket is not None, "not started"
        self._last += 1
        frame = {"id": self._last, "method": method, "params": parameters}
        self._socket.send(json.dumps(frame | ({"sessionId": session} if session else {})))
        while wait:
            answer = json.loads(self._socket.recv(timeout=30))
            if answer.get("id") == self._last:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
        return None

    def tab(self) -> Tab:
        """A new one, in front."""
        return Tab(self, self.call("Target.createTarget", url="about:blank")["targetId"])

    def sign_in(self, url: str, name: str, session: str) -> None:
        cookie = {"name": name, "value": session, "domain": urlsplit(url).hostname, "path": "/"}
        self.call("Storage.setCookies", cookies=[cookie])

    def sleep(self) -> None:
        """The whole browser stops in its tracks, as with the lid of a laptop."""
        self._signal_all(signal.SIGSTOP)

    def wake(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in family(self.pid):
            with contextlib.suppress(ProcessLookupError):  # it ended since they were listed
                os.kill(pid, number)


def family(pid: int) -> list[int]:
    """A process with its children and theirs."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            children += map(int, task.read_text().split())
    return [pid, *(one for child in children for one in family(child))]

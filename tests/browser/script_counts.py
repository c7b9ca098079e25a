"""What the pages of a test ran of our scripts, as V8 counts it: for `make coverage`.

SCRIPT_COUNTS names the folder for the counts, which tests/js/coverage.js adds up. Those of a page
that a test closes are lost, as are those of a process that Chromium replaces.
https://chromedevtools.github.io/devtools-protocol/tot/Profiler/
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import uuid
from pathlib import Path

from playwright.sync_api import BrowserContext, CDPSession, Error, Page

FOLDER = os.environ.get("SCRIPT_COUNTS")
OURS = re.compile(r"/notify/[\w-]+\.min(\.\w{12})?\.js$")


class ScriptCounts:
    def __init__(self) -> None:
        self._sessions: list[CDPSession] = []

    def follow(self, context: BrowserContext) -> None:
        """Counts in each page that opens in it."""
        if FOLDER:
            context.on("page", self._start)

    def _start(self, page: Page) -> None:
        with contextlib.suppress(Error):  # a page that has closed already
            session = page.context.new_cdp_session(page)
            session.send("Profiler.enable")
            session.send("Profiler.startPreciseCoverage", {"callCount": True, "detailed": True})
            self._sessions.append(session)

    def write(self) -> None:
        """To be called while the pages are still open."""
        scripts = [script for session in self._sessions for script in _counted(session)]
        if FOLDER and scripts:
            Path(FOLDER).mkdir(parents=True, exist_ok=True)
            (Path(FOLDER) / f"{uuid.uuid4()}.json").write_text(json.dumps(scripts))


def _counted(session: CDPSession) -> list[object]:
    try:
        scripts = session.send("Profiler.takePreciseCoverage")["result"]
    except Error:  # closed by the test
        return []
    return [script for script in scripts if OURS.search(script["url"])]

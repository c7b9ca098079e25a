"""Chromium, and windows in it that are signed in and watched for errors.

Playwright's sync API runs an event loop on the test's thread, on which Django refuses the ORM.
So whatever needs the database is made before the first window is opened, and Chromium is closed
before the database is cleaned; what a test does later, it does as a person or by HTTP.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.browser.devtools import CHROMIUM, SWITCHES, DevTools
from tests.browser.script_counts import ScriptCounts
from tests.conftest import StartServer
from tests.harness.server import Server
from tests.harness.sessions import new_session
from tests.harness.shop import Shop
from tests.harness.waiting import deadline, eventually

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
PATIENCE_MS = deadline(10) * 1000
expect.set_options(timeout=PATIENCE_MS)


class Windows:
    """Windows of one Chromium, each with cookies of its own. The first one starts it."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._counts = ScriptCounts()
        self._stack = ExitStack()

    @cached_property
    def _chromium(self) -> Browser:
        playwright = self._stack.enter_context(sync_playwright())
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        self._stack.callback(chromium.close)
        self._stack.callback(self._counts.write)
        return chromium

    def close(self) -> None:
        self._stack.close()

    def open(
        self, url: str, *, session: str | None = None, counted: bool = True, **options: Any
    ) -> Page:
        """A window at `url`; `session` is a session key from `signed_in`. `make coverage` counts
        what its scripts run if `counted`."""
        context: BrowserContext = self._chromium.new_context(base_url=url, **options)
        context.set_default_timeout(PATIENCE_MS)
        if counted:
            self._counts.follow(context)
        if session is not None:
            context.add_cookies(
                [{"name": project.SESSION_COOKIE_NAME, "value": session, "url": url}]
            )
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        return context.new_page()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.page and message.page.url}: {message.text}")


def until(page: Page, condition: Callable[[], Any], *, what: str) -> None:
    """As `eventually`, for what this process hears of the page: its requests, frames and sockets.
    Playwright tells them only while a call is under way."""

    def heard() -> Any:
        page.wait_for_timeout(20)
        return condition()

    eventually(heard, what=what)


def wait_until_live(page: Page) -> None:
    """Until the bell's client has its socket, and an inbox beside which what comes now is new. A
    strict policy forbids `wait_for_function`."""
    client = "document.querySelector('notify-bell')?.client"
    live = f"{client}?.isLoaded && {client}.status.state === 'live'"
    eventually(lambda: page.evaluate(live), what="a live bell")


def until_panel_script(page: Page) -> None:
    """Until the script with the bell's panel has come, which the page loads when it is idle."""
    here = "Symbol.for('notify panel') in globalThis"
    eventually(lambda: page.evaluate(here), what="the panel's script")


def keep_picture(page: Page, name: str) -> None:
    """Into build/screenshots/; a page of the docs shows it, and `UPDATE_IMAGES=1` makes that one
    anew."""
    places = [SCREENSHOTS]
    if os.environ.get("UPDATE_IMAGES"):
        places.append(ROOT / "docs" / "images")
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=place / f"{name}.png")


@pytest.fixture
def server(start_server: StartServer) -> Server:
    """One that sends nothing by itself."""
    return start_server(NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off")


@pytest.fixture
def ada(signed_in: Callable[..., str]) -> str:
    """The key of a session of hers; she may do everything."""
    return signed_in("ada", is_staff=True, is_superuser=True)


@pytest.fixture
def signed_in(make_user: Callable[..., User], settings: Any) -> Callable[..., str]:
    """`signed_in("ada")`: makes the user, and gives the key of a session of theirs."""
    settings.NOTIFY_WELCOME = False

    def make(username: str, **fields: Any) -> str:
        key = new_session(make_user(username, **fields)).session_key
        assert key is not None
        return key

    return make


@pytest.fixture
def windows(transactional_db: None) -> Iterator[Windows]:
    windows = Windows()
    yield windows
    windows.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Somebody else's project with the built package, where Ada has an account."""
    shop = Shop(tmp_path_factory.mktemp("shop"), settings="shop.settings")
    shop.run("django", "migrate", "--verbosity", "0")
    people = "from django.contrib.auth.models import User; User.objects.create_user"
    shop.run("django", "shell", "-c", f"{people}('ada', password='tea')")
    return shop


@pytest.fixture
def screenshot() -> Callable[[Page, str], None]:
    """`screenshot(page, "name")`: kept in build/screenshots/ to be looked at."""

    def keep(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return keep


@pytest.fixture
def browser(server: Server, ada: User, tmp_path: Path) -> Iterator[DevTools]:
    """A Chromium in which ada is signed in. For files whose `ada` is a user."""
    with DevTools(tmp_path) as browser:
        session = new_session(ada).session_key
        assert session is not None
        browser.sign_in(server.url, project.SESSION_COOKIE_NAME, session)
        yield browser

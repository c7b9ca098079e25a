"""The built package with each storage of static files that a project may have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, Route, WebSocket, expect

from tests.browser.conftest import Windows, until, until_panel_script, wait_until_live
from tests.browser.shop import enter
from tests.harness.server import Server
from tests.harness.shop import Shop

DJANGO = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
WHITENOISE = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = [
    pytest.param(DJANGO, False, id="Django"),
    pytest.param("shop.storages.Rewriting", False, id="Django, rewriting imports"),
    pytest.param(WHITENOISE, False, id="WhiteNoise"),
    pytest.param(WHITENOISE, True, id="WhiteNoise, only hashed"),
    pytest.param(
        "shop.storages.RewritingAndCompressed", True, id="WhiteNoise, rewriting, only hashed"
    ),
]
CLIENTS = """new Set(["notify-bell", "notify-inbox", "notify-connection"]
    .map((name) => document.querySelector(name).client)).size"""
HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")


class Log:
    """What a page asks for, by path, and the sockets that it opens."""

    def __init__(self, page: Page) -> None:
        self.paths: list[str] = []
        self.sockets = 0
        page.on("request", self._asked)
        page.on("websocket", self._connected)

    def _asked(self, request: Request) -> None:
        self.paths.append(urlsplit(request.url).path)

    def _connected(self, _: WebSocket) -> None:
        self.sockets += 1

    def clear(self) -> None:
        self.paths.clear()
        self.sockets = 0

    @property
    def ours(self) -> list[str]:
        return [path for path in self.paths if path.startswith("/assets/notify/")]

    @property
    def scripts(self) -> list[str]:
        """Without their hashes."""
        scripts = [path for path in self.paths if path.endswith(".js")]
        return sorted(HASHED.sub(".js", path.rpartition("/")[2]) for path in scripts)


@pytest.fixture
def server(shop: Shop, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    storage, only_hashed = request.param
    variables = {
        "DJANGO_SETTINGS_MODULE": "shop.hashed",
        "SHOP_STORAGE": storage,
        "SHOP_STATIC": str(tmp_path / "static"),
        **({"SHOP_ONLY_HASHED": "yes"} if only_hashed else {}),
    }
    shop.run("django", "collectstatic", "--noinput", **variables)
    log, env = tmp_path / "shop.log", shop.env | variables
    with Server(log=log, command=shop.runserver, env=env) as server:
        yield server
        print(server.log)  # noqa: T201  (pytest shows it with a failure)


@pytest.mark.parametrize(
    "server", [pytest.param(param.values, id=param.id) for param in STORAGES], indirect=True
)
def test_each_script_is_loaded_once_by_a_hashed_name(server: Server, windows: Windows) -> None:
    page = windows.open(server.url)
    enter(page)
    wait_until_live(page)
    until_panel_script(page)
    log = Log(page)
    page.goto("/")
    wait_until_live(page)
    bell = page.locator("notify-bell")
    before = int(bell.locator(".badge").inner_text())
    page.get_by_text("Buy").click()
    expect(bell.locator(".badge")).to_have_text(str(before + 1))
    bell.locator(".bell").click()
    expect(bell.locator("article").first).to_contain_text("Your order is on its way")
    assert log.scripts == ["bell.min.js", "panel.min.js"]
    assert (len(log.ours), log.sockets) == (6, 1), log.paths
    assert all(HASHED.search(path) for path in log.ours), log.ours

    log.clear()
    page.goto("/notify/")
    wait_until_live(page)
    expect(page.locator("notify-inbox article").first).to_be_visible()
    expect(page.locator("notify-connection .label")).to_have_text("Live")
    assert log.scripts == ["bell.min.js", "elements.min.js", "panel.min.js"]
    assert all(HASHED.search(path) for path in log.ours), log.ours
    assert (len(log.paths), log.sockets) == (13, 1), log.paths
    assert page.evaluate(CLIENTS) == 1
    assert windows.complaints == []


@pytest.mark.parametrize("server", [pytest.param((WHITENOISE, True), id="late")], indirect=True)
@pytest.mark.parametrize(
    ("late", "early"), [("bell", "elements"), ("panel", "elements"), ("elements", "bell")]
)
def test_the_scripts_of_a_page_may_come_in_any_order(
    late: str, early: str, server: Server, windows: Windows
) -> None:
    page = windows.open(server.url)
    enter(page)
    until_panel_script(page)  # which is not to be taken for the next page's
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(rf"/{late}\.min\."), hold)
    with page.expect_event("requestfinished", lambda request: f"/{early}.min." in request.url):
        page.goto("/notify/", wait_until="commit")
    until(page, lambda: held, what="the script's request")
    held[0].continue_()
    wait_until_live(page)
    expect(page.locator("notify-connection .label")).to_have_text("Live")
    assert len(held) == 1
    assert windows.complaints == []


@pytest.mark.parametrize("server", [pytest.param((WHITENOISE, True), id="twice")], indirect=True)
def test_a_second_script_of_another_address_makes_no_second_client(
    server: Server, windows: Windows
) -> None:
    """As after an upgrade, where a library puts parts of a new page into an old one."""
    page = windows.open(server.url)
    enter(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/elements\.min\."), hold)
    page.goto("/notify/", wait_until="commit")
    wait_until_live(page)
    script = page.evaluate(
        "JSON.parse(document.querySelector('notify-bell').dataset.config).script"
    )
    page.add_script_tag(url=f"{script}?again", type="module")
    until(page, lambda: held, what="the script's request")
    held[0].continue_()
    expect(page.locator("notify-connection .label")).to_have_text("Live")
    assert page.evaluate(CLIENTS) == 1
    assert windows.complaints == []

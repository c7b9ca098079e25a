"""The built package in somebody else's project: own layout, CSS reset, strict policy, one tag."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import ROOT, until_panel_script, wait_until_live
from tests.browser.shop import enter
from tests.harness.built import run
from tests.harness.server import Server
from tests.harness.shop import Shop

SHOP = ROOT / "tests" / "foreign_project"
STATIC = ROOT / "notify" / "static" / "notify"


@pytest.fixture
def server(shop: Shop, tmp_path: Path) -> Iterator[Server]:
    with Server(log=tmp_path / "shop.log", command=shop.runserver, env=shop.env) as server:
        yield server
        print(server.log)  # noqa: T201  (pytest shows it with a failure)


def test_the_package_is_the_built_one(shop):
    code = "import notify; print(notify.__file__)"
    where = run([str(shop.python), "-c", code], env=shop.env)
    assert str(shop.python.parents[1]) in where


@pytest.mark.parametrize("seconds", [0, 3])
def test_the_example_without_our_component_is_the_one_of_the_docs_and_works(
    seconds, server, windows
):
    """Also where its script comes when the client has connected."""
    told = (ROOT / "docs" / "javascript-api.md").read_text(encoding="utf-8")
    assert (SHOP / "shop/static/shop/news.js").read_text(encoding="utf-8") in told
    template = (SHOP / "shop/templates/news.html").read_text(encoding="utf-8")
    assert re.findall("```html\n(.+?)```", told, re.DOTALL)[0] in template

    def late(route: Route) -> None:
        time.sleep(seconds)
        route.continue_()

    page = windows.open(server.url)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.route("**/news.js", late)
    enter(page)
    page.goto("/news/")
    expect(page.locator("body[data-live=true]")).to_be_attached()
    before = int(page.locator("#count").inner_text() or 0)
    page.get_by_text("Buy").click()
    expect(page.locator("#count")).to_have_text(str(before + 1))
    assert said == ["Your order is on its way"]
    expect(page.locator("notify-bell .bell")).to_be_hidden()


def test_one_tag_in_a_foreign_layout_works(server, windows, screenshot):
    page = windows.open(server.url, viewport={"width": 1280, "height": 720})
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    enter(page)
    requests.clear()
    page.goto("/")
    bell = page.locator("notify-bell")
    expect(bell.locator(".bell")).to_be_visible()
    wait_until_live(page)
    before = int(bell.locator(".badge").inner_text())  # the welcome, for one
    until_panel_script(page)
    page.wait_for_load_state("networkidle")
    scripts = [url for url in requests if url.endswith(".js")]

    page.get_by_text("Buy").click()
    expect(bell.locator(".badge")).to_have_text(str(before + 1))
    bell.locator(".bell").click()
    first = bell.locator("article").first
    expect(first.locator(".title")).to_contain_text("Your order is on its way")
    # The shop's own style sheet does not come in; what it says by variables and parts does.
    look = first.locator(".title").evaluate(
        "(title) => [getComputedStyle(title).textTransform, getComputedStyle(title).fontStyle]"
    )
    assert look == ["none", "normal"]
    surface = bell.locator(".panel").evaluate("(panel) => getComputedStyle(panel).backgroundColor")
    assert surface == "rgb(255, 250, 240)"
    colour = bell.locator(".bell").evaluate("(button) => getComputedStyle(button).color")
    assert colour == "rgb(253, 246, 227)"
    screenshot(page, "foreign-project")
    page.keyboard.press("Escape")
    page.reload()
    expect(page).to_have_title(re.compile("Tea and coffee"))
    assert windows.complaints == []

    # All that one tag ever loads: at once, and when the page is idle. `npm run budget` weighs them.
    scripts = sorted(set(scripts))
    assert [url.rpartition("/")[2] for url in scripts] == ["bell.min.js", "panel.min.js"]
    for url in scripts:
        assert httpx.get(url).content == (STATIC / url.rpartition("/")[2]).read_bytes()

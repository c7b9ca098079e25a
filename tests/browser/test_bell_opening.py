"""The bell's first opening: at once and in its place, whatever the network does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import until, until_panel_script, wait_until_live
from tests.browser.inbox_page import send_to_ada
from tests.browser.network import Network

ELSEWHERE = "/accounts/password_change/"
PANEL_SCRIPT = re.compile(r"/panel\.min(\.[0-9a-f]+)?\.js")
# DevTools' slow 3G: bytes a second, and milliseconds.
SLOW_3G = {
    "offline": False,
    "downloadThroughput": 50_000,
    "uploadThroughput": 50_000,
    "latency": 2_000,
}
# All in one task: what the panel is right after the press.
PRESS = """() => {
    const { shadowRoot } = document.querySelector("notify-bell");
    const [bell, panel] = [".bell", ".panel"].map((part) => shadowRoot.querySelector(part));
    bell.click();
    const [at, box] = [bell, panel].map((part) => part.getBoundingClientRect());
    return {
        isOpen: panel.matches(":popover-open"),
        below: Math.round(box.top - at.bottom),
        end: Math.round(document.dir === "rtl" ? box.left - at.left : at.right - box.right),
        inside: box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight,
        rows: panel.querySelectorAll("article").length,
        state: panel.dataset.state,
    };
}"""
SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) shift += value;
}).observe({ type: "layout-shift", buffered: true });
"""


def panel(page: Page) -> Any:
    return page.locator("notify-bell .panel")


def rows(page: Page) -> Any:
    return panel(page).locator("article")


def press(page: Page) -> Any:
    """Presses the bell, and looks at the panel in the same task."""
    pressed = page.evaluate(PRESS)
    assert pressed["isOpen"]
    assert pressed["inside"], pressed
    return pressed


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [320, 1280])
def test_it_opens_with_its_rows_in_its_place_in_the_task_of_the_press(
    server, ada, windows, width, direction
):
    send_to_ada("One", "Two", "Three")
    page = windows.open(server.url, session=ada, viewport={"width": width, "height": 640})
    page.goto(ELSEWHERE)
    page.evaluate(f"document.dir = '{direction}'")
    wait_until_live(page)
    until_panel_script(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    pressed = press(page)
    assert (pressed["state"], pressed["rows"]) == ("rows", 3)
    assert pressed["below"] == 8
    assert pressed["end"] == 0 or width == 320  # where it keeps to the window's edge
    assert asked == []
    assert windows.complaints == []


def test_on_a_slow_network_it_opens_in_its_place_and_nothing_moves(
    server, ada, windows, screenshot
):
    send_to_ada("One")
    page = windows.open(server.url, session=ada, viewport={"width": 320, "height": 640})
    page.add_init_script(SHIFTS)
    page.set_default_timeout(120_000)
    slow = page.context.new_cdp_session(page)
    slow.send("Network.enable")
    slow.send("Network.emulateNetworkConditions", SLOW_3G)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(ELSEWHERE, wait_until="load")
    pressed = press(page)
    assert (pressed["state"], pressed["rows"]) == ("loading", 0)
    assert 0 <= pressed["below"] <= 8
    expect(panel(page).locator(".panel-skeleton")).to_have_css("opacity", "1")
    screenshot(page, "bell-slow")
    expect(rows(page)).to_have_count(1, timeout=60_000)
    expect(panel(page).locator(".panel-skeleton")).to_be_hidden()
    assert page.evaluate("shift") <= 0.02
    assert windows.complaints == []


def test_without_a_network_it_says_so_until_there_is_one(server, ada, windows, screenshot):
    send_to_ada("One")
    with Network(server.port) as cable:
        page = windows.open(cable.url, session=ada, viewport={"width": 1280, "height": 800})
        page.route("**/ws/**", lambda route: route.abort())
        page.add_init_script("window.WebSocket = class { close() {} };")  # never opens
        page.route("**/api/**", lambda route: route.abort())
        page.goto(ELSEWHERE)
        until_panel_script(page)
        cable.cut()
        page.context.set_offline(True)
        pressed = press(page)
        assert (pressed["state"], pressed["below"], pressed["end"]) == ("failed", 8, 0)
        expect(panel(page).locator(".panel-note")).to_have_text(re.compile("offline"))
        screenshot(page, "bell-offline")


def test_a_script_that_cannot_be_loaded_is_asked_for_again(server, ada, windows, screenshot):
    send_to_ada("One")
    page = windows.open(server.url, session=ada, viewport={"width": 320, "height": 640})
    asked: list[str] = []

    def fail(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route(PANEL_SCRIPT, fail)
    page.goto(ELSEWHERE)
    wait_until_live(page)
    assert press(page)["state"] == "loading"
    said = panel(page).locator(".panel-note")
    expect(said).to_have_text("Couldn't load your notifications")
    screenshot(page, "bell-failed")
    again = panel(page).get_by_role("button", name="Try again")
    before = len(asked)
    again.click()
    until(page, lambda: len(asked) > before, what="another request for the script")
    expect(said).to_have_text("Couldn't load your notifications")
    expect(page.locator("notify-bell .badge")).to_have_text("1")  # nothing has opened
    page.unroute(PANEL_SCRIPT)
    again.click()
    expect(rows(page)).to_have_count(1)
    expect(said).to_have_text("")
    expect(page.locator("notify-bell .badge")).to_be_hidden()


def test_what_it_shows_of_an_earlier_time_says_so(server, ada, windows, screenshot):
    send_to_ada("One")
    with Network(server.port) as cable:
        page = windows.open(cable.url, session=ada, viewport={"width": 320, "height": 640})
        page.goto(ELSEWHERE)
        wait_until_live(page)
        press(page)
        expect(rows(page)).to_have_count(1)
        said = panel(page).locator(".panel-note")
        expect(said).to_have_text("")
        cable.cut()
        page.context.set_offline(True)
        expect(said).to_have_text(re.compile(r"offline.* \d\d:\d\d$"), timeout=30_000)
        expect(rows(page)).to_have_count(1)
        screenshot(page, "bell-stale")
        page.context.set_offline(False)
        cable.restore()
        expect(said).to_have_text("", timeout=60_000)

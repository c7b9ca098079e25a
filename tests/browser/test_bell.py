"""The bell and its panel, on a page that is not the inbox."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import until, wait_until_live
from tests.browser.inbox_page import (
    DESK,
    focused,
    focused_once_closed,
    send_by_http,
    send_to_ada,
)
from tests.harness.waiting import eventually

ELSEWHERE = "/accounts/password_change/"
PANEL_SCRIPT = re.compile(r"/panel\.min(\.[0-9a-f]+)?\.js")


def bell(page: Page) -> Any:
    return page.locator("notify-bell .bell")


def panel(page: Page) -> Any:
    return page.locator("notify-bell .panel")


def rows(page: Page) -> Any:
    return panel(page).locator("article")


def toasts(page: Page) -> Any:
    return page.locator("notify-bell .toast")


def test_the_bell_opens_the_newest_ten_and_leads_to_all(server, ada, windows, screenshot):
    send_to_ada(*(f"Notice {number}" for number in range(1, 13)), url="/notify/?q=Notice")
    page = windows.open(server.url, session=ada, viewport={"width": 1280, "height": 800})
    page.goto(ELSEWHERE)
    expect(bell(page)).to_have_attribute("aria-label", "Notifications, 12 new")
    expect(page).to_have_title(re.compile(r"^\(12\) "))
    expect(bell(page)).to_have_attribute("aria-expanded", "false")
    bell(page).click()
    expect(bell(page)).to_have_attribute("aria-expanded", "true")
    expect(rows(page)).to_have_count(10)
    expect(rows(page).first).to_contain_text("Notice 12")
    # Opening it has cleared its number, and has read nothing.
    expect(page.locator("notify-bell .badge")).to_be_hidden()
    expect(page).to_have_title(re.compile(r"^Change"))
    expect(rows(page).first).to_have_attribute("data-unread", "")
    screenshot(page, "bell-panel")
    box = panel(page).bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 1280
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.className").endswith(
        "bell"
    )
    expect(bell(page)).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    rows(page).first.get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/notify/\?q=Notice"))
    bell(page).click()
    expect(rows(page).first).not_to_have_attribute("data-unread", "")
    panel(page).get_by_role("link", name="All notifications").click()
    expect(page).to_have_url(f"{server.url}/notify/")
    assert windows.complaints == []


def test_no_key_goes_to_a_panel_that_is_closed(server, ada, windows):
    send_to_ada("One")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(ELSEWHERE)
    bell(page).click()
    expect(rows(page)).to_have_count(1)
    panel(page).get_by_role("button", name="Mark all as read").focus()
    assert focused_once_closed(panel(page)).startswith("button.quiet icon bell")
    bell(page).click()
    page.get_by_label("Old password").click()
    expect(bell(page)).to_have_attribute("aria-expanded", "false")
    assert "#id_old_password" in focused(page)  # where the click has put it


def test_a_bell_that_is_pressed_before_its_script_has_come_shows_rows(server, ada, windows):
    send_to_ada("Early")
    page = windows.open(server.url, session=ada)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/bell\.min(\.[0-9a-f]+)?\.js"), hold)
    page.goto(ELSEWHERE, wait_until="commit")
    bell(page).click()
    expect(panel(page)).to_be_visible()
    until(page, lambda: held, what="the script's request")
    for route in held:
        route.continue_()
    expect(rows(page)).to_have_count(1)
    expect(bell(page)).to_have_attribute("aria-expanded", "true")
    expect(page.locator("notify-bell .badge")).to_be_hidden()


HOSTILE = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { letter-spacing: 5px; text-transform: uppercase; line-height: 3;
            font: italic 40px serif; overflow: hidden; }
        button, a, article, svg { display: block; background: red; float: left; width: 300px; }`);
    document.adoptedStyleSheets.push(sheet);
}"""
STANDS_STILL = "!document.querySelector('notify-bell').shadowRoot.getAnimations().length"
LOOK = """() => {
    const { shadowRoot } = document.querySelector("notify-bell");
    return ["button.bell", ".panel", ".row", ".title", ".panel-all"].map((selector) => {
        const style = getComputedStyle(shadowRoot.querySelector(selector));
        return [style.font, style.letterSpacing, style.textTransform, style.display,
            style.backgroundColor, style.float, style.width];
    });
}"""


def test_somebody_elses_css_does_not_come_in(server, ada, windows, screenshot):
    send_to_ada("One", "Two", url="/")
    page = windows.open(server.url, session=ada, viewport={"width": 1280, "height": 800})
    page.goto(ELSEWHERE)
    bell(page).click()
    expect(rows(page)).to_have_count(2)
    page.mouse.move(10, 790)
    eventually(lambda: page.evaluate(STANDS_STILL))  # the colours of pointing fade
    before = page.evaluate(LOOK)
    page.evaluate(HOSTILE)
    screenshot(page, "bell-in-a-foreign-page")
    assert page.evaluate(LOOK) == before


def test_the_panel_fits_a_phone_and_is_quiet_when_empty(server, ada, windows, screenshot):
    page = windows.open(
        server.url,
        session=ada,
        viewport={"width": 320, "height": 640},
        color_scheme="dark",
        is_mobile=True,
        has_touch=True,
    )
    page.goto(ELSEWHERE)
    bell(page).tap()
    expect(panel(page).locator(".panel-empty")).to_be_visible()
    screenshot(page, "bell-panel-320-dark")
    box = panel(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320


def test_what_arrives_before_the_script_that_tells_it_is_told_too(server, ada, windows):
    page = windows.open(server.url, session=ada)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(PANEL_SCRIPT, hold)
    page.goto(ELSEWHERE)
    wait_until_live(page)
    send_by_http(page, "info", "critical", "info")
    expect(page.locator("notify-bell .badge")).to_have_text("3")
    until(page, lambda: held, what="the script's request")
    held[0].continue_()
    expect(page.locator("[data-notify-live=assertive]")).to_have_text("Critical: This is critical")
    expect(page.locator("[data-notify-live=polite]")).to_have_text("2 new")
    expect(toasts(page)).to_have_count(1)


def test_rows_stay_where_they_are_while_one_is_pointed_at(server, ada, windows, screenshot):
    send_to_ada("One", "Two", "Three")
    page = windows.open(server.url, session=ada, viewport={"width": 1280, "height": 800})
    page.goto(ELSEWHERE)
    wait_until_live(page)
    bell(page).click()
    third = rows(page).nth(2)
    third.hover()
    before = third.bounding_box()
    send_by_http(page, "info", "info")
    pill = panel(page).get_by_role("button", name="2 new")
    expect(pill).to_be_visible()
    assert third.bounding_box() == before
    # They were not on the screen, so they are not seen.
    expect(page.locator("notify-bell .badge")).to_have_text("2")
    screenshot(page, "bell-panel-waiting")
    pill.click()
    expect(rows(page)).to_have_count(5)
    expect(page.locator("notify-bell .badge")).to_be_hidden()
    rows(page).nth(2).hover()
    send_by_http(page, "info")
    expect(panel(page).get_by_role("button", name="1 new")).to_be_visible()
    page.mouse.move(10, 790)
    expect(rows(page)).to_have_count(6)


def test_the_focus_stays_in_the_panel_when_its_button_goes(server, ada, windows):
    send_to_ada("One")
    page = windows.open(server.url, session=ada)
    page.goto(ELSEWHERE)
    wait_until_live(page)
    bell(page).click()
    button = panel(page).get_by_role("button", name="Mark all as read")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_be_hidden()
    focused = "document.activeElement.shadowRoot?.activeElement?.className"
    assert page.evaluate(focused) == "panel"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "row"

"""What axe-core and a look at the layout find: nothing, on every page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

import notify
from tests.browser.layout import findings
from tests.browser.test_pages import fill_inbox

# 640 wide at a density of 2 is what a window of 1,280 shows at a zoom of 200 %.
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "contrast": {
        "forced_colors": "active",
        "contrast": "more",
        "viewport": {"width": 1280, "height": 800},
    },
    "zoom-200": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
    "320": {"viewport": {"width": 320, "height": 800}, "is_mobile": True, "has_touch": True},
    "320-dark": {"color_scheme": "dark", "viewport": {"width": 320, "height": 800}},
    "rtl": {"viewport": {"width": 1280, "height": 800}},
}
MIRROR = "document.documentElement.dir = 'rtl'"


@pytest.mark.parametrize("look", list(LOOKS))
def test_axe_finds_nothing(server, signed_in, windows, screenshot, look):
    session = signed_in("ada")
    fill_inbox("ada")
    ada = User.objects.get(username="ada")
    notify.send(to=ada, title="In a category", category="c" * 100)
    notify.mute(ada, "topic:" + "W" * 100, timedelta(days=1))
    notify.follow(ada, "post:3")

    def check(page: Page, name: str) -> None:
        if look == "rtl":
            page.evaluate(MIRROR)
        screenshot(page, f"{name}-{look}")
        assert findings(page) == [], name

    stranger = windows.open(server.url, **LOOKS[look])
    stranger.goto("/accounts/login/")
    check(stranger, "sign-in")
    stranger.get_by_label("Username").fill("ada")
    stranger.get_by_label("Password").fill("wrong")
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.get_by_role("alert")).to_be_visible()
    check(stranger, "sign-in-refused")
    page = windows.open(server.url, session=session, **LOOKS[look])
    page.goto("/accounts/password_change/")
    expect(page.locator("notify-bell .badge")).to_be_visible()
    check(page, "password")
    for field in page.locator("form.fields input:not([type=hidden])").all():
        field.fill("1")
    page.get_by_role("button", name="Change password").last.click()
    expect(page.locator(".errorlist").first).to_be_visible()
    check(page, "password-refused")
    page.goto("/notify/")
    expect(page.locator("notify-connection .label")).to_have_text("Live")
    expect(page.locator("notify-inbox article .for-unread")).to_have_count(9)
    check(page, "inbox")
    page.locator("notify-inbox article", has_text="xxx").locator(".title").click()
    expect(page.locator("notify-inbox .snack")).to_be_visible()
    check(page, "inbox-open")
    page.locator("notify-inbox").press("?")
    expect(page.locator("notify-inbox .keys")).to_be_visible()
    check(page, "keys")
    page.keyboard.press("Escape")
    page.locator("notify-bell .bell").click()
    expect(page.locator("notify-bell article")).to_have_count(9)
    check(page, "bell")
    page.locator("notify-bell article").first.press("m")
    expect(page.locator("notify-bell .row-menu")).to_be_visible()
    check(page, "row-menu")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="For 1 hour")).to_be_visible()
    check(page, "row-menu-times")
    page.keyboard.press("Escape")
    page.locator("notify-bell article").first.press("w")
    expect(page.get_by_text("Sent to you")).to_be_visible()
    check(page, "row-menu-why")
    page.keyboard.press("Escape")
    page.goto("/notify/preferences/")
    page.locator("summary").first.click()
    expect(page.get_by_role("combobox", name="Welcome: Inbox")).to_be_visible()
    check(page, "preferences")
    page.goto("/notify/devices/")
    expect(page.locator("notify-sockets li")).to_have_count(1)
    check(page, "devices")
    page.locator(".account").click()
    check(page, "account")
    page.goto("/notify/?tab=archived&q=none")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    check(page, "nothing")
    for path in ("/notify/?tab=archived", "/notify/operations/", "/nowhere/"):
        page.goto(path)
        check(page, path.strip("/").replace("/", "-").replace("?tab=", "-"))
    page.goto("/accounts/password_change/done/")
    expect(page.get_by_role("heading", name="Password changed")).to_be_visible()
    check(page, "password-changed")
    page.locator(".account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    check(page, "signed-out")


def test_nothing_moves_for_those_who_want_it_still(server, signed_in, windows):
    session = signed_in("ada")
    fill_inbox("ada")
    page = windows.open(server.url, session=session, reduced_motion="reduce")
    page.goto("/notify/")
    expect(page.locator("notify-inbox article").first).to_be_visible()
    moving = """() => [...document.querySelectorAll("*")]
        .flatMap((element) => [element, ...(element.shadowRoot?.querySelectorAll("*") ?? [])])
        .filter((element) => element.checkVisibility()).filter((element) => {
            const { animationName, transitionDuration } = getComputedStyle(element);
            return animationName !== "none" || !/^(0s(, )?)+$/.test(transitionDuration);
        }).map(({ outerHTML }) => outerHTML.slice(0, 80))"""
    assert page.evaluate(moving) == []


@pytest.mark.parametrize("path", ["/notify/operations/", "/nowhere/"])
def test_an_error_page_leads_home(server, signed_in, windows, screenshot, path):
    session = signed_in("ada")
    page = windows.open(server.url, session=session)
    answer = page.goto(path)
    assert answer is not None
    assert answer.status in {403, 404}
    assert findings(page) == []
    screenshot(page, f"error-{answer.status}")
    page.get_by_role("link", name="Go to inbox").click()
    expect(page.locator("notify-inbox")).to_be_visible()


def test_with_forced_colours_one_tab_is_underlined(server, signed_in, windows):
    page = windows.open(server.url, session=signed_in("ada"), **LOOKS["contrast"])
    page.goto("/notify/")
    tabs = page.locator("notify-inbox .tabs a")
    expect(tabs).to_have_count(3)
    lines = tabs.evaluate_all(
        "tabs => tabs.map((tab) => getComputedStyle(tab).borderBlockEndColor)"
    )
    assert lines.count(lines[0]) == 1
    assert lines[1] == lines[2] == "rgb(255, 255, 255)"

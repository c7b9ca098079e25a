"""The dashboard's side panel and the page of devices: connection, sockets, sound and desktop."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import wait_until_live
from tests.browser.inbox_page import DASHBOARD, LISTEN, live, send_by_http

DEVICES = "/notify/devices/"


def sockets(page: Page) -> Any:
    return page.locator("notify-sockets li")


def test_ones_own_windows_are_listed_and_can_be_closed(server, signed_in, windows, screenshot):
    session = signed_in("ada")
    size = {"width": 1280, "height": 800}
    here = windows.open(server.url, session=session, viewport=size)
    there = windows.open(server.url, session=session, viewport=size)
    here.goto(DEVICES)
    there.goto(DASHBOARD)
    for page in (here, there):
        live(page)
    expect(sockets(here)).to_have_count(2)
    expect(sockets(here).filter(has_text="This browser")).to_have_count(1)
    expect(sockets(here).first).to_contain_text("Chrome · Linux")
    expect(here.locator("notify-connection .plot")).to_be_visible(timeout=20_000)
    screenshot(here, "panel")
    sockets(here).get_by_role("button", name="Disconnect").click()
    expect(sockets(here)).to_have_count(1)
    since = re.compile(r"^Disconnected from another device\. Last updated \d\d:\d\d$")
    expect(there.locator("notify-connection .label")).to_have_text(since)
    there.get_by_role("button", name="Reconnect").click()  # there is one
    live(there)
    assert windows.complaints == []


def test_the_browser_is_asked_on_a_click_only_and_a_refusal_is_told(server, signed_in, windows):
    page = windows.open(
        server.url, session=signed_in("ada"), viewport={"width": 1280, "height": 800}
    )
    page.add_init_script(LISTEN)
    page.add_init_script("window.refuses = true")
    page.goto(DEVICES)
    live(page)
    assert page.evaluate("window.asked") is None
    box = page.get_by_label("Show desktop notifications")
    box.click()
    assert page.evaluate("window.asked") is True
    expect(box).not_to_be_checked()
    expect(page.locator("notify-alerts output")).to_have_text(
        "Notifications are blocked in your browser for this site"
    )


def test_the_number_of_the_unseen_is_on_title_and_icon(server, signed_in, windows):
    page = windows.open(server.url, session=signed_in("ada", is_staff=True, is_superuser=True))
    page.goto("/accounts/password_change/")
    icon = page.locator("link[rel=icon]")
    expect(page.locator("notify-bell .bell")).to_be_visible()
    expect(icon).to_have_attribute("href", re.compile("favicon"))
    wait_until_live(page)
    send_by_http(page, "info")
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    expect(icon).to_have_attribute("href", re.compile("^data:image/png"))
    page.locator("notify-bell .bell").click()
    expect(page).to_have_title(re.compile("^Change"))
    expect(icon).to_have_attribute("href", re.compile("favicon"))
    assert windows.complaints == []

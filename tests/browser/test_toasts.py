"""Toasts: which notices get one, how many stand on the screen, and what stays."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import wait_until_live
from tests.browser.inbox_page import DASHBOARD, live, send_by_http
from tests.browser.inbox_page import rows as inbox_rows

ELSEWHERE = "/accounts/password_change/"
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 320, "height": 640}


def toasts(page: Page) -> Any:
    return page.locator("notify-bell .toast")


def critical(page: Page) -> Any:
    return page.locator("notify-bell .toast[data-level=critical]")


def more(page: Page) -> Any:
    return page.locator("notify-bell .toasts-more")


@pytest.fixture
def elsewhere(server, ada, windows):
    page = windows.open(server.url, session=ada, viewport=WIDE)
    page.goto(ELSEWHERE)
    wait_until_live(page)
    return page


@pytest.fixture
def phone(server, ada, windows):
    page = windows.open(
        server.url, session=ada, viewport=PHONE, color_scheme="dark", is_mobile=True, has_touch=True
    )
    page.goto(ELSEWHERE)
    wait_until_live(page)
    return page


def test_only_what_is_loud_makes_a_toast_and_three_are_the_most(elsewhere, screenshot):
    page = elsewhere
    send_by_http(page, "info", "critical", "warning", "error", "error", "error")
    expect(page.locator("notify-bell .badge")).to_have_text("6")
    expect(toasts(page)).to_have_count(3)
    expect(more(page)).to_have_text("+1 more")
    expect(toasts(page).first).to_contain_text("This is critical")
    said = page.locator("[data-notify-live=assertive]")
    expect(said).to_have_text("Critical: This is critical")
    screenshot(page, "toasts")
    # Held while it is pointed at; afterwards those that are not critical go by themselves.
    toasts(page).last.hover()
    page.wait_for_timeout(9_000)
    expect(toasts(page)).to_have_count(3)
    page.mouse.move(10, 10)
    expect(toasts(page)).to_have_count(1, timeout=15_000)
    toasts(page).get_by_role("button", name="Dismiss").click()
    expect(toasts(page)).to_have_count(0)


def test_ten_toasts_within_five_seconds_become_one(elsewhere):
    page = elsewhere
    send_by_http(page, *["error"] * 10, at_once=True)
    expect(page.locator("notify-bell .badge")).to_have_text("10")
    expect(toasts(page)).to_have_count(1)
    expect(toasts(page)).to_have_text(re.compile("10 new"))


def test_critical_ones_stand_beside_the_one_for_many_whose_number_is_the_bells(
    elsewhere, screenshot
):
    page = elsewhere
    send_by_http(page, "info", "critical")
    send_by_http(page, *["error"] * 10)
    send_by_http(page, "critical")
    expect(critical(page)).to_have_count(2)
    many = page.locator("notify-bell .toast:not([data-level=critical])")
    expect(many).to_have_attribute("data-level", "error")
    expect(many.locator(".toast-title")).to_have_text("13 new, 2 critical")
    expect(page.locator("notify-bell .badge")).to_have_text("13")
    screenshot(page, "toasts-folded")
    send_by_http(page, "info")  # not loud, and new
    expect(many.locator(".toast-title")).to_have_text("14 new, 2 critical")
    # Both critical ones are read out, the second beside the first.
    said = page.locator("[data-notify-live=assertive] p")
    expect(said).to_have_count(2)
    expect(many).to_have_count(0, timeout=20_000)
    expect(critical(page)).to_have_count(2)


def test_many_are_no_news_once_the_bell_was_opened(elsewhere):
    page = elsewhere
    send_by_http(page, *["error"] * 10, at_once=True)
    expect(toasts(page)).to_have_text(re.compile("10 new"))
    page.locator("notify-bell .bell").click()
    expect(toasts(page)).to_have_count(0, timeout=5_000)


def test_a_phone_shows_one_at_a_time_and_all_can_be_dismissed(phone, screenshot):
    page = phone
    send_by_http(page, "critical", "error", "critical", "error")
    expect(more(page)).to_have_text("+3 more")
    expect(toasts(page)).to_have_count(1)
    expect(critical(page)).to_have_count(1)
    screenshot(page, "toasts-320-dark")
    top = page.locator("notify-bell .toasts").bounding_box()
    assert top is not None
    assert top["y"] > 480  # the last quarter
    toasts(page).get_by_role("button", name="Dismiss").tap()
    expect(more(page)).to_have_text("+2 more")
    expect(critical(page)).to_have_count(1)
    page.locator("notify-bell").get_by_role("button", name="Dismiss all").tap()
    expect(page.locator("notify-bell .toasts")).to_be_hidden()
    expect(page.locator("notify-bell .badge")).to_have_text("4")  # dismissed, not read


def test_nothing_moves_while_it_is_pointed_at(elsewhere):
    page = elsewhere
    send_by_http(page, "critical", "critical")
    expect(toasts(page)).to_have_count(2)
    close = toasts(page).last.locator(".toast-close")
    close.hover()
    before = close.bounding_box()
    send_by_http(page, "critical", "error", "critical")
    expect(more(page)).to_have_text("+3 more")
    assert close.bounding_box() == before
    expect(toasts(page)).to_have_count(2)
    page.mouse.move(10, 10)
    expect(toasts(page)).to_have_count(3)
    expect(critical(page)).to_have_count(3)


def test_the_focus_goes_to_the_next_toast_and_from_the_last_to_the_bell(elsewhere):
    page = elsewhere
    send_by_http(page, "critical", "critical", "critical", "critical")
    expect(more(page)).to_have_text("+1 more")
    focused = "document.activeElement?.shadowRoot?.activeElement?.className"
    toasts(page).last.locator(".toast-close").focus()
    for left in (3, 2, 1):
        page.keyboard.press("Enter")
        expect(toasts(page)).to_have_count(left)
        assert "toast-close" in page.evaluate(focused)
    page.keyboard.press("Enter")
    expect(toasts(page)).to_have_count(0)
    assert page.evaluate(focused).split()[-1] == "bell"


def test_what_is_read_elsewhere_loses_its_toast(elsewhere):
    page = elsewhere
    other = page.context.new_page()
    other.goto(ELSEWHERE)
    wait_until_live(other)
    send_by_http(page, "critical")
    expect(toasts(page)).to_have_count(1)
    other.locator("notify-bell .bell").click()
    other.locator("notify-bell .read-all").click()
    expect(toasts(page)).to_have_count(0)


def test_there_is_no_toast_for_a_row_that_is_on_the_screen(server, ada, windows):
    page = windows.open(server.url, session=ada, viewport=WIDE)
    page.goto(DASHBOARD)
    live(page)
    send_by_http(page, "error", "critical")
    expect(inbox_rows(page)).to_have_count(2)
    page.wait_for_timeout(500)  # it would be there by now
    expect(toasts(page)).to_have_count(0)
    # What others push out of the window before anybody can have read it does get one.
    send_by_http(page, *["info"] * 14, at_once=True)
    expect(inbox_rows(page)).to_have_count(16)
    expect(critical(page)).to_have_count(1)
    # As what waits behind the button with the number of new ones: nobody has seen it.
    toasts(page).get_by_role("button", name="Dismiss").click()
    inbox_rows(page).first.hover()
    send_by_http(page, "critical")
    expect(page.locator("notify-inbox .pill")).to_be_visible()
    expect(critical(page)).to_have_count(1)


def test_there_is_no_toast_for_a_row_in_the_open_panel(elsewhere):
    page = elsewhere
    send_by_http(page, "info")
    page.locator("notify-bell .bell").click()
    expect(page.locator("notify-bell article")).to_have_count(1)
    send_by_http(page, "critical", "error")
    expect(page.locator("notify-bell article")).to_have_count(3)
    page.wait_for_timeout(1_000)  # it would be there by now
    expect(toasts(page)).to_have_count(0)

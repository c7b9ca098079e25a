"""htmx and Turbo change the page without a load: bell and inbox live through it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import until
from tests.browser.inbox_page import DASHBOARD, badge, send_by_http, titles
from tests.browser.libraries import (
    ELSEWHERE,
    HTMX_2,
    HTMX_4,
    TURBO,
    TURBOS_OWN,
    assert_works,
    open_at,
    start_at,
)

INBOX_SCRIPT = "**/elements.min*.js"
PRESERVED = "id=bell data-turbo-permanent hx-preserve"


def preserved(html: str) -> str:
    return html.replace("<notify-bell ", f"<notify-bell {PRESERVED} ")


@pytest.mark.parametrize(
    ("library", "comes_by"), [(HTMX_2, "link"), (TURBO, "load")], ids=["htmx-2", "turbo"]
)
def test_a_page_that_was_left_before_its_script_had_run_is_whole_when_it_comes_back(
    server, ada, windows, library, comes_by
):
    page = open_at(windows, server, ada, library)
    start_at(page, ELSEWHERE)
    send_by_http(page, "info")
    expect(badge(page)).to_have_text("1")
    held: list[Route] = []
    page.route(INBOX_SCRIPT, lambda route: held.append(route))  # noqa: PLW0108  (Playwright marks it)
    if comes_by == "link":
        page.get_by_role("link", name="notify").click()
    else:
        page.goto(DASHBOARD, wait_until="commit")
    until(page, lambda: bool(held), what="the script of the inbox")
    expect(titles(page).first).to_be_visible()  # as the server has drawn it
    page.evaluate("window.isSame = true")
    if comes_by == "link":
        page.go_back()
    else:
        page.get_by_role("link", name="Preferences").click()
    expect(page.locator("notify-inbox")).to_have_count(0)
    page.unroute(INBOX_SCRIPT)
    held[0].continue_()
    page.go_forward() if comes_by == "link" else page.go_back()
    expect(titles(page).first).to_be_visible()
    send_by_http(page, "error")
    expect(titles(page).first).to_contain_text("This is error")
    assert page.evaluate("window.isSame") is True  # no load
    assert [one for one in windows.complaints if TURBOS_OWN not in one] == []


@pytest.mark.parametrize("change", [str, preserved], ids=["replaced", "preserved"])
@pytest.mark.parametrize("library", [HTMX_2, HTMX_4, TURBO], ids=["htmx-2", "htmx-4", "turbo"])
def test_bell_and_inbox_live_through_back_and_forward(  # noqa: PLR0917  (fixtures and parameters)
    server, ada, windows, screenshot, library, change
):
    page = open_at(windows, server, ada, library, change=change)
    sockets = start_at(page, ELSEWHERE)
    page.evaluate("document.querySelector('notify-bell').isFirst = true")
    page.get_by_role("link", name="notify").click()
    expect(page).to_have_url(re.compile("/notify/$"))
    expect(page.locator("notify-inbox .tabs")).to_be_visible()
    is_first = page.evaluate("document.querySelector('notify-bell').isFirst ?? false")
    assert is_first == (change is preserved)
    page.locator("notify-bell .bell").click()
    page.keyboard.press("Escape")
    assert_works(page, sockets, in_inbox=True)
    page.go_back()
    expect(page.locator("notify-inbox")).to_have_count(0)
    assert_works(page, sockets)
    page.go_forward()
    expect(titles(page).first).to_be_visible()
    assert_works(page, sockets, in_inbox=True)
    page.go_back()
    expect(page.locator("notify-inbox")).to_have_count(0)
    page.go_forward()
    expect(titles(page).first).to_be_visible()
    assert_works(page, sockets, in_inbox=True)
    inbox = page.locator("notify-inbox article").first
    inbox.hover()
    inbox.locator(".archive").click()
    expect(page.locator("notify-inbox .snack")).to_be_visible()
    sockets.wait_for_marks(page, "archived", 1)
    screenshot(page, f"library-{library.split('/')[0].strip('@')}-{change.__name__}")
    assert [one for one in windows.complaints if TURBOS_OWN not in one] == []


def test_a_page_that_htmx_kept_from_before_a_reload_is_drawn_and_holds_no_rows_of_ours(
    server, ada, windows
):
    page = open_at(windows, server, ada, HTMX_2)
    start_at(page, DASHBOARD)
    send_by_http(page, "error")
    expect(titles(page).first).to_contain_text("This is error")
    page.locator(".account").click()
    page.get_by_role("link", name="Change password").click()
    expect(page.locator("notify-inbox")).to_have_count(0)
    kept = page.evaluate("sessionStorage.getItem('htmx-history-cache')")
    assert "notify-inbox" in kept
    assert "This is error" not in kept
    sockets = start_at(page, ELSEWHERE)  # the same address: a reload
    page.go_back()
    expect(titles(page).first).to_contain_text("This is error")
    assert_works(page, sockets, in_inbox=True)
    assert [one for one in windows.complaints if TURBOS_OWN not in one] == []


def test_with_turbo_back_to_a_tab_of_the_inbox_finds_the_inbox(server, ada, windows):
    page = open_at(windows, server, ada, TURBO)
    sockets = start_at(page, DASHBOARD)
    page.get_by_role("link", name="Archived").click()
    page.locator(".account").click()
    page.get_by_role("link", name="Devices and alerts").first.click()
    expect(page.locator("notify-inbox")).to_have_count(0)
    watch = {"type": "watch", "topic": "sockets"}
    until(page, lambda: watch in sockets.frames, what="the list's watch")
    page.locator(".account").click()
    page.get_by_role("link", name="Change password").click()
    # What the page watched for its list of windows ends with it.
    unwatch = {"type": "unwatch", "topic": "sockets"}
    until(page, lambda: unwatch in sockets.frames, what="the watch's end")
    page.go_back()
    page.go_back()
    expect(page.locator("notify-inbox [aria-current]")).to_have_text("Archived")
    page.go_back()
    expect(page.locator("notify-inbox [aria-current]")).to_have_text("All")
    assert page.evaluate("window.isSame") is True


@pytest.mark.parametrize("library", [HTMX_2, HTMX_4], ids=["htmx-2", "htmx-4"])
def test_the_number_in_the_title_is_there_after_a_library_has_set_the_title(
    server, ada, windows, library
):
    page = open_at(windows, server, ada, library)
    start_at(page, ELSEWHERE)
    send_by_http(page, "info")
    expect(badge(page)).to_have_text("1")
    page.locator(".account").click()
    page.get_by_role("link", name="Operations").click()
    expect(page).to_have_title(re.compile(r"^\(1\) Operations"))

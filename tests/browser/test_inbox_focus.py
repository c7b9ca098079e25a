"""The inbox by keyboard and by ear: where the focus is, and what is said."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.inbox_page import (
    DASHBOARD,
    DESK,
    focused,
    inbox,
    live,
    rows,
    send_to_ada,
    unread,
)
from tests.harness.waiting import eventually


def test_the_focus_is_never_lost(server, ada, windows):
    send_to_ada(*(f"Notice {number}" for number in range(1, 61)))
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    more = inbox(page).get_by_role("button", name="Load more")
    more.evaluate("(button) => button.focus({ preventScroll: true })")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(60)
    eventually(lambda: "Notice 10" in focused(page))  # the first of those that were loaded
    inbox(page).get_by_role("button", name="Mark all as read").focus()
    page.keyboard.press("Enter")
    expect(unread(page)).to_have_text("")
    expect(inbox(page).locator(".snack-text")).to_have_text("60 marked as read")
    assert focused(page).startswith("article.row")
    page.keyboard.press("e")
    expect(inbox(page).locator(".snack-text")).to_have_text("Archived")
    inbox(page).get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(60)
    assert focused(page).startswith("article.row")
    inbox(page).get_by_role("searchbox").fill("nothing of the kind")
    inbox(page).get_by_role("link", name="Clear filters").focus()
    page.keyboard.press("Enter")
    expect(rows(page).first).to_be_visible()
    assert focused(page).startswith("input")


def test_the_keyboard_is_at_the_first_row_within_four_stops_and_out_of_it_again(
    server, ada, windows
):
    send_to_ada(*(f"Notice {number}" for number in range(1, 6)))
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.keyboard.press("Tab")
    assert "Skip to notifications" in focused(page)
    page.keyboard.press("Enter")
    assert focused(page).startswith("article.row")
    for _ in range(6):  # checkbox, title, three buttons, and out
        page.keyboard.press("Tab")
    assert "notify-inbox" not in page.evaluate("document.activeElement.localName")
    assert "article" not in focused(page)
    heading, side = page.locator("notify-inbox"), page.locator(".side")
    order = heading.evaluate(
        "(inbox, side) => inbox.compareDocumentPosition(side)", side.element_handle()
    )
    assert order & 4  # the side panel comes after it
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("End")
    assert "Notice 1" in focused(page)
    page.keyboard.press("Home")
    assert "Notice 5" in focused(page)


def test_what_is_in_a_row_says_which_row_and_how_important(server, ada, windows):
    send_to_ada("Loud", level="critical")
    send_to_ada("Calm")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    expect(page.get_by_role("article", name="Unread, critical: Loud")).to_be_visible()
    row = page.get_by_role("article", name="Unread: Calm")
    row.hover()
    for name in ("Mark as read", "Archive"):
        button = row.get_by_role("button", name=name)
        expect(button).to_have_accessible_description("Unread: Calm")


def test_live_regions_are_there_before_they_speak(server, ada, windows):
    send_to_ada("One")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    for region in (".notice-text", ".snack-text", ".triage-text", ".more-text", ".results"):
        element = inbox(page).locator(region)
        expect(element).to_have_attribute("role", "status")
        if region != ".more-text":
            assert element.evaluate("(region) => region.checkVisibility()"), region


def test_the_account_menu_closes(server, ada, windows):
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    menu = page.locator("#account-menu")
    for close in (lambda: page.keyboard.press("Escape"), lambda: page.mouse.click(300, 500)):
        page.locator(".account").click()
        expect(menu).to_be_visible()
        close()
        expect(menu).to_be_hidden()

"""The dashboard of one person, in one window and in two."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from notify.web.limits import MAX_TESTS_PER_MINUTE
from tests.browser.inbox_page import DASHBOARD, badge, live, rows, send_to_ada, titles, unread
from tests.harness.waiting import eventually


@pytest.fixture
def ada(signed_in: Callable[..., str]) -> str:
    """The key of a session of hers."""
    return signed_in("ada")


def unseen(page: Page) -> int:
    return int(page.evaluate("document.querySelector('notify-bell').client.unseen"))


def test_send_me_a_test_shows_the_round_trip(server, ada, windows):
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    live(page)
    expect(page.locator("notify-inbox .empty")).to_be_visible()
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator("notify-test output")).to_have_text(re.compile(r"^Delivered in \d+ ms$"))
    expect(titles(page)).to_contain_text(["Test notification"])
    expect(page.locator("notify-connection .latency")).to_have_text(re.compile(r"^\d+ ms$"))


def test_too_many_tests_are_told_how_long_to_wait(server, ada, windows):
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    live(page)
    button, said = (
        page.get_by_role("button", name="Send a test"),
        page.locator("notify-test output"),
    )
    for _ in range(MAX_TESTS_PER_MINUTE):
        button.click()
        expect(said).to_have_text(re.compile(r"^Delivered in"))
    button.click()
    expect(said).to_have_text(re.compile(r"^Too many tests. Try again in \d+ s.$"))
    expect(button).to_be_enabled()


def test_what_is_on_the_screen_becomes_seen_and_stays_unread(server, ada, windows):
    send_to_ada("One", "Two")
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    expect(rows(page)).to_have_count(2)
    expect(badge(page)).to_be_hidden()
    expect(unread(page)).to_have_text("2 unread")
    page.reload()
    expect(rows(page)).to_have_count(2)
    expect(page.locator("notify-bell .bell")).to_have_attribute("aria-label", "Notifications")


def test_what_is_below_the_screen_stays_unseen_until_it_is_scrolled_to(server, ada, windows):
    send_to_ada(*(f"Notice {number}" for number in range(40)))
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    expect(badge(page)).to_be_hidden()
    on_the_screen = eventually(lambda: 40 - unseen(page), what="some are seen")
    assert on_the_screen < 40
    titles(page).last.scroll_into_view_if_needed()
    eventually(lambda: 40 - unseen(page) > on_the_screen, what="more are seen")


def test_read_in_one_window_is_read_in_the_other(server, ada, windows):
    send_to_ada("One", "Two", url="/notify/#here")
    first = windows.open(server.url, session=ada)
    second = windows.open(server.url, session=ada)
    for page in (first, second):
        page.goto(DASHBOARD)
        live(page)
        expect(unread(page)).to_have_text("2 unread")
    first.get_by_role("link", name="Two").click()
    expect(unread(first)).to_have_text("1 unread")
    expect(unread(second)).to_have_text("1 unread")
    expect(rows(second).first).not_to_have_attribute("data-unread", "")
    rows(second).first.hover()
    rows(second).first.get_by_role("button", name="Mark as unread").click()
    expect(unread(first)).to_have_text("2 unread")


def test_a_link_that_leaves_the_page_is_read_all_the_same(server, ada, windows):
    send_to_ada("Somewhere else", url="/accounts/password_change/")
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    live(page)
    page.get_by_role("link", name="Somewhere else").click()
    expect(page).to_have_url(re.compile("password_change"))
    page.goto(DASHBOARD)
    expect(rows(page)).to_have_count(1)
    expect(unread(page)).to_have_text("")


def test_a_notice_without_a_link_opens_in_place(server, ada, windows):
    send_to_ada("Long", body="word " * 300)
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    live(page)
    opener = page.get_by_role("button", name="Long")
    expect(opener).to_have_attribute("aria-expanded", "false")
    closed = page.locator("notify-inbox .body").bounding_box()
    opener.click()
    expect(opener).to_have_attribute("aria-expanded", "true")
    opened = page.locator("notify-inbox .body").bounding_box()
    assert closed
    assert opened
    assert opened["height"] > closed["height"]
    expect(unread(page)).to_have_text("")


def test_archiving_takes_it_away_everywhere_and_can_be_undone(server, ada, windows):
    send_to_ada("One", "Two", "Three")
    first = windows.open(server.url, session=ada)
    second = windows.open(server.url, session=ada)
    for page in (first, second):
        page.goto(DASHBOARD)
        live(page)
        expect(rows(page)).to_have_count(3)
    rows(first).nth(1).hover()
    rows(first).nth(1).get_by_role("button", name="Archive").click()
    expect(rows(second)).to_have_count(2)
    expect(titles(second)).to_contain_text(["Three", "One"])
    expect(rows(first)).to_have_count(2)
    assert "Unread: One" in first.evaluate(FOCUSED)
    first.get_by_role("button", name="Undo").click()
    expect(titles(second)).to_contain_text(["Three", "Two", "One"])
    expect(unread(second)).to_have_text("3 unread")


def press_load_more(page):
    """By the keyboard: a mouse would have to scroll there, and scrolling loads more by itself."""
    button = page.get_by_role("button", name="Load more")
    expect(button).to_be_enabled()
    button.evaluate("button => button.focus({ preventScroll: true })")
    page.keyboard.press("Enter")


def test_mark_all_as_read_and_load_more(server, ada, windows):
    send_to_ada(*(f"Notice {number}" for number in range(1, 121)))
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    live(page)
    expect(rows(page)).to_have_count(50)
    expect(unread(page)).to_have_text("120 unread")
    expect(badge(page)).to_have_text("99+")
    press_load_more(page)
    expect(rows(page)).to_have_count(100)
    press_load_more(page)
    expect(rows(page)).to_have_count(120)
    expect(page.get_by_role("button", name="Load more")).to_be_hidden()
    expect(titles(page).last).to_contain_text("Notice 1")
    page.get_by_role("button", name="Mark all as read").click()
    expect(unread(page)).to_have_text("")
    expect(badge(page)).to_be_hidden()
    page.evaluate("scrollTo(0, 0)")  # the place is restored, and from further down more is loaded
    page.reload()
    expect(rows(page)).to_have_count(50)
    expect(unread(page)).to_have_text("")


def test_signing_out_in_one_window_leads_the_other_to_the_sign_in_page(server, ada, windows):
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    live(page)
    other = page.context.new_page()
    other.goto(DASHBOARD)
    other.locator(".account").click()
    other.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next=%2Fnotify%2F"))


# Where the focus is, through the shadow root.
FOCUSED = "document.activeElement.shadowRoot.activeElement.textContent"

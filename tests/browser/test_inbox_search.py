"""Searching the inbox, and moving between its views."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.inbox_page import (
    DASHBOARD,
    DESK,
    inbox,
    live,
    rows,
    said,
    send_to_ada,
    tab,
    titles,
)


def test_offline_a_search_looks_in_what_is_held_says_so_and_is_repeated(
    server, ada, windows, screenshot
):
    send_to_ada("One", "Two about lunch")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.context.set_offline(True)
    inbox(page).get_by_role("searchbox").fill("LUNCH")
    expect(said(page)).to_have_text(
        "1 result in the latest 2 notifications. The rest couldn't be searched."
    )
    expect(titles(page)).to_have_text(["Unread: Two about lunch"])
    screenshot(page, "offline-search")
    inbox(page).get_by_role("searchbox").fill("zzzz")
    expect(inbox(page).locator(".failed")).to_be_visible()
    expect(rows(page)).to_have_count(0)
    tab(page, "Archived")
    expect(rows(page)).to_have_count(0)
    page.go_back()
    page.context.set_offline(False)
    expect(inbox(page).get_by_text("Nothing matches")).to_be_visible()
    expect(said(page)).to_have_text("0 results")


def test_a_search_marks_counts_and_says_where_it_looked(server, ada, windows, screenshot):
    send_to_ada("Lunch at noon", "Dinner", "Lunch again", body="about lunch")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    search = inbox(page).get_by_role("searchbox")
    search.press_sequentially("lunch a", delay=300)
    expect(said(page)).to_have_text("2 results")
    assert page.evaluate("CSS.highlights.get('notify-found').size") == 2
    screenshot(page, "search")
    search.fill("supper")
    expect(inbox(page).locator(".nothing")).to_contain_text("The archive wasn't searched.")
    page.go_back()
    expect(page).to_have_url(f"{server.url}{DASHBOARD}")
    expect(rows(page)).to_have_count(3)
    assert page.evaluate("CSS.highlights.has('notify-found')") is False


def test_a_page_without_a_language_moves_between_its_views(server, ada, windows):
    send_to_ada("One", "Two")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.evaluate("document.documentElement.removeAttribute('lang')")
    rows(page).first.hover()
    rows(page).first.get_by_role("button", name="Archive").click()
    tab(page, "Archived")
    expect(titles(page)).to_have_text(["Two"])
    tab(page, "All")
    expect(titles(page)).to_have_text(["Unread: One"])
    assert windows.complaints == []


@pytest.mark.parametrize("query", ["?tab=archived", "?tab=archived&q=zzz", "?q=zzz"])
def test_what_the_server_found_stands_alone_until_the_browser_knows_more(
    server, ada, windows, query
):
    """Not beside a skeleton, nor beside the failure of a server that never answers again."""
    send_to_ada("One")
    page = windows.open(server.url, session=ada, **DESK)
    page.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())
    page.route("**/api/notify/**", lambda route: route.abort())
    page.goto(DASHBOARD + query)
    shown = inbox(page).locator(".state:visible, .skeleton:visible")
    expect(inbox(page).locator(".notice-text")).to_contain_text("Server not reachable since")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text(re.compile("Nothing (archived|matches)"))
    tab(page, "Unread")
    expect(inbox(page).locator(".failed")).to_be_visible()
    expect(shown).to_have_count(1)
    expect(inbox(page).locator(".notice-text")).to_be_empty()

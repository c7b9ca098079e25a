"""Tabs of one browser: one socket between them."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect

from tests.browser.inbox_page import DASHBOARD, live, rows, send_by_http
from tests.browser.test_other_user import sign_in
from tests.harness.waiting import deadline


def test_three_tabs_have_one_socket_and_its_tab_may_be_closed(server, signed_in, windows):
    session = signed_in("ada", is_staff=True, is_superuser=True)
    first = windows.open(server.url, session=session)
    tabs = [first, first.context.new_page(), first.context.new_page()]
    sockets: list[str] = []
    for number, tab in enumerate(tabs):
        tab.on("websocket", lambda _, number=number: sockets.append(f"tab {number}"))
        tab.goto(DASHBOARD)
        live(tab)
    assert sockets == ["tab 0"]
    send_by_http(tabs[2], "info")
    for tab in tabs:
        expect(rows(tab)).to_have_count(1)
    rows(tabs[1]).first.hover()
    rows(tabs[1]).first.get_by_role("button", name="Mark as read").click()
    for tab in tabs:
        expect(tab.locator("notify-inbox .unread")).to_have_text("")

    # Closed without a word: another one has the socket within two seconds, and nothing is lost.
    first.close(run_before_unload=False)
    closed = time.monotonic()
    while len(sockets) < 2 and time.monotonic() - closed < deadline(2.0):
        tabs[1].wait_for_timeout(50)
    assert sockets == ["tab 0", "tab 1"]
    tabs[1].mouse.move(0, 0)  # what arrives above a row that is pointed at waits
    send_by_http(tabs[2], "success", "warning")
    for tab in tabs[1:]:
        expect(rows(tab)).to_have_count(3)
        live(tab)
    assert windows.complaints == []


def test_who_is_signed_out_elsewhere_is_at_the_sign_in_page_within_a_second_in_both_tabs(
    server, signed_in, windows
):
    session = signed_in("ada")
    first = windows.open(server.url, session=session)
    tabs = [first, first.context.new_page()]
    for tab in tabs:
        tab.goto(DASHBOARD)
        live(tab)
    other = windows.open(server.url, session=session)  # the same session, and none of their tabs
    other.goto("/accounts/password_change/")
    other.locator(".account").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(re.compile(r"/accounts/login/"))
    for tab in tabs:
        expect(tab).to_have_url(
            re.compile(r"/accounts/login/\?next=%2Fnotify%2F"), timeout=deadline(1) * 1000
        )


def test_signing_out_in_one_tab_leads_all_to_the_sign_in_page(server, signed_in, windows):
    session = signed_in("ada")
    first = windows.open(server.url, session=session)
    tabs = [first, first.context.new_page(), first.context.new_page()]
    for tab in tabs:
        tab.goto(DASHBOARD)
        live(tab)
    tabs[1].locator(".account").click()
    tabs[1].get_by_role("button", name="Sign out").click()
    for tab in tabs:
        expect(tab).to_have_url(re.compile(r"/accounts/login/"))
        expect(tab.get_by_role("status")).to_have_text("You're signed out.")
    # That is said no longer once it is not so.
    sign_in(tabs[1], "ada")
    tabs[0].reload()
    expect(tabs[0].get_by_label("Username")).to_be_visible()
    expect(tabs[0].get_by_text("You're signed out.")).to_have_count(0)
    expect(tabs[0].get_by_role("alert")).to_have_count(0)

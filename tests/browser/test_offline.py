"""Without a network: the last inbox stays readable, and what is marked is sent on return."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

import notify
from tests.browser.inbox_page import DASHBOARD, live, rows, send_by_http, titles
from tests.browser.network import Network
from tests.harness.waiting import eventually

ELSEWHERE = "/accounts/password_change/"
KEPT = """() => new Promise((resolve) => {
    const request = indexedDB.open("notify", 1);
    request.onupgradeneeded = () => { request.transaction.abort(); };
    request.onerror = () => resolve(null);
    request.onsuccess = () => {
        const { result } = request;
        const all = result.transaction("inbox").objectStore("inbox").get("last");
        all.onsuccess = () => {
            result.close();
            resolve(all.result?.page.notifications.map(({ title }) => title) ?? null);
        };
    };
})"""

KEPT_MARKS = """() => new Promise((resolve) => {
    const request = indexedDB.open("notify", 1);
    request.onsuccess = () => {
        const { result } = request;
        const all = result.transaction("marks").objectStore("marks").getAll();
        all.onsuccess = () => {
            result.close();
            resolve(all.result.map(({ mark }) => mark.as));
        };
    };
})"""


def keeps(page: Page, titles: list[str] | None) -> None:
    eventually(lambda: page.evaluate(KEPT) == titles, what=f"{titles} in this browser")


@pytest.fixture
def ada(signed_in):
    session = signed_in("ada", is_staff=True, is_superuser=True)
    for title in ("One", "Two", "Three"):
        notify.send(to=User.objects.get(username="ada"), title=title)
    return session


def test_what_is_marked_without_a_network_is_sent_when_it_is_back(server, ada, windows, screenshot):
    with Network(server.port) as cable:
        page = windows.open(cable.url, session=ada)
        phone = windows.open(server.url, session=ada)
        for window in (page, phone):
            window.goto(DASHBOARD)
            live(window)
        cable.cut()
        page.context.set_offline(True)
        expect(page.locator("notify-inbox .notice-text")).to_have_text(
            re.compile(r"^You're offline\. Last updated \d\d:\d\d$"), timeout=15_000
        )
        rows(page).first.hover()
        rows(page).first.get_by_role("button", name="Mark as read").click()
        rows(page).nth(1).hover()
        rows(page).nth(1).get_by_role("button", name="Archive").click()
        expect(titles(page)).to_contain_text(["Three", "One"])
        screenshot(page, "offline")
        expect(rows(phone)).to_have_count(3)
        cable.restore()
        page.context.set_offline(False)
        expect(rows(phone)).to_have_count(2, timeout=15_000)
        expect(phone.locator("notify-inbox .unread")).to_have_text("1 unread")


def test_after_a_reload_from_cache_the_last_inbox_is_there_and_marks_are_sent_later(
    server, ada, windows
):
    # Being counted, a page that goes back is online again.
    page = windows.open(server.url, session=ada, counted=False)
    for _ in range(2):  # the copy is for the cookies that asked for it, and the first brings one
        page.goto(DASHBOARD)
        live(page)
    send_by_http(page, "info")  # after the page was made: only this browser's own store has it
    keeps(page, ["This is info", "Three", "Two", "One"])
    page.goto(ELSEWHERE)
    page.context.set_offline(True)
    page.go_back()
    expect(titles(page)).to_contain_text(["This is info", "Three", "Two", "One"])
    expect(page.locator("notify-inbox .notice")).to_contain_text("You're offline. Last updated")
    rows(page).nth(1).hover()
    rows(page).nth(1).get_by_role("button", name="Archive").click()
    expect(rows(page)).to_have_count(3)
    eventually(lambda: page.evaluate(KEPT_MARKS) == ["archived"], what="a mark in this browser")
    page.goto("about:blank")
    page.go_back()  # loaded from cache once more: what was not sent is still under way
    expect(titles(page)).to_contain_text(["This is info", "Two", "One"])
    page.context.set_offline(False)
    live(page)
    phone = windows.open(server.url, session=ada)
    phone.goto(DASHBOARD)
    expect(titles(phone)).to_contain_text(["This is info", "Two", "One"])
    expect(rows(phone)).to_have_count(3)


def test_what_was_kept_is_forgotten_when_one_signs_out(server, ada, windows):
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    live(page)
    keeps(page, ["Three", "Two", "One"])
    page.locator(".account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    keeps(page, None)
    page.go_back()  # the copy in the browser's cache is void without the session
    expect(page).to_have_url(re.compile("/accounts/login/"))
    expect(page.get_by_label("Username")).to_be_visible()


def test_what_was_kept_is_forgotten_when_somebody_else_signs_in(server, ada, signed_in, windows):
    other = signed_in("bob")
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    live(page)
    keeps(page, ["Three", "Two", "One"])
    page.goto("about:blank")
    cookies = page.context.cookies(server.url)
    for cookie in cookies:
        if cookie["name"] == "sessionid":
            cookie["value"] = other
    page.context.add_cookies(cookies)
    page.goto(ELSEWHERE)  # the bell alone
    expect(page.locator("notify-bell .bell")).to_be_visible()
    keeps(page, None)

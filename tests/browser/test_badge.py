"""The bell's number, in every tab and browser, and what has really been seen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

import notify
from tests.browser.conftest import wait_until_live
from tests.browser.inbox_page import DASHBOARD, badge, send_by_http
from tests.harness.waiting import eventually

ELSEWHERE = "/accounts/password_change/"
# What the database says: the counts, and how many of the newest hundred are seen.
INBOX = """async () => {
    const said = await (await fetch("/api/notify/inbox/?limit=100")).json();
    const seen = said.notifications.filter((row) => row.seen).map((row) => row.title);
    return { unseen: said.unseen, badge: said.badge, seen };
}"""
# The rows of the open panel whose larger half is on the screen.
IN_VIEW = """() => {
    const root = document.querySelector("notify-bell").shadowRoot;
    const panel = root.querySelector(".panel").getBoundingClientRect();
    const end = Math.min(panel.bottom, innerHeight);
    return [...root.querySelectorAll(".rows article")].filter((row) => {
        const { top, height } = row.getBoundingClientRect();
        return top >= 0 && top + height / 2 <= end;
    }).length;
}"""


@pytest.fixture
def ada(signed_in: Any) -> str:
    """The key of a session of hers, who has 945 unseen notifications."""
    session = signed_in("ada", is_staff=True, is_superuser=True)
    to = User.objects.get(username="ada")
    notify.send_many(notify.NewNotice(to=to, title=f"Notice {n}") for n in range(1, 946))
    return str(session)


def shows(page: Page, number: int) -> None:
    words = f"Notifications, {number} new" if number else "Notifications"
    expect(page.locator("notify-bell .bell")).to_have_attribute("aria-label", words)
    shown = "99+" if number > 99 else str(number)
    expect(page).to_have_title(re.compile(rf"^\({re.escape(shown)}\) " if number else "^[^(]"))
    if number:
        expect(badge(page)).to_have_text(shown)
    else:
        expect(badge(page)).to_be_hidden()


def test_opening_the_bell_clears_its_number_everywhere_and_ten_are_seen(
    server, ada, windows, screenshot
):
    size = {"width": 1280, "height": 1400}
    page = windows.open(server.url, session=ada, viewport=size)
    tab = page.context.new_page()
    elsewhere = windows.open(server.url, session=ada, viewport={"width": 320, "height": 640})
    everywhere = (page, tab, elsewhere)
    for one in everywhere:
        one.goto(ELSEWHERE)
        shows(one, 945)
        wait_until_live(one)

    page.bring_to_front()
    page.locator("notify-bell .bell").click()

    for one in everywhere:
        shows(one, 0)
    eventually(lambda: len(page.evaluate(INBOX)["seen"]) == 10, what="ten are seen")
    screenshot(page, "badge-opened")
    newest = [f"Notice {n}" for n in range(945, 935, -1)]
    assert page.evaluate(INBOX) == {"unseen": 935, "badge": 0, "seen": newest}
    page.keyboard.press("Escape")
    for one in everywhere:
        one.reload()
        shows(one, 0)

    send_by_http(page, "info")
    for one in everywhere:
        shows(one, 1)
    screenshot(elsewhere, "badge-one")
    assert page.evaluate(INBOX) == {"unseen": 936, "badge": 1, "seen": newest}
    assert windows.complaints == []


def test_what_is_below_the_panels_edge_is_not_seen(server, ada, windows):
    page = windows.open(server.url, session=ada, viewport={"width": 320, "height": 400})
    page.goto(ELSEWHERE)
    wait_until_live(page)
    page.locator("notify-bell .bell").click()
    shows(page, 0)
    eventually(lambda: page.evaluate(INBOX)["seen"], what="some are seen")
    seen, in_view = page.evaluate(INBOX)["seen"], page.evaluate(IN_VIEW)
    assert len(seen) == in_view < 10


def test_the_page_of_the_inbox_clears_it_too(server, ada, windows):
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    shows(page, 0)
    assert page.evaluate(INBOX)["unseen"] > 900
    # A search shows something else.
    page.get_by_role("searchbox").fill("Notice 9")
    expect(page.locator("notify-inbox article .title").first).to_contain_text("Notice 9")
    send_by_http(page, "info")
    shows(page, 1)
    assert windows.complaints == []

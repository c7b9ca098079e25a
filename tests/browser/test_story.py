"""The main job, end to end, in real Chromium."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Page, expect

from tests.browser.admin_pages import STOPPED_MS
from tests.browser.conftest import keep_picture
from tests.browser.inbox_page import DASHBOARD, badge, titles
from tests.browser.network import Network
from tests.harness.waiting import deadline

BELL_ALONE = "/accounts/password_change/"
MISSED = [
    ("Region eu-west is down", "All requests are served by eu-central.", "critical"),
    ("Disk of db-2 is 91 % full", "At this rate it is full in 9 hours.", "warning"),
    ("Region eu-west is back", "The cause was a power cut. A report follows.", "info"),
]


def send_to_everyone(admin: Page, title: str, body: str, level: str) -> float:
    """As a person does it in the Django admin; returns when it can no longer be stopped."""
    admin.goto("/admin/notify/notice/add/")
    admin.locator("[name=title]").fill(title)
    admin.locator("[name=body]").fill(body)
    admin.locator(f"[name=level][value={level}]").check()
    admin.locator("[name=everyone]").check()
    admin.locator("[name=_save]").click()
    admin.get_by_role("button", name=re.compile("Send to")).click()
    countdown = admin.locator(".notify-stop")
    expect(countdown).to_be_visible()
    return time.monotonic() + float(countdown.get_attribute("data-starts-in") or 0)


def record_arrivals(page: Page) -> None:
    page.evaluate(
        """() => {
            window.arrivals = [];
            const { client } = document.querySelector("notify-inbox");
            client.addEventListener("notification", ({ detail }) => arrivals.push(detail.title));
        }"""
    )


def test_a_notice_to_everyone_shows_at_once_and_who_was_away_gets_all_in_order_and_once(
    start_server, signed_in, windows
):
    server = start_server(NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off")
    sessions = {name: signed_in(name) for name in ("ada", "bob", "cleo")}
    boss = signed_in("admin", is_staff=True, is_superuser=True)

    with Network(server.port) as cable:
        size = {"width": 1280, "height": 720}
        ada = windows.open(server.url, session=sessions["ada"], viewport=size)
        bob = windows.open(cable.url, session=sessions["bob"])
        cleo = windows.open(cable.url, session=sessions["cleo"])
        admin = windows.open(server.url, session=boss)
        for page in (ada, bob):
            page.goto(DASHBOARD)
            expect(page.locator("notify-inbox .empty")).to_be_visible()
        cleo.goto(BELL_ALONE)

        # Both open windows show it in under a second after it can no longer be stopped.
        text = ("Welcome to the new office", "The coffee is on us.", "success")
        due = send_to_everyone(admin, *text)
        for page in (ada, bob):
            expect(titles(page)).to_contain_text([text[0]], timeout=STOPPED_MS)
        assert time.monotonic() - due < deadline(1.0)
        expect(badge(cleo)).to_have_text("1")

        # Two windows lose the network, and three notices are sent.
        record_arrivals(bob)
        cable.cut()
        for page in (bob, cleo):
            page.context.set_offline(True)
        for missed in MISSED:
            send_to_everyone(admin, *missed)
        newest_first = [title for title, _, _ in reversed(MISSED)] + [text[0]]
        expect(titles(ada)).to_contain_text(newest_first, timeout=STOPPED_MS)
        expect(bob.locator("notify-connection .label")).to_contain_text("You're offline")
        expect(titles(bob)).to_have_count(1)

        # They come back: the three, once, in order, and the badge is right.
        cable.restore()
        for page in (bob, cleo):
            page.context.set_offline(False)
        expect(titles(bob)).to_have_count(4)
        expect(titles(bob)).to_contain_text(newest_first)
        assert bob.evaluate("arrivals") == [title for title, _, _ in MISSED]
        expect(bob.locator("notify-connection .label")).to_have_text("Live")
        expect(bob.locator("notify-inbox .unread")).to_have_text("4 unread")
        expect(badge(bob)).to_be_hidden()  # they are on the screen, so they are seen
        expect(badge(cleo)).to_have_text("4")
        keep_picture(ada, "dashboard")

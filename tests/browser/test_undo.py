"""Taking marks back, in the inbox and in the bell's panel."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection
from playwright.sync_api import Page, expect

import notify
from notify.models import Notification
from tests.browser.inbox_page import DASHBOARD, focused, live, rows, send_to_ada, unread
from tests.harness.waiting import eventually

ELSEWHERE = "/accounts/password_change/"
HELD = """async () => {
    const read = async (tab) => (await fetch(`/api/notify/inbox/?tab=${tab}`)).json();
    const { unseen, unread } = await read("all");
    return { unseen, unread, archived: (await read("archived")).notifications.length };
}"""


def inbox(page: Page) -> Any:
    return page.locator("notify-inbox")


def panel(page: Page) -> Any:
    return page.locator("notify-bell .panel")


def test_mark_all_is_undone_but_for_what_another_window_has_changed(
    server, ada, windows, screenshot
):
    recipient = User.objects.get(username="ada")
    notify.send_many(notify.NewNotice(to=recipient, title=f"Notice {n}") for n in range(1, 301))
    wide: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
    first, second = (windows.open(server.url, session=ada, **wide) for _ in range(2))
    for page in (first, second):
        page.goto(DASHBOARD)
        live(page)
        expect(unread(page)).to_have_text("300 unread")

    first.keyboard.press("j")
    first.keyboard.press("Shift+A")
    expect(inbox(first).locator(".snack-text")).to_have_text("300 marked as read")
    screenshot(first, "undo-inbox")
    expect(unread(second)).to_have_text("")
    second.keyboard.press("j")
    second.keyboard.press("e")
    expect(rows(second).first).to_contain_text("Notice 299")
    second.keyboard.press("u")
    for page in (first, second):
        expect(unread(page)).to_have_text("1 unread")
    expect(rows(first).first).to_contain_text("Notice 299")

    first.keyboard.press("z")
    expect(inbox(first).locator(".snack-text")).to_be_empty()
    for page in (first, second):
        expect(unread(page)).to_have_text("299 unread")
        expect(rows(page).first).to_contain_text("Notice 299")
        expect(inbox(page).locator("article:not([data-unread])")).to_have_count(0)
    assert focused(first).startswith("article.row")
    eventually(
        lambda: first.evaluate(HELD)["unread"] == 299 and first.evaluate(HELD)["archived"] == 1,
        10,
        what="298 and one unread in the database",
    )

    first.keyboard.press("z")  # there is nothing left to undo
    expect(unread(first)).to_have_text("299 unread")
    assert windows.complaints == []


@pytest.mark.parametrize("look", [(320, "dark"), (1280, "light")])
def test_a_mark_of_all_that_fails_half_way_says_what_it_did_and_takes_that_back(
    server, ada, windows, screenshot, look
):
    width, colours = look
    recipient = User.objects.get(username="ada")
    for start in range(0, 5000, 1000):
        notices = [
            notify.NewNotice(to=recipient, title=f"Notice {start + n}") for n in range(1, 1001)
        ]
        notify.send_many(notices)
    known = connection.settings_dict
    address = {name.lower(): known[name] for name in ("HOST", "PORT", "USER", "PASSWORD")}
    address["dbname"] = known["NAME"]
    last = Notification.objects.latest("arrived").notice_id
    size: Any = {"width": width, "height": 800}
    page = windows.open(server.url, session=ada, viewport=size, color_scheme=colours)
    page.goto(DASHBOARD)
    live(page)
    expect(unread(page)).to_have_text("5,000 unread")
    page.keyboard.press("j")
    snack = inbox(page).locator(".snack-text")
    with psycopg.connect(**address) as other:  # the third step finds this row locked
        other.execute("SELECT 1 FROM notify_notification WHERE notice_id = %s FOR UPDATE", [last])
        page.keyboard.press("Shift+A")
        expect(snack).to_have_text("5,000 marked as read")
        expect(snack).to_have_text("4,000 marked as read. Couldn't save the rest.", timeout=60_000)
        expect(unread(page)).to_have_text("1,000 unread")
        screenshot(page, f"undo-half-way-{width}-{colours}")
    page.keyboard.press("z")
    expect(unread(page)).to_have_text("5,000 unread")
    expect(snack).to_be_empty()
    eventually(lambda: page.evaluate(HELD)["unread"] == 5000, 10, what="all unread in the database")
    assert windows.complaints == []


def test_what_is_marked_in_the_bell_is_undone_there(server, ada, windows, screenshot):
    send_to_ada("One", "Two", "Three")
    dark: dict[str, Any] = {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"}
    page = windows.open(server.url, session=ada, **dark)
    other = windows.open(server.url, session=ada)
    other.goto(DASHBOARD)
    page.goto(ELSEWHERE)
    page.locator("notify-bell .bell").click()
    in_panel, snack = panel(page).locator("article"), panel(page).locator(".snack-text")
    expect(in_panel).to_have_count(3)

    panel(page).get_by_role("button", name="Mark all as read").click()
    expect(snack).to_have_text("3 marked as read")
    screenshot(page, "undo-bell-320-dark")
    expect(unread(other)).to_have_text("")
    page.keyboard.press("z")
    expect(panel(page).locator("article[data-unread]")).to_have_count(3)
    expect(unread(other)).to_have_text("3 unread")
    expect(snack).to_be_empty()

    page.keyboard.press("ArrowDown")
    in_panel.first.get_by_role("button", name="Archive").click()
    expect(in_panel).to_have_count(2)
    expect(snack).to_have_text("Archived")
    panel(page).get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(in_panel).to_have_count(3)
    expect(unread(other)).to_have_text("3 unread")
    assert focused(page).startswith("article.row")
    assert windows.complaints == []

"""What a person does to a row, by key or by finger, and takes back."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.inbox_page import (
    DASHBOARD,
    DESK,
    PHONE,
    inbox,
    live,
    rows,
    send_to_ada,
    tab,
    unread,
)


def test_the_snackbar_goes_with_its_view(server, ada, windows):
    send_to_ada("One", "Two", "Three")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    snack, undo = inbox(page).locator(".snack-text"), inbox(page).locator(".snack-action")
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(undo).to_be_visible()
    tab(page, "Archived")
    expect(snack).to_be_empty()
    expect(undo).to_be_hidden()
    tab(page, "All")
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(undo).to_be_visible()
    page.keyboard.press("?")
    expect(undo).to_be_hidden()


def swipe(page: Page, row: Any, by: int) -> None:
    """With a finger, as the browser gets it from the screen."""
    box = row.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 20
    touch = page.context.new_cdp_session(page)

    def say(kind: str, *points: dict[str, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    say("touchStart", {"x": x, "y": y})
    for step in range(1, 6):
        say("touchMove", {"x": x + by * step / 5, "y": y})
    page.wait_for_timeout(300)  # the finger rests: else the next tap only ends a fling
    say("touchMove", {"x": x + by, "y": y})
    say("touchEnd")


def test_a_swipe_marks_or_archives_and_can_be_undone(server, ada, windows):
    send_to_ada("One", "Two")
    page = windows.open(server.url, session=ada, **PHONE)
    page.goto(DASHBOARD)
    live(page)
    swipe(page, rows(page).first, 40)  # too short
    expect(rows(page).first).to_have_attribute("data-unread", "")
    swipe(page, rows(page).first, 120)
    expect(unread(page)).to_have_text("1 unread")
    inbox(page).get_by_role("button", name="Undo").tap()
    expect(unread(page)).to_have_text("2 unread")
    swipe(page, rows(page).first, -120)
    expect(rows(page)).to_have_count(1)
    inbox(page).get_by_role("button", name="Undo").tap()
    expect(rows(page)).to_have_count(2)
    assert rows(page).first.get_attribute("aria-expanded") is None  # nor was it pressed
    assert windows.complaints == []

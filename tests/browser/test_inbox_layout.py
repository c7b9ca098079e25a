"""The inbox at every width: what is where, what is cut, and that nothing moves."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.inbox_page import (
    DASHBOARD,
    DESK,
    PHONE,
    inbox,
    live,
    rows,
    said,
    send_by_http,
    send_to_ada,
    titles,
)

PAGES = (DASHBOARD, "/notify/devices/", "/notify/operations/", "/accounts/password_change/")
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) shifts += shift.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def test_nothing_under_the_pointer_moves(server, ada, windows, screenshot):
    send_to_ada(*(f"Notice {number}" for number in range(1, 6)))
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    row = rows(page).nth(2)
    row.hover()
    before = row.bounding_box()
    send_by_http(page, "info")
    expect(inbox(page).locator(".pill")).to_have_text("1 new")
    screenshot(page, "pill-floats")
    assert row.bounding_box() == before
    page.context.set_offline(True)  # a socket lives on, and what is marked is confirmed
    row.get_by_role("button", name="Mark as read").click()
    expect(inbox(page).locator(".snack-text")).to_have_text("Marked as read")
    assert row.bounding_box() == before


def test_on_a_phone_the_rows_begin_in_the_first_fifth_and_tools_are_in_the_menu(
    server, ada, windows, screenshot
):
    send_to_ada("One", "Two", category="food")
    page = windows.open(server.url, session=ada, **PHONE)
    page.goto(DASHBOARD)
    live(page)
    assert rows(page).first.bounding_box()["y"] <= 640 / 5
    expect(page.get_by_role("button", name="Send a test")).to_be_hidden()
    expect(inbox(page).get_by_label("Level")).to_be_hidden()
    inbox(page).get_by_role("button", name="Filter").tap()
    inbox(page).get_by_label("Category").select_option("food")
    expect(said(page)).to_have_text("2 results")
    screenshot(page, "filters-320")
    page.locator(".account").tap()
    screenshot(page, "account-320")
    page.get_by_role("link", name="Devices and alerts").tap()
    expect(page.get_by_role("heading", name="Connected devices")).to_be_visible()
    expect(page.locator("notify-sockets li")).to_have_count(1)
    page.get_by_role("button", name="Send a test").tap()
    expect(page.locator("notify-test output")).to_have_text(re.compile(r"^Delivered in \d+ ms$"))
    screenshot(page, "devices-320")


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_page_shifts_its_layout(server, ada, windows, width):
    send_to_ada("W" * 200, "Two", body="x" * 600, category="c" * 100)
    page = windows.open(server.url, session=ada, viewport={"width": width, "height": 640})
    page.add_init_script(SHIFTS)
    for path in PAGES:
        page.goto(path, wait_until="networkidle")
        page.wait_for_timeout(4_500)  # what is watched for: two measurements of the round trip
        assert page.evaluate("shifts") <= 0.02, path
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path


def test_long_titles_and_bodies_are_clamped_until_they_are_opened(server, ada, windows):
    send_to_ada("W" * 200, body="x" * 600)
    for look, lines in ((DESK, 2), (PHONE, 3)):
        page = windows.open(server.url, session=ada, **look)
        page.goto(DASHBOARD)
        live(page)
        title, body = inbox(page).locator(".title-text"), inbox(page).locator(".body")
        assert title.bounding_box()["height"] <= lines * 22
        assert body.bounding_box()["height"] <= 2 * 22
        titles(page).first.click()
        assert title.bounding_box()["height"] > lines * 22
        assert body.bounding_box()["height"] > 2 * 22
        page.context.close()


def test_without_a_script_long_text_can_be_read(server, ada, windows, screenshot):
    send_to_ada("Long " * 39, body="word " * 200)
    page = windows.open(server.url, session=ada, java_script_enabled=False, **PHONE)
    page.goto(DASHBOARD)
    screenshot(page, "without-script-320")
    for part in (".title-text", ".body"):
        cut = "(text) => text.scrollHeight > text.clientHeight + 1"
        assert not inbox(page).locator(part).evaluate(cut), part
    expect(inbox(page).get_by_role("searchbox")).to_be_visible()


def test_a_phone_has_no_holes_in_rows_and_no_button_breaks_within_a_word(
    server, ada, windows, screenshot
):
    links = [{"label": "Approve", "url": "/"}, {"label": "Reject", "url": "/"}]
    send_to_ada("With actions", actions=links)
    page = windows.open(server.url, session=ada, **PHONE)
    page.goto(DASHBOARD)
    live(page)
    screenshot(page, "actions-320")
    row = rows(page).first.bounding_box()
    actions = rows(page).first.locator(".actions").bounding_box()
    controls = rows(page).first.locator(".controls").bounding_box()
    assert row["y"] + row["height"] - (actions["y"] + actions["height"]) <= 13
    assert controls["y"] + controls["height"] <= row["y"] + row["height"]
    end = actions["y"] + actions["height"]  # at 320 px, the actions have a line each
    assert abs(controls["y"] + controls["height"] - end) <= 1
    wrap = "(button) => getComputedStyle(button).overflowWrap"
    for button in page.get_by_role("button").all():
        assert button.evaluate(wrap) == "normal"


def test_an_arabic_category_leaves_the_dots_in_their_places(
    server, ada, signed_in, windows, screenshot
):
    signed_in("bob")
    actor = User.objects.get(username="bob")
    send_to_ada("One", category="طلبات", actor=actor)
    send_to_ada("safe \u202efdp.exe")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    parts = rows(page).last.locator(".meta > span")
    boxes = [parts.nth(n).bounding_box() for n in range(3)]
    assert [box["x"] for box in boxes] == sorted(box["x"] for box in boxes)
    dot = "(part) => getComputedStyle(part, '::after').content"
    dots = [parts.nth(n).evaluate(dot) for n in range(3)]
    assert dots == ['"·"', '"·"', "none"]
    expect(titles(page).first).to_have_text("Unread: safe fdp.exe")
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert rows(page).last.locator("time").evaluate("(t) => t.matches(':dir(ltr)')")
    boxes = [parts.nth(n).bounding_box() for n in range(3)]
    assert [box["x"] for box in boxes] == sorted((box["x"] for box in boxes), reverse=True)
    screenshot(page, "arabic-category-rtl")

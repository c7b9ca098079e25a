"""What the inbox's page says and keeps when things go wrong, and how hands and eyes get about."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from tests.browser.inbox_page import (
    DASHBOARD,
    focused,
    live,
    rows,
    send_by_http,
    send_to_ada,
    titles,
    unread,
)

PHONE: dict[str, Any] = {
    "viewport": {"width": 320, "height": 640},
    "is_mobile": True,
    "has_touch": True,
}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PAGES = (DASHBOARD, "/notify/devices/", "/notify/operations/", "/accounts/password_change/")
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) shifts += shift.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def inbox(page: Page) -> Any:
    return page.locator("notify-inbox")


def tab(page: Page, name: str) -> None:
    inbox(page).get_by_role("link", name=name).click()


def said(page: Page) -> Any:
    return inbox(page).locator(".results")


def refuse(route: Route) -> None:
    route.fulfill(status=500, content_type="application/json", body="{}")


def test_a_view_that_cannot_be_loaded_shows_no_other_views_rows(server, ada, windows, screenshot):
    send_to_ada("One", "Two about lunch")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.route(re.compile(r"/api/notify/inbox/\?"), refuse)
    tab(page, "Archived")
    failed = inbox(page).locator(".failed")
    expect(failed).to_contain_text("Couldn't load these notifications")
    expect(failed).to_contain_text("The server isn't responding. Retrying automatically.")
    expect(rows(page)).to_have_count(0)
    screenshot(page, "failed-archived")
    expect(said(page)).to_contain_text("Couldn't load these notifications")
    failed.get_by_role("button", name="Try again").focus()
    page.unroute(re.compile(r"/api/notify/inbox/\?"))
    page.keyboard.press("Enter")
    expect(inbox(page).get_by_text("Nothing archived")).to_be_visible()
    assert "#title" in focused(page)  # not lost with the button


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


def test_the_focus_is_never_lost(server, ada, windows):
    send_to_ada(*(f"Notice {number}" for number in range(1, 61)))
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    more = inbox(page).get_by_role("button", name="Load more")
    more.evaluate("(button) => button.focus({ preventScroll: true })")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(60)
    page.wait_for_function("() => true")
    assert "Notice 10" in focused(page)  # the first of those that were loaded
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


def test_a_server_that_cannot_be_reached_is_told_since_when_and_marks_wait(
    start_server, signed_in, windows, screenshot
):
    server = start_server(NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off")
    session = signed_in("ada")
    send_to_ada("One", "Two")
    page = windows.open(server.url, session=session, **PHONE)
    page.goto(DASHBOARD)
    live(page)
    server.stop()
    expect(inbox(page).locator(".notice-text")).to_have_text(
        re.compile(r"^Server not reachable since \d\d:\d\d\. Changes are kept and sent later\.$"),
        timeout=20_000,
    )
    rows(page).first.get_by_role("button", name="Archive").tap()
    expect(inbox(page).locator(".snack-text")).to_have_text("Archived. Will be sent later.")
    screenshot(page, "server-unreachable-320")
    start_server(NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off", port=server.port)
    expect(inbox(page).locator(".notice-text")).to_be_empty(timeout=60_000)
    page.reload()
    expect(titles(page)).to_contain_text(["One"])
    expect(rows(page)).to_have_count(1)


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
    assert abs(controls["y"] - actions["y"]) <= 1
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
    for _ in range(4):  # title, two buttons, and out
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
    for region in (".notice-text", ".snack-text", ".more-text", ".results"):
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

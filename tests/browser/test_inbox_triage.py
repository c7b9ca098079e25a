"""Several rows at once: selecting them, the bar that acts on them, archiving what is read."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from notify import sending
from notify.models import Notice
from tests.browser.inbox_page import (
    DASHBOARD,
    DESK,
    PHONE,
    focused,
    inbox,
    live,
    rows,
    send_by_http,
    send_to_ada,
    tab,
    titles,
    unread,
)
from tests.browser.layout import findings
from tests.harness.waiting import eventually

TITLES_OF = """async (tab) => {
    const titles = [];
    for (let before = ""; before !== null;) {
        const answer = await fetch(`/api/notify/inbox/?tab=${tab}&limit=100${before}`);
        const { notifications, next } = await answer.json();
        titles.push(...notifications.map(({ title }) => title));
        before = next === null ? null : `&before=${next}`;
    }
    return titles;
}"""


def bar(page: Page) -> Any:
    return inbox(page).locator(".triage-text")


def button(page: Page, name: str) -> Any:
    return inbox(page).get_by_role("group", name="Selected").get_by_role("button", name=name)


def box(page: Page, title: str) -> Any:
    return inbox(page).get_by_role("checkbox", name=title)


def selected(page: Page) -> Any:
    return inbox(page).locator("article[data-selected] .title-text")


def snack(page: Page) -> Any:
    return inbox(page).locator(".snack-text")


def titles_of(page: Page, of: str) -> Any:
    """What the server has in this tab, newest first."""
    return page.evaluate(TITLES_OF, of)


def opened(windows: Any, server: Any, session: str, **options: Any) -> Page:
    page: Page = windows.open(server.url, session=session, **options)
    page.goto(DASHBOARD)
    live(page)
    expect(page.locator("notify-inbox article .select").first).to_be_attached()
    return page


def test_rows_are_selected_by_keys_archived_at_once_and_brought_back(server, ada, windows):
    send_to_ada("One", "Two", "Three", "Four", "Five", "Six")
    page = opened(windows, server, ada, **DESK)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(bar(page)).to_have_text("1 selected")
    expect(page.get_by_role("article", name="Five")).to_have_accessible_description("Selected")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowUp")
    expect(selected(page)).to_have_text(["Unread: Five", "Unread: Four"])
    expect(bar(page)).to_have_text("2 selected")
    expect(box(page, "Five")).to_be_checked()
    expect(box(page, "Three")).not_to_be_checked()
    page.keyboard.press("u")
    expect(snack(page)).to_have_text("2 marked as read")
    expect(unread(page)).to_have_text("4 unread")
    expect(bar(page)).to_be_empty()
    page.keyboard.press("z")
    expect(unread(page)).to_have_text("6 unread")
    assert "Four" in focused(page)
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("e")
    expect(snack(page)).to_have_text("3 archived")
    expect(titles(page)).to_have_text(["Unread: Six", "Unread: Five", "Unread: One"])
    assert focused(page).startswith("article")
    assert "One" in focused(page)
    page.keyboard.press("z")
    expect(rows(page)).to_have_count(6)
    expect(unread(page)).to_have_text("6 unread")
    expect(selected(page)).to_have_count(0)
    assert windows.complaints == []


def test_esc_clears_the_selection_and_then_leaves_the_list(server, ada, windows):
    send_to_ada("One", "Two")
    page = opened(windows, server, ada, **DESK)
    page.keyboard.press("Shift+ArrowDown")  # no row has the focus
    expect(rows(page).first).to_be_visible()
    expect(selected(page)).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("Shift+ArrowDown")
    expect(bar(page)).to_have_text("2 selected")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(bar(page)).to_have_text("2 selected")
    assert focused(page).startswith("article")
    page.keyboard.press("Escape")
    expect(bar(page)).to_be_empty()
    assert focused(page).startswith("article")
    page.keyboard.press("Escape")
    assert "#title" in focused(page)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Extend the selection")
    expect(keys).to_contain_text("clear the selection")


def test_where_letters_are_off_the_keyboard_has_the_checkbox(server, ada, windows):
    send_to_ada("One", "Two")
    page = opened(windows, server, ada, **DESK)
    page.evaluate("localStorage.setItem('notify-shortcuts-off', 'yes')")
    inbox(page).get_by_role("link", name="All").focus()
    rows(page).first.focus()
    page.keyboard.press("x")
    page.keyboard.press("Tab")
    expect(box(page, "Two")).to_be_focused()
    expect(box(page, "Two")).to_be_visible()
    expect(bar(page)).to_be_empty()
    page.keyboard.press("Space")
    expect(bar(page)).to_have_text("1 selected")
    page.keyboard.press("Shift+ArrowDown")  # which is no letter
    expect(bar(page)).to_have_text("2 selected")
    page.keyboard.press("Tab")
    expect(box(page, "One")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")  # past the row, whose other checkbox is no stop
    expect(box(page, "Two")).not_to_be_focused()
    rows(page).first.focus()
    page.keyboard.press("Escape")
    expect(bar(page)).to_be_empty()


def test_the_bar_acts_by_pointer_and_the_focus_stays_in_the_list(server, ada, windows):
    send_to_ada("One", "Two", "Three", "Four")
    page = opened(
        windows, server, ada, reduced_motion="reduce", **DESK
    )  # what moves, moves at once
    where = rows(page).last.bounding_box()
    rows(page).first.hover()
    box(page, "Select: Unread: Four").click()
    box(page, "Two").click(modifiers=["Shift"])
    expect(bar(page)).to_have_text("3 selected")
    assert rows(page).last.bounding_box() == where
    button(page, "Read").click()
    expect(snack(page)).to_have_text("3 marked as read")
    expect(unread(page)).to_have_text("1 unread")
    assert focused(page).startswith("article")
    box(page, "Three").click()
    place = button(page, "Unread").bounding_box()
    inbox(page).locator(".snack").evaluate("(snack) => snack.removeAttribute('data-shown')")
    assert button(page, "Unread").bounding_box() == place  # it goes by itself, and moves no button
    button(page, "Unread").click()
    expect(snack(page)).to_have_text("Marked as unread")
    box(page, "Three").click()
    button(page, "Clear").click()
    expect(bar(page)).to_be_empty()
    for title in ("One", "Two", "Three", "Four"):
        box(page, title).click()
    expect(button(page, "Read")).to_be_visible()
    button(page, "Archive").click()
    expect(rows(page)).to_have_count(0)
    assert "#title" in focused(page)
    tab(page, "Archived")
    expect(rows(page)).to_have_count(4)
    box(page, "One").click()
    expect(button(page, "Read")).to_be_hidden()
    page.keyboard.press("u")  # archived rows stay read
    expect(bar(page)).to_have_text("1 selected")
    button(page, "Move to inbox").click()
    expect(rows(page)).to_have_count(3)
    inbox(page).get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(4)
    assert windows.complaints == []


def test_the_selection_outlives_arrivals_and_loses_what_leaves_the_list(server, ada, windows):
    send_to_ada("One", "Two", "Three")
    page = opened(windows, server, ada, **DESK)
    other = opened(windows, server, ada, **DESK)
    other.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+ArrowDown")
    inbox(page).locator("#title").focus()  # neither the focus nor the pointer is in the list
    send_by_http(other, "warning")
    pill = inbox(page).locator(".pill")
    expect(pill).to_have_text("1 new")
    expect(rows(page)).to_have_count(3)
    pill.click()
    expect(rows(page)).to_have_count(4)
    expect(selected(page)).to_have_text(["Unread: Three", "Unread: Two"])
    other.keyboard.press("e")  # three is archived
    expect(bar(page)).to_have_text("1 selected")
    expect(selected(page)).to_have_text(["Unread: Two"])
    expect(bar(other)).to_be_empty()
    tab(page, "Unread")
    expect(bar(page)).to_be_empty()
    box(page, "One").click()
    expect(bar(page)).to_have_text("1 selected")
    inbox(page).get_by_role("searchbox").fill("o")
    expect(bar(page)).to_be_empty()
    assert windows.complaints == []


def test_all_that_is_read_is_archived_and_not_what_is_unread_or_comes_meanwhile(
    server, ada, windows
):
    send_to_ada(*(f"Notice {number}" for number in range(1, 61)))
    notices = list(Notice.objects.order_by("pk").values_list("pk", flat=True))
    left = {3, 4, 59}
    ids = [pk for number, pk in enumerate(notices, 1) if number not in left]
    sending.mark(str(User.objects.get(username="ada").pk), "read", ids=ids)
    page = opened(windows, server, ada, **DESK)
    expect(rows(page)).to_have_count(50)
    archive = inbox(page).get_by_role("button", name="Archive all read")
    archive.evaluate("(button) => setTimeout(() => button.click())")
    send_by_http(page, "warning")
    expect(snack(page)).to_have_text("All read notifications archived")
    inbox(page).get_by_role("button", name="Undo").focus()  # so that it stays
    expected = [
        "Unread, warning: This is warning",
        "Unread: Notice 59",
        "Unread: Notice 4",
        "Unread: Notice 3",
    ]
    expect(titles(page)).to_have_text(expected)  # the last two were not loaded before
    expect(archive).to_be_hidden()
    expect(unread(page)).to_have_text("4 unread")
    eventually(lambda: len(titles_of(page, "archived")) == 57, what="what was read in the archive")
    assert len(titles_of(page, "all")) == 4
    page.keyboard.press("Enter")  # on Undo
    eventually(lambda: titles_of(page, "archived") == [], what="all of it in the inbox again")
    assert len(titles_of(page, "all")) == 61
    assert len(titles_of(page, "unread")) == 4
    expect(rows(page).nth(2)).to_contain_text("Notice 59")
    expect(archive).to_be_visible()
    assert windows.complaints == []


def test_what_is_left_is_loaded_where_all_that_was_shown_is_archived(server, ada, windows):
    send_to_ada(*(f"Notice {number}" for number in range(1, 54)))
    notices = list(Notice.objects.order_by("pk").values_list("pk", flat=True))
    sending.mark(str(User.objects.get(username="ada").pk), "read", ids=notices[3:])
    page = opened(windows, server, ada, **DESK)
    expect(rows(page)).to_have_count(50)
    expect(unread(page)).to_have_text("3 unread")
    inbox(page).get_by_role("button", name="Archive all read").click()
    expect(titles(page)).to_have_text([f"Unread: Notice {number}" for number in (3, 2, 1)])
    assert windows.complaints == []


def test_archiving_what_is_read_is_offered_where_it_would_do_what_it_seems_to(server, ada, windows):
    send_to_ada("One", "Two")
    page = opened(windows, server, ada, **DESK)
    archive = inbox(page).locator(".archive-read")
    expect(archive).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("u")
    expect(archive).to_be_visible()
    inbox(page).get_by_role("searchbox").fill("one")
    expect(archive).to_be_hidden()
    inbox(page).get_by_role("searchbox").fill("")
    expect(archive).to_be_visible()
    tab(page, "Archived")
    expect(archive).to_be_hidden()
    tab(page, "Unread")
    archive.focus()
    page.keyboard.press("Enter")
    expect(archive).to_be_hidden()
    assert focused(page).startswith("article")


# Still, as axe-core would find a bar pale that is just coming.
LOOKS: dict[str, dict[str, Any]] = {
    "320": PHONE,
    "320-dark": {**PHONE, "color_scheme": "dark"},
    "800": {"viewport": {"width": 800, "height": 800}},
    "contrast": {"viewport": {"width": 800, "height": 800}, "forced_colors": "active"},
    "rtl": PHONE,
    "german": {**PHONE, "locale": "de"},
}


@pytest.mark.parametrize("look", LOOKS)
def test_the_bar_is_within_reach_however_it_looks(server, ada, windows, screenshot, look):
    send_to_ada("One", "Two", level="warning")
    send_to_ada("Three", "Four", body="A line of text.")
    page = opened(windows, server, ada, reduced_motion="reduce", **LOOKS[look])
    if look == "rtl":
        page.evaluate("document.documentElement.dir = 'rtl'")
    page.keyboard.press("j")
    page.keyboard.press("u")
    checkbox = rows(page).last.get_by_role("checkbox")
    if LOOKS[look].get("has_touch"):
        checkbox.tap()
    else:
        rows(page).last.hover()
        checkbox.click()
    expect(bar(page)).to_contain_text("1 ")
    expect(inbox(page).locator(".archive-read")).to_be_visible()
    screenshot(page, f"triage-{look}")
    assert findings(page) == []
    target = rows(page).last.locator(".select").bounding_box()
    assert target["width"] >= 44
    assert target["height"] >= 44
    for each in inbox(page).locator(".triage-buttons button").all():
        expect(each).to_be_in_viewport(ratio=1)
    inbox(page).locator(".triage-archive").click()
    expect(rows(page)).to_have_count(3)

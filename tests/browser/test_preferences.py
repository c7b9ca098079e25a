"""What a person wants to be told: on its page, from the row, in two windows, without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

import notify
from notify.models import Notice
from tests.browser.conftest import until, until_panel_script, wait_until_live
from tests.browser.inbox_page import (
    DASHBOARD,
    DESK,
    PHONE,
    badge,
    focused,
    focused_once_closed,
    inbox,
    live,
    rows,
    send_to_ada,
    tab,
    titles,
    unread,
)
from tests.browser.test_storms import HIDDEN, until_desktop

PREFERENCES = "/notify/preferences/"
SEND = """async (notice) => {
    const { csrf } = JSON.parse(document.querySelector("[data-config]").dataset.config);
    const answer = await fetch("/api/notify/notices/", {
        method: "POST",
        headers: { "Content-Type": "application/json", ...csrf },
        body: JSON.stringify({ to: { users: ["ada"] }, ...notice }),
    });
    if (answer.status !== 201) throw new Error(await answer.text());
}"""


def choice(page: Page, name: str) -> Any:
    return page.locator("notify-preferences").get_by_role("combobox", name=f"{name}: Inbox")


def rule(page: Page, name: str) -> Any:
    return choice(page, name).locator("xpath=..").locator(".rule")


def said(page: Page) -> Any:
    return page.locator("notify-preferences .said")


def items(page: Page, name: str) -> Any:
    return page.locator("notify-preferences").get_by_role("region", name=name).locator("li")


def menu(page: Page) -> Any:
    return page.locator("notify-inbox .row-menu")


def item(page: Page, name: str) -> Any:
    return page.locator("notify-inbox").get_by_role("menuitem", name=name)


def snack(page: Page) -> Any:
    return inbox(page).locator(".snack-text")


def with_an_actor(*titles: str, **fields: Any) -> None:
    actor = User.objects.create(username="bob", first_name="Bob", last_name="Stone")
    send_to_ada(*titles, actor=actor, **fields)


def test_a_category_switched_off_in_one_tab_is_seen_in_the_other(server, ada, windows, screenshot):
    send_to_ada("Your order", category="orders")
    one = windows.open(server.url, session=ada, **DESK)
    other = one.context.new_page()
    for page in (one, other):
        page.goto(PREFERENCES)
        expect(choice(page, "orders")).to_have_value("")
    expect(rule(one, "orders")).to_have_text("This site's default")
    choice(other, "Everything").focus()

    choice(one, "orders").select_option("Off")
    expect(said(one)).to_have_text("Saved")
    for page in (one, other):
        expect(choice(page, "orders")).to_have_value("off")
        expect(rule(page, "orders")).to_have_text("Your choice")
    expect(said(other)).to_be_empty()
    assert "Everything: Inbox" in str(other.evaluate(FOCUS))  # it has moved nothing
    screenshot(one, "preferences-off")

    one.evaluate(SEND, {"title": "Another order", "category": "orders"})
    one.evaluate(SEND, {"title": "Lunch", "category": "food"})
    one.goto(DASHBOARD)
    live(one)
    expect(titles(one)).to_contain_text(["Lunch", "Your order"])
    expect(unread(one)).to_have_text("2 unread")
    tab(one, "Archived")
    expect(titles(one)).to_contain_text(["Another order"])

    choice(other, "orders").select_option("Default (on)")
    expect(rule(other, "orders")).to_have_text("This site's default")
    assert windows.complaints == []


FOCUS = """() => {
    const { activeElement } = document.activeElement.shadowRoot;
    return activeElement.getAttribute("aria-label");
}"""


def test_what_is_chosen_for_everything_is_told_where_it_decides(server, ada, windows):
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(PREFERENCES)
    choice(page, "Everything").select_option("Off")
    expect(rule(page, "Account")).to_have_text("Your choice for everything")
    expect(choice(page, "Account").locator("option").first).to_have_text("Default (off)")
    choice(page, "Account").select_option("On")
    page.locator("summary", has_text="Account").click()
    expect(rule(page, "Welcome")).to_have_text("Your choice for Account")
    page.locator("summary", has_text="Security").click()
    required = page.locator("[data-scope='kind:notify.password_changed'] td")
    expect(required).to_have_text("On Required")
    expect(page.locator("[data-scope='category:security'] td")).to_have_text("On Required")
    assert windows.complaints == []


def test_a_select_that_is_open_is_not_pulled_away(server, ada, windows):
    one = windows.open(server.url, session=ada, **DESK)
    other = one.context.new_page()
    for page in (one, other):
        page.goto(PREFERENCES)
    held = choice(other, "Account")
    held.click()  # its list is open
    assert held.evaluate("select => select.matches(':open')")
    choice(one, "Account").select_option("Off")
    choice(one, "Everything").select_option("On")
    expect(choice(other, "Everything")).to_have_value("on")
    expect(held).to_have_value("")
    assert held.evaluate("select => select.matches(':open')")
    other.keyboard.press("Escape")
    expect(held).to_have_value("off")
    assert windows.complaints == []


def test_the_choice_that_the_server_refuses_is_taken_back(server, ada, windows):
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(PREFERENCES)
    expect(choice(page, "Account")).to_be_visible()
    page.route("**/api/notify/preferences/", refuse_writes)
    choice(page, "Account").select_option("Off")
    expect(said(page)).to_have_text("Couldn't save the change")
    expect(choice(page, "Account")).to_have_value("")
    page.unroute("**/api/notify/preferences/")
    choice(page, "Account").select_option("Off")
    expect(said(page)).to_have_text("Saved")


def refuse_writes(route: Any) -> None:
    if route.request.method == "GET":
        route.continue_()
    else:
        route.fulfill(status=422, json={"error": {"code": "invalid", "message": "no"}})


def test_zone_quiet_hours_and_follows_are_kept_and_seen_in_the_other_tab(server, ada, windows):
    notify.follow(User.objects.get(username="ada"), "post:3")
    page = windows.open(server.url, session=ada, **DESK)
    other = page.context.new_page()
    for one in (page, other):
        one.goto(PREFERENCES)
        expect(items(one, "Followed")).to_contain_text(["post:3"])
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    expect(said(page)).to_have_text("Saved")
    page.get_by_label("Quiet every day").check()
    expect(said(page)).to_have_text("Saved")
    page.get_by_label("from").fill("21:30")
    expect(said(page)).to_have_text("Saved")
    page.get_by_role("button", name="Unfollow post:3").click()
    expect(said(page)).to_have_text("Saved")
    assert said(other).inner_text() == ""
    for again in (False, True):
        if again:
            page.goto(PREFERENCES)
        for one in (page, other):
            expect(one.get_by_label("Time zone")).to_have_value("Europe/Berlin")
            expect(one.get_by_label("Quiet every day")).to_be_checked()
            expect(one.get_by_label("from")).to_have_value("21:30")
            expect(one.get_by_label("to", exact=True)).to_have_value("07:00")
            expect(items(one, "Followed")).to_have_count(0)
    assert windows.complaints == []


def test_somebody_is_muted_from_a_row_and_unmuted_by_undo(server, ada, windows, screenshot):
    with_an_actor("A question", category="talk")
    page = windows.open(server.url, session=ada, **DESK)
    settings = page.context.new_page()
    settings.goto(PREFERENCES)
    page.goto(DASHBOARD)
    live(page)
    rows(page).first.hover()
    rows(page).get_by_role("button", name="More").click()
    expect(item(page, "Why am I getting this?")).to_be_focused()
    screenshot(page, "row-menu")
    item(page, "From Bob Stone").click()
    expect(item(page, "For 1 hour")).to_be_focused()
    screenshot(page, "row-menu-times")
    item(page, "For 1 week").click()
    expect(snack(page)).to_have_text("Muted for 1 week")
    expect(menu(page)).to_be_hidden()
    expect(items(settings, "Muted")).to_contain_text(["Bob StoneUntil"])

    inbox(page).get_by_role("button", name="Undo").click()
    expect(items(settings, "Muted")).to_have_count(0)
    expect(settings.get_by_text("Nothing is muted")).to_be_visible()
    assert windows.complaints == []


def test_a_thing_is_muted_from_its_row_and_unmuted_by_undo(server, ada, windows):
    send_to_ada("Order A-7 has shipped")
    Notice.objects.update(about_type="order", about_id="A-7")
    page = windows.open(server.url, session=ada, **DESK)
    settings = page.context.new_page()
    settings.goto(PREFERENCES)
    page.goto(DASHBOARD)
    live(page)
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(item(page, "About this item")).to_be_focused()
    page.keyboard.press("Enter")
    item(page, "For 1 hour").click()
    expect(items(settings, "Muted")).to_contain_text(["Order A-7 has shipped"])
    page.keyboard.press("z")
    expect(items(settings, "Muted")).to_have_count(0)
    assert windows.complaints == []


def test_why_names_what_was_muted_and_leads_to_it(server, ada, windows):
    send_to_ada("Order A-7 has shipped")
    Notice.objects.update(about_type="order", about_id="A-7")
    notify.mute(User.objects.get(username="ada"), "thing:order:A-7")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.keyboard.press("j")
    page.keyboard.press("w")
    why = page.get_by_role("dialog", name="Why am I getting this?")
    expect(why).to_contain_text("New ones skip your inbox. You muted Order A-7 has shipped.")
    why.get_by_role("link", name="Change in preferences").click()
    unmute = page.get_by_role("button", name="Unmute Order A-7 has shipped")
    expect(unmute).to_be_focused()
    unmute.press("Enter")
    expect(items(page, "Muted")).to_have_count(0)
    assert windows.complaints == []


def test_a_category_is_muted_by_keys_and_given_back(server, ada, windows):
    send_to_ada("One", "Two", category="talk")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(item(page, "In talk")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(item(page, "In talk")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")  # around the end, past "Back"
    page.keyboard.press("End")
    expect(item(page, "Until I unmute")).to_be_focused()
    page.keyboard.press("Enter")
    expect(snack(page)).to_have_text("Muted")
    assert "article.row" in focused(page)
    page.evaluate(SEND, {"title": "Three", "category": "talk"})
    page.evaluate(SEND, {"title": "Four"})
    expect(unread(page)).to_have_text("3 unread")
    page.keyboard.press("z")
    expect(snack(page)).to_be_empty()
    page.evaluate(SEND, {"title": "Five", "category": "talk"})
    expect(unread(page)).to_have_text("4 unread")
    assert windows.complaints == []


def test_why_is_read_by_keyboard_and_leads_to_its_choice(server, ada, windows, screenshot):
    send_to_ada("Hello", category="talk")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.keyboard.press("j")
    page.keyboard.press("w")
    why = page.get_by_role("dialog", name="Why am I getting this?")
    expect(why).to_contain_text("Sent to you")
    expect(why).to_contain_text("New ones come to your inbox. This site's default.")
    screenshot(page, "row-why")
    page.keyboard.press("Escape")
    expect(why).to_be_hidden()
    assert "article.row" in focused(page)
    page.keyboard.press("w")
    expect(why).to_contain_text("Sent to you")
    page.keyboard.press("Tab")
    expect(why.get_by_role("link", name="Change in preferences")).to_be_focused()
    page.keyboard.press("Enter")
    expect(choice(page, "talk")).to_be_focused()
    assert windows.complaints == []


def test_no_key_goes_to_a_menu_that_is_closed(server, ada, windows):
    send_to_ada("Hello", category="talk")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(item(page, "In talk")).to_be_focused()
    assert focused_once_closed(menu(page)).startswith("article.row")
    page.keyboard.press("m")
    expect(item(page, "In talk")).to_be_focused()
    account = page.get_by_role("button", name="ada")
    account.click()
    expect(menu(page)).to_be_hidden()
    expect(account).to_be_focused()  # where the click has put it
    page.keyboard.press("Escape")
    expect(page.locator("#account-menu")).to_be_hidden()
    expect(account).to_be_focused()


def test_in_the_bells_panel_too(server, ada, windows, screenshot):
    with_an_actor("A question", category="talk")
    page = windows.open(server.url, session=ada, **PHONE)
    page.goto("/notify/devices/")
    bell = page.locator("notify-bell")
    bell.locator(".bell").tap()
    bell.get_by_role("button", name="More").tap()
    expect(bell.get_by_role("menuitem", name="From Bob Stone")).to_be_visible()
    expect(bell.locator(".panel")).to_be_visible()
    screenshot(page, "row-menu-320")
    bell.get_by_role("menuitem", name="From Bob Stone").tap()
    bell.get_by_role("menuitem", name="For 1 day").tap()
    expect(bell.locator(".snack-text")).to_have_text("Muted for 1 day")
    bell.get_by_role("link", name="Preferences").tap()
    expect(items(page, "Muted")).to_contain_text(["Bob Stone"])
    page.get_by_role("button", name="Unmute Bob Stone").tap()
    expect(items(page, "Muted")).to_have_count(0)
    expect(page.locator("notify-preferences #muted-title")).to_be_focused()
    assert windows.complaints == []


def test_a_menu_that_cannot_be_loaded_says_so_and_is_tried_again(server, ada, windows):
    send_to_ada("Hello", category="talk")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.route("**/row-menu.min*.js*", lambda route: route.abort())
    page.keyboard.press("j")
    page.keyboard.press("w")
    expect(snack(page)).to_have_text("Couldn't load the menu")
    page.unroute("**/row-menu.min*.js*")
    page.keyboard.press("w")
    expect(page.get_by_role("dialog", name="Why am I getting this?")).to_be_visible()


def test_a_reason_that_cannot_be_loaded_says_so_and_is_tried_again(server, ada, windows):
    send_to_ada("Hello")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.route("**/why/", lambda route: route.fulfill(status=503, json={}))
    page.keyboard.press("j")
    page.keyboard.press("w")
    why = page.get_by_role("dialog", name="Why am I getting this?")
    expect(why).to_contain_text("Couldn't load the reason")
    page.unroute("**/why/")
    why.get_by_role("button", name="Try again").click()
    expect(why).to_contain_text("Sent to you")


def test_without_scripts_only_what_was_changed_is_written(server, ada, windows, screenshot):
    send_to_ada("One", category="talk")
    notify.mute(User.objects.get(username="ada"), "category:talk")
    page = windows.open(server.url, session=ada, java_script_enabled=False, **DESK)
    other = windows.open(server.url, session=ada, **DESK)
    page.goto(PREFERENCES)
    other.goto(PREFERENCES)
    choice(other, "talk").select_option("Off")
    expect(said(other)).to_have_text("Saved")
    choice(page, "Account").select_option("off")
    page.get_by_label("Quiet every day").check()
    screenshot(page, "preferences-without-scripts")
    page.get_by_role("button", name="Save").click()
    expect(choice(page, "Account")).to_have_value("off")
    expect(choice(page, "talk")).to_have_value("off")  # as the other has chosen meanwhile
    expect(page.get_by_label("Quiet every day")).to_be_checked()
    expect(rule(page, "talk")).to_have_text("Muted")
    page.get_by_role("button", name="Unmute talk").click()
    expect(items(page, "Muted")).to_have_count(0)
    expect(rule(page, "talk")).to_have_text("Your choice")
    expect(choice(other, "Account")).to_have_value("off")
    assert windows.complaints == []


def test_the_menu_opens_at_its_button_from_right_to_left_too(server, ada, windows):
    send_to_ada("Hello", category="talk")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    page.evaluate("document.documentElement.dir = 'rtl'")
    live(page)
    rows(page).first.hover()
    more = rows(page).get_by_role("button", name="More")
    more.click()
    expect(menu(page)).to_be_visible()
    button, shown = more.bounding_box(), menu(page).bounding_box()
    assert abs(button["x"] - shown["x"]) < 2
    assert 0 < shown["y"] - button["y"] - button["height"] < 8
    page.keyboard.press("Escape")
    expect(more).to_be_focused()


def test_two_tabs_that_choose_at_once_end_alike(server, ada, windows):
    one = windows.open(server.url, session=ada, **DESK)
    other = one.context.new_page()
    pages = (one, other)
    for page in pages:
        page.goto(PREFERENCES)
        expect(choice(page, "Account")).to_be_visible()
    for n in range(3):
        for page, value in zip(pages, ("On", "Off") if n % 2 else ("Off", "On"), strict=True):
            choice(page, "Account").select_option(value, no_wait_after=True)
    ended = lambda: {choice(page, "Account").input_value() for page in pages}  # noqa: E731
    for page in pages:
        expect(said(page)).to_have_text("Saved")
    until(one, lambda: len(ended()) == 1, what="both tabs to show the same")
    [shown] = ended()
    one.goto(PREFERENCES)
    expect(choice(one, "Account")).to_have_value(shown)


QUIET = {"title": "Quiet", "level": "critical"}
RINGS = {"kind": "notify.password_changed", "params": {}}


@pytest.mark.parametrize("look", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_rings_that_was_filed_in_any_tab_online_or_after_a_reconnect(
    server, ada, windows, look
):
    """What is required comes after it: once that is there, the other would have been, too."""
    notify.prefer(User.objects.get(username="ada"), "all", value=False)
    one = windows.open(server.url, session=ada, **look)
    other = one.context.new_page()
    for page, path in ((one, "/accounts/password_change/"), (other, "/notify/devices/")):
        page.goto(path)
        wait_until_live(page)
    for count, is_away in enumerate((False, True), 1):
        for page in (one, other):
            page.evaluate(f"document.querySelector('notify-bell').client.{STOP[is_away]}")
        one.evaluate(SEND, QUIET)
        one.evaluate(SEND, RINGS)
        for page in (one, other):
            page.evaluate("document.querySelector('notify-bell').client.start()")
        for page in (one, other):
            expect(badge(page)).to_have_text(str(count))
            expect(page).to_have_title(re.compile(rf"^\({count}\) "))
            expect(page.locator("notify-bell .toast")).to_have_count(0)
    one.reload()
    expect(badge(one)).to_have_text("2")
    other.goto(DASHBOARD)
    expect(titles(other)).to_have_text([re.compile("Your password was changed")] * 2)
    expect(unread(other)).to_have_text("2 unread")
    tab(other, "Archived")
    expect(titles(other)).to_have_text([re.compile("Quiet")] * 2)


STOP = {False: "isLoaded", True: "stop()"}


def test_a_hidden_page_has_no_sound_and_no_desktop_notification_for_what_was_filed(
    server, ada, windows
):
    notify.prefer(User.objects.get(username="ada"), "all", value=False)
    page = windows.open(server.url, session=ada)
    page.add_init_script(HIDDEN)
    page.goto("/accounts/password_change/")
    wait_until_live(page)
    until_panel_script(page)
    for is_away in (False, True):
        page.evaluate(f"document.querySelector('notify-bell').client.{STOP[is_away]}")
        page.evaluate(SEND, QUIET)
        page.evaluate("document.querySelector('notify-bell').client.start()")
    page.evaluate(SEND, RINGS)
    until_desktop(page, ["Your password was changed"])
    until(page, lambda: page.evaluate("tones"), what="the sound of what is required")
    assert page.evaluate("tones") == 2  # one sound
    assert windows.complaints == []

"""What staff are afraid of at *Send*: too early, too often, to too many, and too late to stop."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.admin_pages import (
    BOSS,
    LIST,
    LOOKS,
    STOPPABLE_S,
    compose,
    confirm,
    listed,
    messages,
    number,
    stop,
)
from tests.browser.layout import findings
from tests.harness.waiting import deadline


def test_enter_in_a_field_sends_nothing_and_ctrl_enter_asks_first(server, signed_in, windows):
    session = signed_in("boss", **BOSS)
    page = windows.open(server.url, session=session)
    compose(page, title="Half a ti", usernames="boss")
    posted: list[str] = []
    page.on("request", lambda one: posted.append(one.url) if one.is_navigation_request() else None)
    for name in ("title", "category", "url", "send_at_0"):
        page.locator(f'[name="{name}"]').press("Enter")
    page.locator('[name="title"]').fill("Half a title")
    page.locator('[name="title"]').press("Control+Enter")
    expect(page.get_by_role("heading", name="Send to 1 person?")).to_be_visible()
    assert len(posted) == 1
    page.goto(LIST)
    expect(listed(page)).to_have_count(0)


@pytest.mark.parametrize("to_everyone", [True, False])
def test_everyone_and_critical_always_ask(server, signed_in, windows, to_everyone):
    session = signed_in("boss", **BOSS)
    page = windows.open(server.url, session=session)
    if to_everyone:
        compose(page, title="To few")
        page.get_by_label("Everyone").check()
    else:
        compose(page, title="To few", usernames="boss")
        page.get_by_label("Critical").check()
        expect(page.locator(".field-level")).to_contain_text("stays in every open window until")
    expect(number(page)).to_have_text("1 person")
    page.get_by_role("button", name="Send to 1 person").click()
    expect(page.get_by_role("heading", name="Send to 1 person?")).to_be_visible()
    expect(page.locator("#content-main")).to_contain_text("Sends to 1 person now")
    page.get_by_role("button", name="Send to 1 person").click()
    expect(stop(page)).to_be_visible()


def test_it_is_sent_to_its_author_first_and_says_when_they_saw_it(
    server, signed_in, windows, screenshot
):
    session, reader = signed_in("boss", **BOSS), signed_in("ada")
    page = windows.open(server.url, session=session)
    compose(page, title="Elevator 3 stops", body="From 14:00.", usernames="ada")
    page.get_by_label("Error").check()
    page.get_by_role("button", name="Send to me first").click()
    state = page.locator(".notify-trial [role=status]")
    expect(state).to_contain_text("You haven't seen it yet.")
    expect(page.locator('[name="title"]')).to_have_value("Elevator 3 stops")
    expect(page.locator(".errorlist:visible")).to_have_count(0)

    own = windows.open(server.url, session=session)
    own.goto("/notify/")
    expect(own.locator("notify-inbox article .title")).to_contain_text(["Elevator 3 stops"])
    expect(state).to_have_text(re.compile(r"You saw it at \d\d:\d\d:\d\d\."))
    screenshot(page, "admin-trial")
    other = windows.open(server.url, session=reader)
    other.goto("/notify/")
    expect(other.locator("notify-inbox .empty")).to_be_visible()

    page.get_by_role("button", name="Send to 1 person").click()
    expect(messages(page)).to_contain_text("Sending to 1 person.")
    assert windows.complaints == []


def test_a_send_is_stopped_within_ten_seconds_and_nobody_gets_it(
    server, signed_in, windows, screenshot
):
    session, reader = signed_in("boss", **BOSS), signed_in("ada")
    recipient = windows.open(server.url, session=reader)
    recipient.goto("/notify/")
    page = windows.open(server.url, session=session)
    compose(page, title="Half a sent", usernames="ada")
    page.get_by_role("button", name="Send to 1 person").click()
    expect(page.locator(".notify-countdown")).to_have_text(re.compile(r"Sending in \d+ s"))
    expect(messages(page).get_by_role("link", name="Recall")).to_be_visible()
    screenshot(page, "admin-countdown")
    stop(page).click()
    expect(messages(page)).to_contain_text("Stopped. Nobody received it.")

    page.get_by_role("link", name="Edit and send again").click()
    expect(page.locator('[name="title"]')).to_have_value("Half a sent")
    expect(page.locator('[name="usernames"]')).to_have_value("ada")
    page.locator('[name="title"]').fill("Half a sentence")
    expect(number(page)).to_have_text("1 person")
    sent = time.monotonic()
    page.get_by_role("button", name="Send to 1 person").click()
    expect(stop(page)).to_be_visible()
    page.goto("/admin/")  # it is sent without this page
    shown = recipient.locator("notify-inbox article .title")
    expect(shown).to_contain_text(["Half a sentence"], timeout=(STOPPABLE_S + deadline(10)) * 1000)
    assert time.monotonic() - sent > STOPPABLE_S
    expect(shown).to_have_count(1)
    assert windows.complaints == []


@pytest.mark.parametrize(("width", "colours"), LOOKS)
def test_axe_finds_nothing_in_the_new_states(  # noqa: PLR0917  (fixtures and parameters)
    server, signed_in, windows, screenshot, width, colours
):
    session = signed_in("boss", **BOSS)
    size = {"width": width, "height": 900}
    page = windows.open(server.url, session=session, viewport=size, color_scheme=colours)

    def look(name: str) -> None:
        screenshot(page, f"staff-{name}-{width}-{colours}")
        assert findings(page) == [], name

    compose(page, title="To me", usernames="boss")
    page.get_by_label("Critical").check()
    page.get_by_role("button", name="Send to me first").click()
    expect(page.locator(".notify-trial")).to_be_visible()
    look("trial")
    page.get_by_role("button", name="Send to 1 person").click()
    confirm(page, "1 person")
    expect(stop(page)).to_be_visible()
    look("countdown")
    stop(page).click()
    expect(page.get_by_role("link", name="Edit and send again")).to_be_visible()
    look("stopped")
    page.get_by_role("link", name="Edit and send again").click()
    expect(page.locator(".notify-draft")).to_be_visible()
    look("draft")
    page.goto("/admin/notify/apitoken/add/")
    page.locator('[name="name"]').fill("robot")
    page.get_by_label("Send notices").check()
    page.locator("[name=_save]").click()
    expect(page.locator(".notify-token code")).to_contain_text("ntf_")
    look("token")

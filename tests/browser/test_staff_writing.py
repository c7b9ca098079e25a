"""The form in which staff write a notice: drafts, errors and counters."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.admin_pages import ADD, BOSS, compose, messages, number
from tests.browser.layout import findings
from tests.harness.waiting import eventually


def test_a_draft_survives_leaving_the_page_and_is_gone_once_sent(server, signed_in, windows):
    session, other = signed_in("boss", **BOSS), signed_in("chief", **BOSS)
    signed_in("ada")
    page = windows.open(server.url, session=session)
    compose(page, title="A long story", body="It began in May.")
    page.get_by_role("searchbox", name="People").fill("ad")
    page.get_by_role("option", name="ada").click()
    warning = page.locator("[name=level][value=warning]")
    warning.check()
    expect(number(page)).to_have_text("1 person")
    page.goto("/admin/")
    page.goto(ADD)
    expect(page.locator(".notify-draft")).to_contain_text(re.compile(r"Draft from .+ restored\."))
    expect(page.locator('[name="body"]')).to_have_value("It began in May.")
    expect(page.locator(".select2-selection__choice")).to_contain_text("ada")
    expect(warning).to_be_checked()
    expect(number(page)).to_have_text("1 person")

    page.context.add_cookies([{"name": "sessionid", "value": other, "url": server.url}])
    page.goto(ADD)
    expect(page.locator('[name="title"]')).to_have_value("")  # another person's
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": server.url}])
    page.goto(ADD)
    expect(number(page)).to_have_text("1 person")
    page.get_by_role("button", name="Send to 1 person").click()
    expect(messages(page)).to_contain_text("Sending to 1 person.")
    page.goto(ADD)
    expect(page.locator(".notify-draft")).to_be_hidden()
    expect(page.locator('[name="title"]')).to_have_value("")


def test_a_discarded_draft_does_not_come_back(server, signed_in, windows):
    session = signed_in("boss", **BOSS)
    page = windows.open(server.url, session=session)
    compose(page, title="Nonsense")
    page.reload()
    page.get_by_role("button", name="Discard draft").click()
    for _ in range(2):
        expect(page.locator('[name="title"]')).to_have_value("")
        expect(page.locator(".notify-draft")).to_be_hidden()
        page.reload()


def test_all_errors_are_told_at_once(server, signed_in, windows, screenshot):
    session = signed_in("boss", **BOSS)
    page = windows.open(server.url, session=session)
    compose(page, title="Hello", usernames="ghost\nnobody", url="javascript:alert(1)")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".field-usernames .errorlist")).to_have_text(
        "2 unknown usernames: ghost, nobody"
    )
    expect(page.locator(".field-url .errorlist")).to_contain_text("Enter a path such as")
    screenshot(page, "admin-errors")


def test_the_form_counts_characters_and_has_a_wide_title(server, signed_in, windows):
    session = signed_in("boss", **BOSS)
    page = windows.open(server.url, session=session, viewport={"width": 1280, "height": 900})
    page.goto(ADD)
    expect(page.locator(".field-title .notify-count")).to_have_text("0 of 200 characters")
    page.locator('[name="title"]').fill("👋 hello")
    expect(page.locator(".field-title .notify-count")).to_have_text("7 of 200 characters")
    box = page.locator('[name="title"]').bounding_box()
    assert box is not None
    assert box["width"] > 400


def _hold(route: Any, held: list[Any]) -> None:
    held.append(route)


def until_held(page: Page, held: list[Any]) -> Any:
    eventually(lambda: page.evaluate("1") and held, what="the request")
    return held.pop()


@pytest.mark.parametrize("look", [(320, "dark"), (1280, "light")])
def test_the_summary_says_how_many_are_online_and_never_waits_for_it(
    server, signed_in, windows, screenshot, look
):
    width, colours = look
    boss, ada = signed_in("boss", **BOSS), signed_in("ada")
    signed_in("bob")
    windows.open(server.url, session=ada).goto("/notify/")
    size: Any = {"width": width, "height": 900}
    page = windows.open(server.url, session=boss, viewport=size, color_scheme=colours)
    online, asked = page.locator(".notify-among-online"), []
    page.on("request", lambda request: asked.append(request.url))
    compose(page, title="Lights out at six")
    expect(online).to_be_hidden()
    assert not [url for url in asked if url.endswith("/online/")]  # of nobody

    held: list[Any] = []
    page.route("**/notice/online/", lambda route: _hold(route, held))
    page.locator('[name="everyone"]').check()
    expect(number(page)).to_have_text("3 people")
    expect(page.locator(".notify-when")).to_have_text("Goes out ten seconds after you send it.")
    expect(online).to_have_text("Checking who is online…")
    until_held(page, held).continue_()
    expect(online).to_have_text("1 online now")
    page.locator('[name="send_at_0"]').fill("2031-01-02")
    page.locator('[name="send_at_1"]').fill("09:05:00")
    expect(page.locator(".notify-when")).to_contain_text("Goes out on 2 Jan 2031, 09:05 (")
    until_held(page, held).continue_()
    expect(online).to_have_text("1 online now")
    page.locator(".notify-audience").scroll_into_view_if_needed()
    screenshot(page, f"compose-online-{width}-{colours}")
    assert findings(page) == []

    page.unroute("**/notice/online/")
    page.get_by_role("button", name="Send to 3 people").click()
    expect(page.get_by_role("heading", name="Send to 3 people?")).to_be_visible()
    expect(online).to_have_text("1 online now")
    screenshot(page, f"confirm-online-{width}-{colours}")
    assert findings(page) == []
    page.get_by_role("button", name="Back to editing").click()
    expect(online).to_have_text("1 online now")
    page.route("**/notice/online/", lambda route: route.abort())
    page.locator('[name="everyone"]').uncheck()
    expect(online).to_be_hidden()
    page.locator('[name="usernames"]').fill("bob")
    expect(number(page)).to_have_text("1 person")
    expect(online).to_have_text("Online status unavailable.")


def test_in_german_the_summary_speaks_german(server, signed_in, windows):
    boss = signed_in("boss", **BOSS)
    page = windows.open(server.url, session=boss, locale="de-DE")
    page.goto(ADD)
    page.locator('[name="everyone"]').check()
    expect(page.locator(".notify-among-online")).to_have_text("0 gerade online")
    expect(page.locator(".notify-when")).to_have_text("Geht zehn Sekunden nach dem Senden raus.")

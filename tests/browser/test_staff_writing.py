"""The form in which staff write a notice: drafts, errors and counters."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.admin_pages import ADD, BOSS, compose, messages, number


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

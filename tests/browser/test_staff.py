"""What staff are afraid of at *Send*, in Chromium: stopping, confirming, drafts, finding."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from playwright.sync_api import Page, expect

import notify
from notify.admin.stopping import STOPPABLE_FOR
from tests.browser.layout import findings
from tests.browser.test_admin import ADD, BOSS, LOOKS, compose, confirm, number
from tests.harness.waiting import deadline
from tests.unit.inbox.helpers import people

LIST = "/admin/notify/notice/"
STOPPABLE_S = STOPPABLE_FOR.total_seconds()


def titles(page: Page):
    return page.locator("#result_list .field-title")


def stop(page: Page):
    return page.get_by_role("button", name="Stop", exact=True)


def messages(page: Page):
    return page.locator(".messagelist")


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
    page.get_by_role("button", name="Send to 1 person").click()
    expect(stop(page)).to_be_visible()
    sent = time.monotonic()
    page.goto("/admin/")  # it is sent without this page
    shown = recipient.locator("notify-inbox article .title")
    expect(shown).to_contain_text(["Half a sentence"], timeout=(STOPPABLE_S + deadline(10)) * 1000)
    assert time.monotonic() - sent > STOPPABLE_S - 5
    expect(shown).to_have_count(1)
    assert windows.complaints == []


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
    expect(titles(page)).to_have_count(0)


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


def test_what_is_still_going_out_is_found_in_the_list(server, signed_in, windows, screenshot):
    session = signed_in("boss", **BOSS)
    boss = User.objects.get(username="boss")
    ada = people(1, "ada")[0]
    tomorrow = timezone.now() + timedelta(days=1)
    notify.send(to=ada, title="Tomorrow", send_at=tomorrow, sender=boss)
    paused = notify.send(to=ada, title="Held", send_at=tomorrow)
    notify.sending.pause(paused)
    notify.send(to=ada, title="Sent by the system")
    notify.recall(notify.send(to=ada, title="Wrong", sender=ada))
    page = windows.open(server.url, session=session)
    page.goto(LIST)
    expect(titles(page)).to_have_count(4)
    expect(page.locator("#result_list .field-sent_by")).to_have_text(
        ["ada-0", "System", "System", "boss"]
    )
    screenshot(page, "admin-list-filters")
    for choice, found in (
        ("Scheduled", ["Tomorrow"]),
        ("Paused", ["Held"]),
        ("Sent", ["Sent by the system"]),
        ("Recalled", ["Wrong"]),
        ("Me", ["Tomorrow"]),
    ):
        page.goto(LIST)
        page.locator("#changelist-filter").get_by_role("link", name=choice, exact=True).click()
        expect(titles(page)).to_have_text(found)
    assert windows.complaints == []


def test_the_inbox_of_a_person_is_reached_from_their_page_and_asked_by_title(
    server, signed_in, windows, screenshot
):
    session = signed_in("boss", **BOSS)
    ada = people(1, "ada")[0]
    notice = notify.send(to=ada, title="Elevator 3 stops")
    notify.send(to=ada, title="Elevator 3 runs again")
    notify.sending.mark(str(ada.pk), "seen", ids=[notice.pk])
    page = windows.open(server.url, session=session)
    page.goto(f"/admin/auth/user/{ada.pk}/change/")
    page.get_by_role("link", name="Inbox", exact=True).click()
    expect(page.get_by_role("heading", name="Inbox of ada-0")).to_be_visible()
    ask = page.get_by_label("Title or ID of the notice")
    ask.fill("elevator")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Elevator 3 stops", exact=True).click()
    expect(page.locator("#story")).to_contain_text("ada-0 has seen it.")
    # Nobody has confirmed it, but who has seen it has received it.
    delivered = page.locator(".notify-story li", has_text="Delivered")
    expect(delivered).to_contain_text("at the latest then, as it was seen")
    page.goto(LIST)
    bar = page.locator("#result_list tr", has_text="Elevator 3 stops").locator(".notify-bar")
    expect(bar).to_have_text("1 delivered, 1 seen, 0 read of 1")
    assert windows.complaints == []


def test_staff_without_inboxes_get_no_button(server, signed_in, windows):
    session = signed_in("clerk", is_staff=True)
    clerk = User.objects.get(username="clerk")
    clerk.user_permissions.add(Permission.objects.get(codename="view_user"))
    page = windows.open(server.url, session=session)
    page.goto(f"/admin/auth/user/{clerk.pk}/change/")
    expect(page.get_by_role("link", name="History")).to_be_visible()
    expect(page.get_by_role("link", name="Inbox", exact=True)).to_have_count(0)


@pytest.mark.parametrize("path", ["/notify/operations/", "/nowhere/"])
def test_an_error_page_leads_home(server, signed_in, windows, screenshot, path):
    session = signed_in("ada")
    page = windows.open(server.url, session=session)
    answer = page.goto(path)
    assert answer is not None
    assert answer.status in {403, 404}
    assert findings(page) == []
    screenshot(page, f"error-{answer.status}")
    page.get_by_role("link", name="Go to inbox").click()
    expect(page.locator("notify-inbox")).to_be_visible()


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

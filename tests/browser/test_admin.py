"""The admin in Chromium: composing, confirming, following and recalling a notice, and people."""

from __future__ import annotations

import re

import pytest
from django.test import override_settings
from playwright.sync_api import Request, expect

import notify
from notify.models import Notice
from tests.browser.admin_pages import ADD, BOSS, LOOKS, STOPPED_MS, compose, number, preview
from tests.browser.layout import findings
from tests.browser.test_pages import fill_inbox
from tests.unit.inbox.helpers import people


@pytest.fixture
def server(start_server):
    return start_server(NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off", NOTIFY_SWEEP_INTERVAL="0.5")


def is_count(request: Request) -> bool:
    return request.url.endswith("/audience/")


def test_a_notice_is_composed_confirmed_followed_and_recalled(
    server, signed_in, windows, screenshot
):
    session, reader = signed_in("boss", **BOSS), signed_in("ada")
    people(150)
    recipient = windows.open(server.url, session=reader)
    recipient.goto("/notify/")
    page = windows.open(server.url, session=session)
    compose(page, title="Elevator 3 stops", body="From 14:00.", category="house")
    page.get_by_label("Error").check()
    page.get_by_label("Everyone").check()
    expect(number(page)).to_have_text("152 people")
    expect(page.locator(".notify-sample")).to_contain_text("ada, boss, user-0")
    expect(page.locator(".notify-sample")).to_contain_text("and 142 more")
    for look in ("light", "dark"):
        expect(preview(page, look, ".row .title")).to_have_text(re.compile("Elevator 3 stops"))
        expect(preview(page, look, ".toast-title")).to_have_text("Elevator 3 stops")
    screenshot(page, "admin-compose")

    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_role("heading", name="Dry run: nothing was sent")).to_be_visible()
    expect(page.locator("#content-main")).to_contain_text("152 people in 1 batch")
    page.get_by_role("button", name="Back to editing").click()
    expect(page.locator('[name="title"]')).to_have_value("Elevator 3 stops")
    expect(page.locator(".errorlist:visible")).to_have_count(0)

    page.get_by_role("button", name="Send to 152 people").click()
    expect(page.get_by_role("heading", name="Send to 152 people?")).to_be_visible()
    screenshot(page, "admin-confirm")
    page.get_by_role("button", name="Send to 152 people").click()

    expect(page.locator(".messagelist")).to_contain_text("Sending to 152 people.")
    expect(page.locator("[data-status]")).to_have_text("Sent", timeout=STOPPED_MS)
    shown = recipient.locator("notify-inbox article .title")
    expect(shown).to_contain_text("Elevator 3 stops")
    screenshot(page, "admin-notice")

    page.locator(".messagelist").get_by_role("link", name="Recall").click()
    page.get_by_role("button", name="Recall from 152 people").click()
    expect(page.locator(".messagelist")).to_contain_text("Recalled from 152 people.")
    expect(page.locator("[data-status]")).to_have_text("Recalled")
    expect(recipient.locator("notify-inbox .empty")).to_be_visible()
    assert windows.complaints == []


def test_people_are_searched_and_a_file_is_read_into_the_form(server, signed_in, windows, tmp_path):
    session = signed_in("boss", **BOSS)
    signed_in("ada")
    people(3)
    page = windows.open(server.url, session=session)
    compose(page, title="To some")
    page.get_by_role("searchbox", name="People").fill("ad")
    page.get_by_role("option", name="ada").click()
    expect(number(page)).to_have_text("1 person")
    file = tmp_path / "crew.csv"
    file.write_text("username,age\nuser-0,7\nuser-1,8\nnobody,9\n")
    page.get_by_label("Usernames from a file").set_input_files(file)
    expect(page.locator(".notify-audience .errorlist")).to_have_text("1 unknown username: nobody")
    names = page.locator("[name=usernames]")
    expect(names).to_have_value(file.read_text().strip())
    names.fill("user-0\nuser-1")
    expect(number(page)).to_have_text("3 people")
    page.get_by_role("button", name="Send to 3 people").click()
    expect(page.locator(".messagelist")).to_contain_text("Sending to 3 people.")
    assert windows.complaints == []


def test_the_number_is_asked_for_anew_only_where_it_may_have_changed(server, signed_in, windows):
    session = signed_in("boss", **BOSS)
    signed_in("ada")
    page = windows.open(server.url, session=session)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if is_count(request) else None)
    compose(page, usernames="boss")
    expect(number(page)).to_have_text("1 person")
    until_now = len(asked)
    page.locator('[name="title"]').press_sequentially("Nobody else", delay=20)
    page.get_by_label("Error").check()
    page.wait_for_timeout(1_000)  # three times what it waits for the next key
    page.get_by_label("Everyone").check()
    expect(number(page)).to_have_text("2 people")
    assert len(asked) == until_now + 1


def test_a_double_click_and_a_reload_send_once(server, signed_in, windows):
    session = signed_in("boss", **BOSS)
    page = windows.open(server.url, session=session)
    compose(page, title="Once", usernames="boss")
    expect(number(page)).to_have_text("1 person")
    page.get_by_role("button", name="Send to 1 person").dblclick()
    expect(page.locator(".messagelist")).to_contain_text("to 1 person.")
    page.reload()
    page.goto("/admin/notify/notice/")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


def test_a_fan_out_moves_by_itself_and_is_paused_resumed_and_cancelled(
    start_server, signed_in, windows, screenshot
):
    # Nobody carries out batches but the one who resumes: no worker, no sweep in time.
    server = start_server(
        NOTIFY_WELCOME="off",
        NOTIFY_NEW_DEVICE="off",
        NOTIFY_SERVER_WORKERS="0",
        NOTIFY_SWEEP_INTERVAL="60",
    )
    session = signed_in("boss", **BOSS)
    page_of = waiting_notice()
    page = windows.open(server.url, session=session)
    page.goto(page_of)
    status = page.locator("[data-status]")
    expect(status).to_have_text("Pending")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".messagelist")).to_contain_text("Paused. Not yet sent to 6 people.")
    expect(status).to_have_text("Paused")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    page.get_by_role("button", name="Resume").click()
    expect(status).to_have_text("Pending")

    worker = windows.open(server.url, session=session)
    worker.goto(page_of)
    page.evaluate("window.notReloaded = true")
    worker.get_by_role("link", name="Cancel the rest").click()
    expect(worker.locator("#content-main")).to_contain_text("6 people won't get it")
    screenshot(worker, "admin-cancel")
    worker.get_by_role("button", name="Cancel the rest").click()
    expect(worker.locator(".messagelist")).to_contain_text("Cancelled. 6 people won't get it.")
    expect(status).to_have_text("Cancelled")
    expect(page.locator('[data-count="cancelled"]')).to_have_text("6")
    expect(page.get_by_role("button", name="Resume")).to_be_hidden()
    assert page.evaluate("window.notReloaded")


def waiting_notice() -> str:
    """The page of a notice of three batches that nobody has begun."""
    with override_settings(NOTIFY_BATCH_SIZE=2):
        notice = notify.send(to=people(6), title="To many")
    return f"/admin/notify/notice/{notice.pk}/change/"


def test_the_page_of_a_user_tells_who_is_online_and_ends_their_sessions(
    server, signed_in, windows, screenshot
):
    session, theirs = signed_in("boss", **BOSS), signed_in("ada")
    fill_inbox("ada")
    notice = Notice.objects.order_by("pk").last()
    ada = notice.notifications.get().user_id
    page = windows.open(server.url, session=session)
    page.goto(f"/admin/notify/inbox/{ada}/change/?notice={notice.pk}#story")
    online = page.locator(".notify-online")
    expect(online).to_have_text(re.compile("Offline"))
    expect(page.locator("#story")).to_contain_text("no device has received it yet")

    window = windows.open(server.url, session=theirs)
    window.goto("/notify/")
    expect(online).to_have_text("Online, with:")
    expect(page.locator(".notify-devices li")).to_contain_text("Chrome")
    screenshot(page, "admin-person")
    page.get_by_role("button", name="End all sessions").click()
    expect(page.locator(".messagelist")).to_contain_text("1 session ended.")
    expect(window).to_have_url(re.compile("/accounts/login/"))
    expect(online).to_have_text(re.compile("Offline"))


@pytest.mark.parametrize(("width", "colours"), LOOKS)
def test_axe_finds_nothing_in_the_admin(  # noqa: PLR0917  (fixtures and parameters)
    server, signed_in, windows, screenshot, width, colours
):
    session = signed_in("boss", **BOSS)
    signed_in("ada")
    fill_inbox("ada")
    people(120)
    notice = Notice.objects.get(title="W" * 200)
    ada = notice.notifications.get().user_id
    size = {"width": width, "height": 900}
    page = windows.open(server.url, session=session, viewport=size, color_scheme=colours)
    paths = {
        "add": ADD,
        "list": "/admin/notify/notice/",
        "notice": f"/admin/notify/notice/{notice.pk}/change/",
        "cancel": f"/admin/notify/notice/{notice.pk}/cancel/",
        "recall": f"/admin/notify/notice/{notice.pk}/recall/",
        "inboxes": "/admin/notify/inbox/",
        "person": f"/admin/notify/inbox/{ada}/change/?notice={notice.pk}",
        "preferences": f"/admin/notify/inbox/{ada}/preferences/",
        "tokens": "/admin/notify/apitoken/",
        "new-token": "/admin/notify/apitoken/add/",
    }
    for name, path in paths.items():
        page.goto(path, wait_until="networkidle")
        screenshot(page, f"admin-{name}-{width}-{colours}")
        assert findings(page) == [], name
    compose(page, title="To all")
    page.get_by_label("Everyone").check()
    expect(number(page)).to_have_text("122 people")
    page.get_by_role("button", name="Send to 122 people").click()
    expect(page.get_by_role("heading", name="Send to 122 people?")).to_be_visible()
    assert findings(page) == []

"""The panel on the admin's index, and the way from a person to what became of a notice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Page, expect

import notify
from notify.models import Batch
from tests.browser.admin_pages import BOSS, LOOKS
from tests.browser.layout import findings
from tests.unit.inbox.helpers import people


@pytest.fixture
def server(start_server):
    # No worker, so that what is being sent stays so.
    return start_server(NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off", NOTIFY_SERVER_WORKERS="0")


@pytest.fixture
def sent():
    """One that is being sent, one that fails, one for tomorrow, and six that were sent."""
    some = people(6)
    boss = User.objects.get(username="boss")
    tomorrow = timezone.now() + timedelta(days=1)
    for n in range(6):
        notify.send(to=some, title=f"Elevator {n} runs again", sender=boss)
    seen = notify.send(to=some[:4], title="The canteen is closed on Friday", sender=boss)
    for one in some[:3]:
        notify.sending.mark(str(one.pk), "seen", ids=[seen.pk])
    notify.sending.mark(str(some[0].pk), "read", ids=[seen.pk])
    notify.send(to=some, title="Power cut tomorrow, from 6 to 8", send_at=tomorrow, sender=boss)
    with override_settings(NOTIFY_BATCH_SIZE=2):
        notify.send(to=some, title="Elevator 3 stops", level="critical")
        failed = notify.send(to=some, title="W" * 80)
    Batch.objects.filter(notice=failed).update(attempts=3)
    return some


def line(page: Page, title: str):
    return page.locator(".notify-desk li", has_text=title)


def test_what_is_being_sent_is_paused_and_resumed_on_the_index(
    server, signed_in, windows, screenshot
):
    session = signed_in("boss", **BOSS)
    with override_settings(NOTIFY_BATCH_SIZE=2):
        notify.send(to=people(6), title="Elevator 3 stops")
    page = windows.open(server.url, session=session)
    page.goto("/admin/")
    stops = line(page, "Elevator 3 stops")
    expect(stops).to_contain_text("0 / 6")
    stops.get_by_role("button", name="Pause: Elevator 3 stops").click()
    expect(page.locator(".messagelist")).to_contain_text("Paused. Not yet sent to 6 people.")
    expect(stops).to_contain_text("Paused")
    page.get_by_role("link", name="Elevator 3 stops").first.click()
    expect(page.locator("[data-stopped]")).to_contain_text("by boss")
    page.goto("/admin/")
    stops.get_by_role("button", name="Resume: Elevator 3 stops").click()
    expect(page.locator(".messagelist")).to_contain_text("Resumed. Sending to 6 people.")
    expect(stops.get_by_role("button", name="Pause: Elevator 3 stops")).to_be_visible()
    expect(page.locator("notify-online")).to_have_text("People online: 1")
    assert windows.complaints == []


def test_who_may_not_watch_the_servers_opens_no_socket_on_the_index(server, signed_in, windows):
    session = signed_in("clerk", is_staff=True)
    clerk = User.objects.get(username="clerk")
    clerk.user_permissions.add(Permission.objects.get(codename="view_notice"))
    page = windows.open(server.url, session=session)
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto("/admin/", wait_until="networkidle")
    expect(page.locator(".notify-desk")).to_contain_text("Nothing to show.")
    expect(page.locator("notify-online")).to_have_count(0)
    assert sockets == []


def test_what_became_of_a_notice_is_found_by_typing_a_part_of_its_title(server, signed_in, windows):
    session = signed_in("boss", **BOSS)
    ada = people(1, "ada")[0]
    old = notify.send(to=ada, title="Elevator 3 stops")
    for n in range(12):
        notify.send(to=ada, title=f"Parcel {n}")
    notify.recall(old, by=User.objects.get(username="boss"))
    page = windows.open(server.url, session=session)
    page.goto("/admin/notify/inbox/")
    page.get_by_role("link", name="ada-0").click()
    expect(page.locator(".notify-page")).to_contain_text("Confirmed by devices")
    ask = page.get_by_label("Title or ID of the notice")
    offered = page.locator("#notify-titles option")
    expect(offered).to_have_count(10)
    ask.press_sequentially("vator")
    expect(offered).to_have_count(1)  # which is not among the newest
    assert offered.first.get_attribute("value") == "Elevator 3 stops"
    ask.press("Enter")
    expect(page.locator("#story")).to_contain_text("It was recalled before ada-0 saw it.")
    recalled = page.locator(".notify-story li", has_text="Recalled")
    expect(recalled).to_contain_text("by boss")
    assert windows.complaints == []


def test_without_a_script_the_panel_and_the_story_work(server, signed_in, windows):
    session = signed_in("boss", **BOSS)
    ada = people(1, "ada")[0]
    notify.send(to=ada, title="Elevator 3 stops")
    page = windows.open(server.url, session=session, java_script_enabled=False, counted=False)
    page.goto("/admin/")
    expect(line(page, "Elevator 3 stops")).to_contain_text("0 delivered, 0 seen, 0 read of 1")
    page.goto(f"/admin/notify/inbox/{ada.pk}/change/")
    page.get_by_label("Title or ID of the notice").fill("stops")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#story")).to_contain_text("no device has received it yet")


@pytest.mark.parametrize(("width", "colours"), LOOKS)
def test_axe_finds_nothing_on_the_index_and_the_pages_it_leads_to(  # noqa: PLR0917  (fixtures)
    server, signed_in, windows, screenshot, width, colours, request
):
    session = signed_in("boss", **BOSS)
    person = request.getfixturevalue("sent")[0].pk
    size = {"width": width, "height": 900}
    page = windows.open(server.url, session=session, viewport=size, color_scheme=colours)
    page.goto("/admin/")
    expect(page.locator("notify-online")).to_be_visible()

    def look(name: str) -> None:
        screenshot(page, f"desk-{name}-{width}-{colours}")
        assert findings(page) == [], name

    look("index")
    line(page, "Elevator 3 stops").get_by_role("link").click()
    page.locator(".notify-slowest summary").click()
    look("slowest")
    page.goto(f"/admin/notify/inbox/{person}/change/?notice=Friday#story")
    expect(page.locator(".notify-story")).to_be_visible()
    look("person")

"""Where staff find what was sent, and the inbox of a person."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import Permission, User
from django.utils import timezone
from playwright.sync_api import expect

import notify
from tests.browser.admin_pages import BOSS, LIST, listed
from tests.unit.inbox.helpers import people


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
    expect(listed(page)).to_have_count(4)
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
        expect(listed(page)).to_have_text(found)
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

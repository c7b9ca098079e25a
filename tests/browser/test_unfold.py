"""The pages of the admin under django-unfold (tests/unfold_project), in Chromium."""

from __future__ import annotations

import pytest
from django.test import override_settings
from playwright.sync_api import expect

import notify
from notify.models import Notice
from tests.browser.admin_pages import ADD, BOSS, STOPPED_MS, preview
from tests.unit.inbox.helpers import people


@pytest.fixture
def server(start_server):
    # With DEBUG, for the static files of unfold are not among those that the tests collect.
    return start_server(
        NOTIFY_WELCOME="off",
        NOTIFY_NEW_DEVICE="off",
        DJANGO_SETTINGS_MODULE="tests.unfold_project.settings",
        DEBUG="on",
    )


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_notice_is_sent_and_looked_at_under_unfold(
    server, signed_in, windows, screenshot, colours
):
    session = signed_in("boss", **BOSS)
    ada = people(1, "ada")[0]
    notice = notify.send(to=ada, title="Earlier")
    size = {"width": 1400, "height": 900}
    page = windows.open(server.url, session=session, viewport=size, color_scheme=colours)
    page.goto(ADD)
    assert page.locator("html").evaluate("() => 'Alpine' in window")
    page.locator('[name="title"]').fill("Elevator 3 stops")
    page.get_by_label("Critical").check()
    page.locator('[name="usernames"]').fill("ada-0")
    expect(page.locator(".notify-number")).to_have_text("1 person")
    expect(preview(page, "dark", ".toast-title")).to_have_text("Elevator 3 stops")
    screenshot(page, f"unfold-add-{colours}")
    page.get_by_role("button", name="Send to 1 person").click()
    expect(page.locator("#content-main")).to_contain_text("Sends to 1 person now")
    page.get_by_role("button", name="Send to 1 person").click()
    expect(page.get_by_text("Sending to 1 person.")).to_be_visible()
    screenshot(page, f"unfold-countdown-{colours}")
    expect(page.locator("[data-status]")).to_have_text("Sent", timeout=STOPPED_MS)
    screenshot(page, f"unfold-notice-{colours}")
    page.goto("/admin/notify/notice/")
    expect(page.locator(".notify-bar").first).to_have_text("0 delivered, 0 seen, 0 read of 1")
    screenshot(page, f"unfold-list-{colours}")
    page.goto(f"/admin/notify/inbox/{ada.pk}/change/?notice={notice.pk}")
    expect(page.locator(".notify-online")).to_contain_text("Offline")
    expect(page.locator("#story")).to_contain_text("no device has received it yet")
    screenshot(page, f"unfold-person-{colours}")
    assert windows.complaints == []
    policy = page.goto("/notify/").headers["content-security-policy"]
    assert "unsafe" not in policy


def test_the_other_pages_render_with_their_headings(server, signed_in, windows, screenshot):
    session = signed_in("boss", **BOSS)
    notify.send(to=people(1)[0], title="Earlier")
    notice = Notice.objects.get().pk
    page = windows.open(server.url, session=session)
    for path in ("inbox/", "apitoken/", "apitoken/add/"):
        answer = page.goto(f"/admin/notify/{path}", wait_until="networkidle")
        assert answer.ok
    headings = {"recall": "Recall this notice?", "cancel": "Cancel the rest of this notice?"}
    for verb, heading in headings.items():
        page.goto(f"/admin/notify/notice/{notice}/{verb}/", wait_until="networkidle")
        expect(page.locator("#content-main h1")).to_have_text(heading)
        screenshot(page, f"unfold-{verb}")
    assert windows.complaints == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_index_has_the_panel(server, signed_in, windows, screenshot, colours):
    session = signed_in("boss", **BOSS)
    with override_settings(NOTIFY_BATCH_SIZE=2):
        notice = notify.send(to=people(6), title="Elevator 3 stops")
    notify.sending.pause(notice)
    notify.send(to=people(1, "ada")[0], title="Earlier")
    size = {"width": 1400, "height": 900}
    page = windows.open(server.url, session=session, viewport=size, color_scheme=colours)
    # Unfold's index has no icon, for it does not extend base_site.html.
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto("/admin/")
    expect(page.locator("notify-online")).to_have_text("People online: 1")
    screenshot(page, f"unfold-index-{colours}")
    page.get_by_role("button", name="Resume: Elevator 3 stops").click()
    expect(page.get_by_text("Resumed. Sending to 6 people.")).to_be_visible()
    assert windows.complaints == []

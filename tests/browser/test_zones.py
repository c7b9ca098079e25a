"""The server's times are those of the clock on the wall, where no script runs either."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from playwright.sync_api import expect

from notify.models import Notice
from tests.browser.inbox_page import DASHBOARD, live, rows, send_to_ada

THERE = "Australia/Eucla"  # a quarter of an hour off every server's zone, and never renamed


def test_who_has_been_here_with_scripts_reads_local_times_without(server, ada, windows):
    send_to_ada("Hello")
    created = timezone.now() - timedelta(days=3)
    Notice.objects.update(created=created)
    here = created.astimezone(timezone.get_default_timezone())
    there = created.astimezone(ZoneInfo(THERE))

    page = windows.open(server.url, session=ada, timezone_id=THERE)
    page.goto(DASHBOARD)
    live(page)
    expect(rows(page).locator("time")).to_have_text(f"{there:%a %H:%M}")
    [cookie] = [one for one in page.context.cookies() if one["name"] == "notify_zone"]
    assert cookie["value"] == THERE
    assert (cookie["path"], cookie["sameSite"], cookie["secure"]) == ("/", "Lax", False)

    still = windows.open(server.url, session=ada, java_script_enabled=False)
    still.goto(DASHBOARD)
    time = rows(still).locator("time")
    expect(time).to_have_text(f"{here:%a %H:%M}")
    still.context.add_cookies([cookie])
    still.reload()
    expect(time).to_have_text(f"{there:%a %H:%M}")
    assert (time.get_attribute("title") or "").endswith(f" {THERE}")
    assert windows.complaints == []

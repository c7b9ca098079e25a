"""What the inbox says and keeps where the server does not answer."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.browser.inbox_page import (
    DASHBOARD,
    DESK,
    PHONE,
    focused,
    inbox,
    live,
    rows,
    said,
    send_to_ada,
    tab,
    titles,
)


def refuse(route: Route) -> None:
    route.fulfill(status=500, content_type="application/json", body="{}")


def test_a_view_that_cannot_be_loaded_shows_no_other_views_rows(server, ada, windows, screenshot):
    send_to_ada("One", "Two about lunch")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.route(re.compile(r"/api/notify/inbox/\?"), refuse)
    tab(page, "Archived")
    failed = inbox(page).locator(".failed")
    expect(failed).to_contain_text("Couldn't load these notifications")
    expect(failed).to_contain_text("The server isn't responding. Retrying automatically.")
    expect(rows(page)).to_have_count(0)
    screenshot(page, "failed-archived")
    expect(said(page)).to_contain_text("Couldn't load these notifications")
    failed.get_by_role("button", name="Try again").focus()
    page.unroute(re.compile(r"/api/notify/inbox/\?"))
    page.keyboard.press("Enter")
    expect(inbox(page).get_by_text("Nothing archived")).to_be_visible()
    assert "#title" in focused(page)  # not lost with the button


def test_a_server_that_cannot_be_reached_is_told_since_when_and_marks_wait(
    start_server, signed_in, windows, screenshot
):
    server = start_server(NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off")
    session = signed_in("ada")
    send_to_ada("One", "Two")
    page = windows.open(server.url, session=session, **PHONE)
    page.goto(DASHBOARD)
    live(page)
    server.stop()
    expect(inbox(page).locator(".notice-text")).to_have_text(
        re.compile(r"^Server not reachable since \d\d:\d\d\. Changes are kept and sent later\.$"),
        timeout=20_000,
    )
    rows(page).first.get_by_role("button", name="Archive").tap()
    expect(inbox(page).locator(".snack-text")).to_have_text("Archived. Will be sent later.")
    screenshot(page, "server-unreachable-320")
    start_server(NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off", port=server.port)
    expect(inbox(page).locator(".notice-text")).to_be_empty(timeout=60_000)
    page.reload()
    expect(titles(page)).to_contain_text(["One"])
    expect(rows(page)).to_have_count(1)

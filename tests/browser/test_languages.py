"""The pages in the other language that is shipped, and from right to left."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.layout import flaws
from tests.browser.test_pages import fill_inbox


def test_a_german_browser_reads_german_from_server_and_scripts(
    server, signed_in, windows, screenshot
):
    session = signed_in("ada")
    fill_inbox("ada")
    phone = {"width": 320, "height": 800}
    page = windows.open(
        server.url, session=session, locale="de", viewport=phone, is_mobile=True, has_touch=True
    )
    page.goto("/notify/")
    expect(page.locator("notify-inbox .unread")).to_have_text("8 ungelesen")
    state = page.locator("notify-inbox article .for-unread").first
    expect(state).to_have_text("Ungelesen, kritisch: ")
    expect(page.locator("notify-inbox time").first).to_have_text("jetzt")
    screenshot(page, "german-320")
    assert flaws(page) == []
    page.locator("notify-inbox .read-all").tap()
    expect(page.locator("notify-inbox .snack-text")).to_have_text("8 als gelesen markiert")
    expect(page.locator("notify-bell .bell")).to_have_attribute("aria-label", "Benachrichtigungen")
    assert windows.complaints == []

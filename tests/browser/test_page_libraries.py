"""In pages that a library of the site's own puts together: htmx, Turbo, React, and by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import wait_until_live
from tests.browser.inbox_page import DASHBOARD, badge, send_by_http, titles
from tests.browser.libraries import Sockets, use

HTMX_2 = "htmx-2/dist/htmx.js"
HTMX_4 = "htmx.org/dist/htmx.js"
TURBO = "@hotwired/turbo/dist/turbo.es2017-umd.js"
ELSEWHERE = "/accounts/password_change/"
UNREAD = "document.querySelector('notify-bell').client.unread"
TURBOS_OWN = "Applying inline style"  # of its progress bar
PRESERVED = "id=bell data-turbo-permanent hx-preserve"


def open_at(windows: Any, server: Any, session: str, library: str, **options: Any) -> Page:
    page = windows.open(server.url, session=session, viewport={"width": 1280, "height": 800})
    use(page, library, **options)
    return page


def start_at(page: Page, address: str) -> Sockets:
    """Loads the page, and marks it: a page that is loaded anew has no mark."""
    sockets = Sockets(page)
    page.goto(address)
    wait_until_live(page)
    page.evaluate("window.isSame = true")
    return sockets


def assert_works(page: Page, sockets: Sockets, *, in_inbox: bool = False) -> None:
    """The bell takes what is sent, its panel shows it, and what is pressed there is done once."""
    marked = sockets.marks("read")
    wait_until_live(page)
    send_by_http(page, "warning")
    expect(badge(page)).to_have_text("1")
    if in_inbox:
        expect(titles(page).first).to_contain_text("This is warning")
    page.locator("notify-bell .bell").click()
    first = page.locator("notify-bell .panel article").first
    expect(first).to_contain_text("This is warning")
    expect(first).to_have_attribute("data-unread", "")
    expect(badge(page)).to_be_hidden()
    page.locator("notify-bell .toggle-read").first.click()
    expect(first).not_to_have_attribute("data-unread", "")
    assert sockets.marks("read") == marked + 1
    page.locator("notify-bell .toggle-read").first.click()
    page.locator("notify-bell .read-all").click()
    expect(page.locator("notify-bell .read-all")).to_be_hidden()
    assert page.evaluate(UNREAD) == 0
    assert sockets.marks("read") == marked + 2
    page.keyboard.press("Escape")
    expect(page.locator("notify-bell .panel")).to_be_hidden()
    assert (sockets.open, sockets.opened) == (1, 1)
    assert page.evaluate("window.isSame") is True


def preserved(html: str) -> str:
    return html.replace("<notify-bell ", f"<notify-bell {PRESERVED} ")


@pytest.mark.parametrize("change", [str, preserved], ids=["replaced", "preserved"])
@pytest.mark.parametrize("library", [HTMX_2, HTMX_4, TURBO], ids=["htmx-2", "htmx-4", "turbo"])
def test_bell_and_inbox_live_through_back_and_forward(  # noqa: PLR0917  (fixtures and parameters)
    server, ada, windows, screenshot, library, change
):
    page = open_at(windows, server, ada, library, change=change)
    sockets = start_at(page, ELSEWHERE)
    page.get_by_role("link", name="notify").click()
    expect(page).to_have_url(re.compile("/notify/$"))
    expect(page.locator("notify-inbox .tabs")).to_be_visible()
    page.locator("notify-bell .bell").click()
    page.keyboard.press("Escape")
    assert_works(page, sockets, in_inbox=True)
    page.go_back()
    expect(page.locator("notify-inbox")).to_have_count(0)
    assert_works(page, sockets)
    page.go_forward()
    expect(titles(page).first).to_be_visible()
    assert_works(page, sockets, in_inbox=True)
    page.go_back()
    expect(page.locator("notify-inbox")).to_have_count(0)
    page.go_forward()
    expect(titles(page).first).to_be_visible()
    assert_works(page, sockets, in_inbox=True)
    inbox = page.locator("notify-inbox article").first
    inbox.hover()
    inbox.locator(".archive").click()
    expect(page.locator("notify-inbox .snack")).to_be_visible()
    assert sockets.marks("archived") == 1
    screenshot(page, f"library-{library.split('/')[0].strip('@')}-{change.__name__}")
    assert [one for one in windows.complaints if TURBOS_OWN not in one] == []


Move = Callable[[Page], None]
BELL = "document.querySelector('notify-bell')"


def put_elsewhere(page: Page) -> None:
    page.evaluate(f"{{ const it = {BELL}; it.remove(); document.querySelector('main').append(it); }}")


def append(page: Page) -> None:
    page.evaluate(f"document.querySelector('main').append({BELL})")


def move(page: Page) -> None:
    page.evaluate(f"document.querySelector('main').moveBefore({BELL}, null)")


def clone(page: Page) -> None:
    page.evaluate(f"{{ const it = {BELL}; it.replaceWith(it.cloneNode(true)); }}")


def write_anew(page: Page) -> None:
    page.evaluate("document.body.innerHTML = document.body.innerHTML")


def write_with_roots(page: Page) -> None:
    page.evaluate(
        """document.body.setHTMLUnsafe(document.body.getHTML({ shadowRoots:
            [document.querySelector("notify-bell").shadowRoot] }))"""
    )


@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize("how", [put_elsewhere, append, move, clone, write_anew])
def test_an_element_that_is_moved_or_copied_is_alive(  # noqa: PLR0917
    server, ada, windows, how: Move, is_open: bool
):
    page = windows.open(server.url, session=ada, viewport={"width": 1280, "height": 800})
    sockets = start_at(page, ELSEWHERE)
    send_by_http(page, "info")
    expect(badge(page)).to_have_text("1")
    page.locator("notify-bell .bell").click()
    expect(page.locator("notify-bell .panel article")).to_have_count(1)
    if not is_open:
        page.keyboard.press("Escape")
    for _ in range(3):
        how(page)
    if page.locator("notify-bell .panel").is_visible():
        page.keyboard.press("Escape")
    assert_works(page, sockets)
    assert windows.complaints == []

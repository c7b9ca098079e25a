"""In pages that a library of the site's own puts together: htmx, Turbo, React, and by hand."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import until, wait_until_live
from tests.browser.inbox_page import DASHBOARD, badge, send_by_http, titles
from tests.browser.libraries import Sockets, use
from tests.conftest import PASSWORD
from tests.harness.waiting import eventually

HTMX_2 = "htmx-2/dist/htmx.js"
HTMX_4 = "htmx.org/dist/htmx.js"
TURBO = "@hotwired/turbo/dist/turbo.es2017-umd.js"
ELSEWHERE = "/accounts/password_change/"
LEVELS = itertools.cycle(["info", "success", "warning"])  # no row reads as the one before
CLIENT = "document.querySelector('notify-bell').client"
UNREAD = f"{CLIENT}.unread"
TURBOS_OWN = "Applying inline style"  # of its progress bar
PRESERVED = "id=bell data-turbo-permanent hx-preserve"


def open_at(windows: Any, server: Any, session: str, library: str, **options: Any) -> Page:
    size = {"width": 1280, "height": 800}
    page: Page = windows.open(server.url, session=session, viewport=size)
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
    level = next(LEVELS)
    wait_until_live(page)
    send_by_http(page, level)
    if in_inbox:
        expect(titles(page).first).to_contain_text(f"This is {level}")
    else:
        expect(badge(page)).to_have_text("1")
    page.locator("notify-bell .bell").click()
    first = page.locator("notify-bell .panel article").first
    expect(first).to_contain_text(f"This is {level}")
    expect(first).to_have_attribute("data-unread", "")
    expect(badge(page)).to_be_hidden()
    page.locator("notify-bell .toggle-read").first.click()
    expect(first).not_to_have_attribute("data-unread", "")
    sockets.wait_for_marks(page, "read", marked + 1)
    page.locator("notify-bell .toggle-read").first.click()
    page.locator("notify-bell .read-all").click()
    expect(page.locator("notify-bell .read-all")).to_be_hidden()
    assert page.evaluate(UNREAD) == 0
    sockets.wait_for_marks(page, "read", marked + 2)
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
    page.evaluate("document.querySelector('notify-bell').isFirst = true")
    page.get_by_role("link", name="notify").click()
    expect(page).to_have_url(re.compile("/notify/$"))
    expect(page.locator("notify-inbox .tabs")).to_be_visible()
    is_first = page.evaluate("document.querySelector('notify-bell').isFirst ?? false")
    assert is_first == (change is preserved)
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
    sockets.wait_for_marks(page, "archived", 1)
    screenshot(page, f"library-{library.split('/')[0].strip('@')}-{change.__name__}")
    assert [one for one in windows.complaints if TURBOS_OWN not in one] == []


@pytest.fixture
def bob(make_user: Callable[..., User]) -> str:
    return str(make_user("bob").username)


Move = Callable[[Page], None]
BELL = "document.querySelector('notify-bell')"


def put_elsewhere(page: Page) -> None:
    page.evaluate(
        f"{{ const it = {BELL}; it.remove(); document.querySelector('main').append(it); }}"
    )


def append(page: Page) -> None:
    page.evaluate(f"document.querySelector('main').append({BELL})")


def move(page: Page) -> None:
    page.evaluate(f"document.querySelector('main').moveBefore({BELL}, null)")


def clone(page: Page) -> None:
    page.evaluate(f"{{ const it = {BELL}; it.replaceWith(it.cloneNode(true)); }}")


def write_anew(page: Page) -> None:
    page.evaluate("document.body.innerHTML = document.body.innerHTML")


@pytest.mark.parametrize("how", [put_elsewhere, append, move, clone, write_anew])
def test_an_element_that_is_moved_or_copied_is_alive(server, ada, windows, how: Move):
    for is_open in (False, True):
        page = windows.open(server.url, session=ada, viewport={"width": 1280, "height": 800})
        sockets = start_at(page, ELSEWHERE)
        send_by_http(page, "info")
        expect(badge(page)).to_have_text("1")
        page.locator("notify-bell .bell").click()
        expect(page.locator("notify-bell .panel article").first).to_contain_text("This is info")
        if not is_open:
            page.keyboard.press("Escape")
        for _ in range(3):
            how(page)
        if page.locator("notify-bell .panel").is_visible():
            page.keyboard.press("Escape")
        assert_works(page, sockets)
        page.close()
    assert windows.complaints == []


MOUNTED = """
const { createElement } = require("react");
const html = document.querySelector("notify-bell").outerHTML;
document.querySelector("notify-bell").remove();
const place = document.createElement("div");
document.querySelector("main").append(place);
const root = require("react-dom/client").createRoot(place);
const Bell = () => createElement("div", { dangerouslySetInnerHTML: { __html: html } });
window.show = (isThere, key = 1) => root.render(isThere ? createElement(Bell, { key }) : null);
show(true);
"""


def test_react_unmounts_and_mounts_it_and_nothing_is_left_behind(server, ada, windows):
    page = open_at(windows, server, ada, "react")
    page.add_init_script(COUNT_LISTENERS)
    sockets = start_at(page, ELSEWHERE)
    page.evaluate(f"{{ {MOUNTED} }}")
    assert_works(page, sockets)
    page.evaluate("window.weak = []")
    before = page.evaluate("listeners()")
    for key in range(5):
        page.evaluate("weak.push(new WeakRef(document.querySelector('notify-bell')))")
        page.evaluate("show(false)")
        expect(page.locator("notify-bell")).to_have_count(0)
        page.evaluate(f"show(true, {key})")
        assert_works(page, sockets)
    assert page.evaluate("listeners()") == before
    eventually(lambda: not remembered(page), what="the elements that were unmounted")
    assert windows.complaints == []


# How many listeners there are on what outlives an element.
COUNT_LISTENERS = """{
    const { addEventListener } = EventTarget.prototype;
    let count = 0;
    EventTarget.prototype.addEventListener = function (type, listener, options) {
        const ofElement = this instanceof Element || this instanceof ShadowRoot;
        const outlives = !ofElement && !(this instanceof AbortSignal);
        if (outlives && options?.signal && !options.signal.aborted) {
            count += 1;
            addEventListener.call(options.signal, "abort", () => { count -= 1; });
        }
        return addEventListener.call(this, type, listener, options);
    };
    window.listeners = () => count;
}"""


def remembered(page: Page) -> int:
    page.request_gc()
    return int(page.evaluate("weak.filter((one) => one.deref() !== undefined).length"))


def test_a_page_that_htmx_kept_from_before_a_reload_is_drawn_and_holds_no_rows_of_ours(
    server, ada, windows
):
    page = open_at(windows, server, ada, HTMX_2)
    start_at(page, DASHBOARD)
    send_by_http(page, "error")
    expect(titles(page).first).to_contain_text("This is error")
    page.locator(".account").click()
    page.get_by_role("link", name="Change password").click()
    expect(page.locator("notify-inbox")).to_have_count(0)
    kept = page.evaluate("sessionStorage.getItem('htmx-history-cache')")
    assert "notify-inbox" in kept
    assert "This is error" not in kept
    sockets = start_at(page, ELSEWHERE)  # the same address: a reload
    page.go_back()
    expect(titles(page).first).to_contain_text("This is error")
    assert_works(page, sockets, in_inbox=True)
    assert [one for one in windows.complaints if TURBOS_OWN not in one] == []


def sign_in(page: Page, name: str) -> None:
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()


def test_who_signs_out_and_in_without_a_load_has_an_inbox_of_their_own(server, ada, windows, bob):
    page = open_at(windows, server, ada, TURBO)
    sockets = start_at(page, DASHBOARD)
    page.locator(".account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("[name=username]")).to_be_visible()
    sockets.wait_until_closed(page)
    assert page.evaluate("window.isSame") is True  # nobody was sent away from where they are
    sign_in(page, "ada")
    expect(page.locator("notify-inbox .tabs")).to_be_visible()
    wait_until_live(page)
    send_by_http(page, "error")
    expect(titles(page).first).to_contain_text("This is error")
    assert page.evaluate("window.isSame") is True
    page.locator(".account").click()
    page.get_by_role("button", name="Sign out").click()
    sockets.wait_until_closed(page)
    with page.expect_event("load"):  # it is loaded anew, as theirs
        sign_in(page, bob)
    expect(page.locator(".account")).to_contain_text(bob)
    wait_until_live(page)
    expect(titles(page)).to_have_count(0)
    others = [one for one in windows.complaints if TURBOS_OWN not in one]
    assert [one for one in others if "401 (Unauthorized)" not in one] == []


def test_back_after_a_sign_out_without_a_load_shows_no_rows(server, ada, windows):
    page = open_at(windows, server, ada, HTMX_2)
    sockets = start_at(page, DASHBOARD)
    send_by_http(page, "error")
    expect(titles(page).first).to_contain_text("This is error")
    page.locator(".account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("[name=username]")).to_be_visible()
    sockets.wait_until_closed(page)
    page.evaluate(
        """window.shown = 0;
        setInterval(() => {
            const inbox = document.querySelector("notify-inbox");
            window.shown += inbox?.shadowRoot?.querySelectorAll("article").length ?? 0;
        }, 20);"""
    )
    page.go_back()
    expect(page.locator("notify-inbox")).to_have_count(1)
    eventually(lambda: page.evaluate(f"{CLIENT}.status.state") == "signed-out")
    assert page.evaluate("window.shown") == 0


def test_with_turbo_back_to_a_tab_of_the_inbox_finds_the_inbox(server, ada, windows):
    page = open_at(windows, server, ada, TURBO)
    sockets = start_at(page, DASHBOARD)
    page.get_by_role("link", name="Archived").click()
    page.locator(".account").click()
    page.get_by_role("link", name="Devices and alerts").first.click()
    expect(page.locator("notify-inbox")).to_have_count(0)
    watch = {"type": "watch", "topic": "sockets"}
    until(page, lambda: watch in sockets.frames, what="the list's watch")
    page.locator(".account").click()
    page.get_by_role("link", name="Change password").click()
    # What the page watched for its list of windows ends with it.
    unwatch = {"type": "unwatch", "topic": "sockets"}
    until(page, lambda: unwatch in sockets.frames, what="the watch's end")
    page.go_back()
    page.go_back()
    expect(page.locator("notify-inbox [aria-current]")).to_have_text("Archived")
    page.go_back()
    expect(page.locator("notify-inbox [aria-current]")).to_have_text("All")
    assert page.evaluate("window.isSame") is True


@pytest.mark.parametrize("library", [HTMX_2, HTMX_4], ids=["htmx-2", "htmx-4"])
def test_the_number_in_the_title_is_there_after_a_library_has_set_the_title(
    server, ada, windows, library
):
    page = open_at(windows, server, ada, library)
    start_at(page, ELSEWHERE)
    send_by_http(page, "info")
    expect(badge(page)).to_have_text("1")
    page.locator(".account").click()
    page.get_by_role("link", name="Operations").click()
    expect(page).to_have_title(re.compile(r"^\(1\) Operations"))


def test_an_element_of_somebody_else_has_the_page_loaded_anew(server, ada, windows):
    """Also beside one that a library has kept of the user before."""
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    wait_until_live(page)
    with page.expect_event("load"):
        page.evaluate(
            """() => {
                const kept = document.querySelector("notify-bell");
                const other = kept.cloneNode(true);
                const config = { ...JSON.parse(kept.dataset.config), user: "another" };
                other.dataset.config = JSON.stringify(config);
                kept.after(other);
            }"""
        )

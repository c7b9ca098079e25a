"""Elements that are moved, copied, unmounted and mounted, by hand and by React."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import until
from tests.browser.inbox_page import badge, send_by_http
from tests.browser.libraries import ELSEWHERE, HTMX_2, assert_works, open_at, start_at
from tests.harness.waiting import eventually

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


LEFT_EARLY = """() => {
    for (const bell of document.querySelectorAll("notify-bell")) {
        const copy = bell.cloneNode(true);
        copy.querySelector("template").remove();
        bell.replaceWith(copy);
    }
}"""


def second_bell(html: str) -> str:
    return re.sub(
        "(<notify-bell )(.*?</notify-bell>)", r"\1\2\1id=second \2", html, flags=re.DOTALL
    )


def test_copies_from_before_the_script_are_fetched_each_in_its_place_and_again_where_that_fails(
    server, ada, windows
):
    page = open_at(windows, server, ada, HTMX_2, change=second_bell)
    start_at(page, ELSEWHERE)
    send_by_http(page, "info")
    failed: list[Route] = []

    def fail(route: Route) -> None:
        failed.append(route)
        route.abort("internetdisconnected")

    page.route(f"**{ELSEWHERE}", fail)
    page.evaluate(LEFT_EARLY)
    until(page, lambda: len(failed) == 2, what="both requests")
    page.unroute(f"**{ELSEWHERE}", fail)
    bells = page.locator("notify-bell .bell")
    expect(bells).to_have_count(2)
    assert page.locator("notify-bell").evaluate_all("bells => bells.map((one) => one.id)") == [
        "",
        "second",
    ]
    expect(badge(page)).to_have_text(["1", "1"])
    assert [one for one in windows.complaints if "ERR_INTERNET_DISCONNECTED" not in one] == []


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

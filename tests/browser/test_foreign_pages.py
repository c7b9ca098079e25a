"""Pages as other sites have them: without a language, and dark in their own way."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import wait_until_live
from tests.browser.inbox_page import DASHBOARD, send_by_http, titles


def changed(page: Page, change: Callable[[str], str]) -> None:
    """`change` gets the HTML of each page on its way to the browser."""

    def put_in(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        is_page = "text/html" in answer.headers.get("content-type", "")
        if not is_page:
            route.fulfill(response=answer)
            return
        ours = answer.text()
        theirs = change(ours)
        assert theirs != ours
        route.fulfill(response=answer, body=theirs)

    page.route(re.compile(r"/(notify|accounts/\w+)/($|\?)"), put_in)


LANGUAGES = ["", 'lang=""', 'lang="en_US"', 'lang="English"', 'lang="x"', 'lang="de-"']


def test_a_page_whose_language_is_none_works(server, ada, windows, subtests):
    for attribute in LANGUAGES:
        with subtests.test(attribute=attribute):
            windows.complaints.clear()
            page = windows.open(server.url, session=ada, viewport={"width": 1280, "height": 800})
            changed(page, lambda html, lang=attribute: html.replace('lang="en"', lang, 1))
            page.goto(DASHBOARD)
            wait_until_live(page)
            send_by_http(page, "error", "info")
            told = [re.compile("This is info"), re.compile("This is error")]
            expect(titles(page)).to_have_text(told)
            expect(page.locator("notify-inbox .unread")).to_have_text("2 unread")
            page.locator("notify-bell .bell").click()
            expect(page.locator("notify-bell .panel .title")).to_have_text(told)
            page.keyboard.press("Escape")
            for _ in told:
                page.locator("notify-inbox .archive").first.click(force=True)
            expect(titles(page)).to_have_count(0)
            page.get_by_role("link", name="Archived").click()
            expect(titles(page).first).to_be_visible()
            assert windows.complaints == []
            page.close()


# What is written where, and on what: the nearest background that is not transparent.
CONTRAST = """(selectors) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (colour) => {
        const [r, g, b] = rgba(colour).slice(0, 3).map((value) => {
            const share = value / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
            const { backgroundColor } = getComputedStyle(at);
            if (rgba(backgroundColor)[3] === 255) return backgroundColor;
        }
        return "white";
    };
    return selectors.map(([host, selector]) => {
        const element = document.querySelector(host).shadowRoot.querySelector(selector);
        const both = [luminance(getComputedStyle(element).color), luminance(ground(element))];
        return [`${host} ${selector}`, (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)];
    });
}"""
TEXTS = [
    ("notify-inbox", "#title"),
    ("notify-inbox", ".unread"),
    ("notify-inbox", ".tabs a"),
    ("notify-inbox", ".row .title"),
    ("notify-inbox", ".row .meta"),
    ("notify-inbox", ".search input"),
    ("notify-bell", ".bell"),
    ("notify-bell", ".panel strong"),
    ("notify-bell", ".panel .row .title"),
    ("notify-bell", ".panel .row .meta"),
    ("notify-bell", ".panel-all"),
    ("notify-bell", ".toast-title"),
    ("notify-connection", ".label"),
]


def painted(page: Page, css: str, scheme: str) -> None:
    """A page in somebody else's colours, of which ours know nothing."""

    def bare(html: str) -> str:
        html = re.sub(r"<link [^>]*/page\.[^>]*>", "", html)
        return html.replace('content="light dark"', f'content="{scheme}"')

    changed(page, bare)
    page.add_init_script(
        f"""addEventListener("DOMContentLoaded", () => {{
            const sheet = new CSSStyleSheet();
            sheet.replaceSync({css!r});
            document.adoptedStyleSheets.push(sheet);
        }})"""
    )


DARK = "body { background: #14171f; color: #e8e8e8 }"
TRANSPARENT = """notify-inbox { color-scheme: dark }
    notify-inbox::part(surface) { background: none }"""
PAGES: dict[str, tuple[str, str]] = {
    "dark": (DARK, "normal"),
    "dark-by-scheme": (DARK, "dark"),
    "light": ("body { background: #fdf6e3; color: #333 }", "normal"),
    "light-by-scheme": ("body { background: #fdf6e3; color: #333 }", "light"),
    "dark-and-inheriting": (f"* {{ color: inherit; background: none }} {DARK}", "normal"),
    "transparent": (DARK + TRANSPARENT, "normal"),
}

SURFACES = {"dark-by-scheme": "rgb(22, 24, 29)", "transparent": "rgba(0, 0, 0, 0)"}


def test_all_is_readable_on_a_page_of_any_colour(server, ada, windows, screenshot, subtests):
    for look, preferred in product(PAGES, ("light", "dark")):
        with subtests.test(look=look, preferred=preferred):
            page = windows.open(
                server.url,
                session=ada,
                color_scheme=preferred,
                viewport={"width": 1280, "height": 800},
            )
            painted(page, *PAGES[look])
            page.goto(DASHBOARD)
            wait_until_live(page)
            send_by_http(page, "info")
            titles(page).first.hover()
            send_by_http(page, "critical")  # whose row waits, so it has a toast
            expect(page.locator("notify-bell .toast")).to_be_visible()
            page.locator("notify-bell .bell").click()
            expect(page.locator("notify-bell .panel article").nth(1)).to_be_visible()
            page.mouse.move(5, 795)
            screenshot(page, f"foreign-{look}-{preferred}")
            assert surface(page) == SURFACES.get(look, "rgb(255, 255, 255)")
            contrasts = dict(page.evaluate(CONTRAST, TEXTS))
            assert {one: ratio for one, ratio in contrasts.items() if ratio < 4.5} == {}
            page.close()


def surface(page: Page) -> str:
    section = page.locator("notify-inbox section")
    return str(section.evaluate("(section) => getComputedStyle(section).backgroundColor"))

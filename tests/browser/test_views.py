"""Tabs, filters and search; what arrives while one reads; keys; pages without a script."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.inbox_page import DASHBOARD, live, rows, send_by_http, send_to_ada, titles


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.shadowRoot.activeElement.ariaPosInSet"))


def test_tabs_filters_and_search_are_in_the_address(server, ada, windows, screenshot):
    send_to_ada("Disk is full", level="error", category="ops")
    send_to_ada("Lunch", "Dinner", category="food")
    page = windows.open(server.url, session=ada, viewport={"width": 1280, "height": 800})
    page.goto(DASHBOARD)
    live(page)
    expect(rows(page)).to_have_count(3)
    inbox = page.locator("notify-inbox")
    inbox.get_by_label("Category").select_option("food")
    expect(titles(page)).to_contain_text(["Dinner", "Lunch"])
    expect(page).to_have_url(re.compile(r"\?category=food$"))
    inbox.get_by_role("searchbox").fill("LUN")
    expect(titles(page)).to_contain_text(["Lunch"])
    expect(rows(page)).to_have_count(1)
    inbox.get_by_label("Level").select_option("error")
    expect(inbox.get_by_text("Nothing matches")).to_be_visible()
    screenshot(page, "nothing-matches")
    inbox.get_by_role("link", name="Clear filters").click()
    expect(rows(page)).to_have_count(3)
    expect(page).to_have_url(f"{server.url}{DASHBOARD}")
    rows(page).nth(2).hover()
    rows(page).nth(2).get_by_role("button", name="Archive").click()
    expect(rows(page)).to_have_count(2)
    inbox.get_by_role("link", name="Archived").click()
    expect(titles(page)).to_contain_text(["Disk is full"])
    expect(rows(page)).to_have_count(1)
    page.reload()
    expect(titles(page)).to_contain_text(["Disk is full"])
    rows(page).first.hover()
    rows(page).first.get_by_role("button", name="Move to inbox").click()
    expect(inbox.get_by_text("Nothing archived")).to_be_visible()
    page.go_back()
    expect(rows(page)).to_have_count(3)
    assert windows.complaints == []


def test_in_the_unread_tab_a_row_stays_while_it_is_being_read(server, ada, windows):
    send_to_ada("One", "Two", body="text")
    page = windows.open(server.url, session=ada)
    page.goto(f"{DASHBOARD}?tab=unread")
    live(page)
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="Two").click()
    expect(page.locator("notify-inbox .unread")).to_have_text("1 unread")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("link", name="All", exact=True).click()
    page.get_by_role("link", name="Unread").click()
    expect(titles(page)).to_contain_text(["One"])
    expect(rows(page)).to_have_count(1)


def test_older_ones_are_loaded_by_scrolling(server, ada, windows):
    send_to_ada(*(f"Notice {number}" for number in range(1, 121)))
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    expect(rows(page)).to_have_count(50)
    for count in (100, 120):
        rows(page).last.scroll_into_view_if_needed()
        expect(rows(page)).to_have_count(count)
    expect(rows(page).last).to_have_attribute("aria-setsize", "120")


def test_to_be_seen_draws_no_row_anew(server, ada, windows):
    send_to_ada("One", "Two", "Three")
    page = windows.open(server.url, session=ada, viewport={"width": 800, "height": 100})
    page.goto(DASHBOARD)
    expect(rows(page).last).to_have_attribute("aria-posinset", "3")
    expect(page.locator("notify-bell .badge")).to_have_text("3")  # they are below the screen
    page.evaluate("""() => {
        window.drawn = [];
        const list = document.querySelector("notify-inbox").shadowRoot.querySelector(".rows");
        const all = { subtree: true, childList: true, attributes: true, characterData: true };
        const observer = new MutationObserver((records) => drawn.push(records.length));
        observer.observe(list, all);
    }""")
    page.set_viewport_size({"width": 800, "height": 800})
    expect(page.locator("notify-bell .badge")).to_be_hidden()
    page.wait_for_timeout(500)  # time for what must not be drawn
    assert page.evaluate("drawn") == []


def test_what_arrives_while_one_reads_waits_behind_a_pill(server, ada, windows, screenshot):
    send_to_ada(*(f"Notice {number}" for number in range(1, 41)))
    page = windows.open(server.url, session=ada, viewport={"width": 768, "height": 700})
    page.goto(DASHBOARD)
    live(page)
    expect(rows(page)).to_have_count(40)
    page.evaluate("scrollTo(0, 1500)")
    before = rows(page).nth(20).bounding_box()
    send_by_http(page, "info", "success")
    pill = page.locator("notify-inbox .pill")
    expect(pill).to_have_text("2 new")
    expect(rows(page)).to_have_count(40)
    screenshot(page, "pill")
    after = rows(page).nth(20).bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 2
    pill.click()
    expect(rows(page)).to_have_count(42)
    expect(pill).to_be_hidden()
    expect(rows(page).first).to_be_in_viewport()
    expect(page.locator("[data-notify-live=polite]")).to_have_text("2 new")


def test_the_keys(server, ada, windows, screenshot):
    send_to_ada("One", "Two", "Three", "Four")
    page = windows.open(server.url, session=ada, viewport={"width": 1280, "height": 800})
    page.goto(DASHBOARD)
    live(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == "2"
    page.keyboard.press("k")
    assert focused(page) == "1"
    page.keyboard.press("Enter")
    expect(page.locator("notify-inbox .unread")).to_have_text("3 unread")
    rows(page).first.focus()
    page.keyboard.press("u")
    expect(page.locator("notify-inbox .unread")).to_have_text("4 unread")
    page.keyboard.press("e")
    expect(rows(page)).to_have_count(3)
    assert focused(page) == "1"  # the next row has the focus
    expect(titles(page).first).to_contain_text("Three")
    for left in (2, 1, 0):
        page.keyboard.press("e")
        expect(rows(page)).to_have_count(left)
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.id") == "title"
    page.keyboard.press("/")
    page.keyboard.type("e?")
    expect(page.get_by_role("searchbox")).to_have_value("e?")
    page.keyboard.press("Escape")
    page.locator("notify-inbox #title").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    screenshot(page, "keys")
    page.get_by_label("Enable shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()


def test_all_read_by_one_key(server, ada, windows):
    send_to_ada("One", "Two")
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    live(page)
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("Shift+A")
    expect(page.locator("notify-inbox .unread")).to_have_text("")


def test_a_critical_one_is_announced_at_once(server, ada, windows):
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    live(page)
    send_by_http(page, "critical")
    said = page.locator("[data-notify-live=assertive]")
    expect(said).to_have_text("Critical: This is critical")


def test_the_rows_are_in_the_html_and_work_without_a_script(server, ada, windows, screenshot):
    send_to_ada("One", "Two", body="text")
    page = windows.open(server.url, session=ada, java_script_enabled=False)
    page.goto(DASHBOARD)
    expect(titles(page)).to_have_text(["Two", "One"])
    screenshot(page, "without-script")
    rows(page).first.get_by_role("button", name="Mark as read").click()
    expect(page.locator("notify-inbox .unread")).to_have_text("1 unread")
    rows(page).first.get_by_role("button", name="Archive").click()
    expect(titles(page)).to_have_text(["One"])
    page.get_by_role("link", name="Archived").click()
    expect(titles(page)).to_have_text(["Two"])
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("notify-inbox .unread")).to_have_text("")
    page.get_by_role("searchbox").fill("nothing of the kind")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("Nothing matches")).to_be_visible()

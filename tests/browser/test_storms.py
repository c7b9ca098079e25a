"""Many notices at once: no critical toast is lost, and every number on the screen is true."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import until_panel_script, wait_until_live
from tests.browser.inbox_page import send_to_ada
from tests.harness.waiting import eventually

ELSEWHERE = "/accounts/password_change/"
LEVELS = ("info", "success", "warning", "error", "critical")
NOTICES = 50
SECONDS = 5
SIZES = {"wide": (1280, 800), "phone": (320, 640)}
# Each at its moment, whether or not the ones before it have been answered.
SEND = """async ({ notices, csrf }) => {
    await Promise.all(notices.map(async ({ at, ...notice }) => {
        await new Promise((resolve) => setTimeout(resolve, at * 1000));
        const { status } = await fetch("/api/notify/notices/", {
            method: "POST",
            headers: { "Content-Type": "application/json", ...csrf },
            body: JSON.stringify({ to: { users: ["ada"] }, ...notice }),
        });
        if (status !== 201) throw new Error(`${status}`);
    }));
}"""
CSRF = "JSON.parse(document.querySelector('[data-config]').dataset.config).csrf"


def storm(seed: int) -> list[dict[str, Any]]:
    """Fifty notices of any level, in any order, at any moment of five seconds; two are critical."""
    chance = random.Random(seed)  # noqa: S311
    weights = [chance.random() for _ in LEVELS]
    levels = [*chance.choices(LEVELS, weights, k=NOTICES - 2), "critical", "critical"]
    chance.shuffle(levels)
    return [
        {"title": f"{level} {number}", "level": level, "at": chance.uniform(0, SECONDS)}
        for number, level in enumerate(levels)
    ]


def toasts(page: Page) -> Any:
    return page.locator("notify-bell .toast")


def dismissed_one_by_one(page: Page) -> list[str]:
    """The titles of all critical toasts: those that wait come forward."""
    titles = []
    critical = page.locator("notify-bell .toast[data-level=critical]")
    while critical.count():
        titles.append(critical.last.locator(".toast-title").inner_text())
        critical.last.get_by_role("button", name="Dismiss").click()
    return titles


@pytest.mark.parametrize("seed", range(4))
def test_a_storm_loses_no_critical_toast_and_tells_true_numbers(
    server, ada, windows, screenshot, seed
):
    notices = storm(seed)
    before = seed * 7
    send_to_ada(*(f"Old {number}" for number in range(before)))
    width, height = SIZES["phone" if seed % 2 else "wide"]
    page = windows.open(server.url, session=ada, viewport={"width": width, "height": height})
    page.goto(ELSEWHERE)
    wait_until_live(page)
    page.evaluate(SEND, {"notices": notices, "csrf": page.evaluate(CSRF)})
    bell = page.locator("notify-bell")
    unseen = before + NOTICES
    badge = str(unseen) if unseen <= 99 else "99+"
    expect(bell.locator(".badge")).to_have_text(badge)
    expect(bell.locator(".bell")).to_have_attribute("aria-label", f"Notifications, {unseen} new")
    expect(page).to_have_title(re.compile(rf"^\({re.escape(badge)}\) "))
    critical = [notice["title"] for notice in notices if notice["level"] == "critical"]
    screenshot(page, f"storm-{seed}")
    for told in toasts(page).locator(".toast-title").all_inner_texts():
        if told[0].isdigit():
            assert told in (f"{unseen} new", f"{unseen} new, {len(critical)} critical")
    assert toasts(page).count() <= (1 if seed % 2 else 3)
    # The others have gone by now; the critical ones wait, and the number of them is true.
    expect(toasts(page)).to_have_count(min(len(critical), 1 if seed % 2 else 3))
    expect(bell.locator(".toast:not([data-level=critical])")).to_have_count(0, timeout=20_000)
    waiting = len(critical) - toasts(page).count()
    expect(bell.locator(".toasts-more")).to_have_text(f"+{waiting} more" if waiting else "")
    assert sorted(dismissed_one_by_one(page)) == sorted(critical)
    expect(bell.locator(".toasts")).to_be_hidden()
    bell.locator(".bell").click()
    expect(bell.locator("article")).to_have_count(10)
    expect(bell.locator(".badge")).to_be_hidden()
    assert page.evaluate("document.querySelector('notify-bell').client.unread") == unseen
    page.reload()  # what the server says
    wait_until_live(page)
    expect(bell.locator(".badge")).to_be_hidden()
    assert page.evaluate("document.querySelector('notify-bell').client.unread") == unseen
    assert windows.complaints == []


# A page that nobody looks at, and what it has on the desktop, by tag.
HIDDEN = """
Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
for (const alert of ["sound", "desktop"]) localStorage.setItem(`notify-${alert}`, "yes");
window.desktop = new Map();
window.Notification = class {
    static permission = "granted";
    constructor(title, { tag }) { this.tag = tag; this.title = title; desktop.set(tag, this); }
    close() { desktop.delete(this.tag); }
};
window.tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...times) { tones++; return start.apply(this, times); };
"""


def desktop(page: Page) -> list[str]:
    return list(page.evaluate("[...desktop.values()].map(({ title }) => title)"))


def until_desktop(page: Page, expected: list[str]) -> None:
    eventually(lambda: sorted(desktop(page)) == expected, what=f"{expected} on the desktop")


def arrive_at_once(page: Page, *titles: str, level: str = "info") -> None:
    """While the page had no socket."""
    notices = [{"title": title, "level": level, "at": 0} for title in titles]
    page.evaluate("document.querySelector('notify-bell').client.stop()")
    page.evaluate(SEND, {"csrf": page.evaluate(CSRF), "notices": notices})
    page.evaluate("document.querySelector('notify-bell').client.start()")


def test_a_storm_in_a_hidden_page_is_one_desktop_notification_beside_the_critical_ones(
    server, ada, windows
):
    page = windows.open(server.url, session=ada)
    page.add_init_script(HIDDEN)
    page.goto(ELSEWHERE)
    wait_until_live(page)
    until_panel_script(page)
    arrive_at_once(page, "One", "Two")
    until_desktop(page, ["One", "Two"])
    arrive_at_once(page, "Fire", "Flood", level="critical")
    arrive_at_once(page, *map(str, range(18)))
    until_desktop(page, ["22 new, 2 critical", "Fire", "Flood"])
    arrive_at_once(page, *map(str, range(10)))
    until_desktop(page, ["32 new, 2 critical", "Fire", "Flood"])


# How many tones were played by then: after ten at once, again after the 3 s for which a sound keeps
# others from sounding, and again once it was calm for more than 8 s.
SOUNDS = """async () => {
    const { client } = document.querySelector("notify-bell");
    const row = { level: "info", title: "Hello", body: "", url: null };
    const sounded = [];
    let id = 1_000;
    for (const pause of [0, 3_100, 8_100]) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        for (let number = 0; number < 10; number++, id++) {
            const detail = { ...row, id, arrived: id };
            client.dispatchEvent(new CustomEvent("notification", { detail }));
        }
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        sounded.push(tones);
    }
    return sounded;
}"""


def test_a_storm_in_a_hidden_page_sounds_once(server, ada, windows):
    page = windows.open(server.url, session=ada)
    page.add_init_script(HIDDEN)
    page.goto(ELSEWHERE)
    wait_until_live(page)
    until_panel_script(page)
    assert page.evaluate(SOUNDS) == [2, 2, 4]

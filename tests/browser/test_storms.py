"""Many notices at once: no critical toast is lost, and every number on the screen is true."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import wait_until_live
from tests.browser.inbox_page import send_to_ada

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

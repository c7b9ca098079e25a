"""How the page bears much: `make bench-browser`. In Chromium without a GPU, so at its slowest.

Long tasks are the browser's own measure: 50 ms in which nothing else could happen on the page
(https://w3c.github.io/longtasks/).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from playwright.sync_api import Page, expect

import notify

ROWS = 1_000
BURST = 100
MOST_MS = 50
WATCH = """() => {
    window.tasks = [];
    window.longest = 0;
    const took = (list) => tasks.push(...list.getEntries().map(({ duration }) => duration));
    new PerformanceObserver(took).observe({ type: "longtask" });
    let last = performance.now();
    const frame = (now) => {
        longest = Math.max(longest, now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


def send(count: int, name: str) -> None:
    ada = User.objects.get(username="ada")
    for number in range(count):
        notify.send(to=ada, title=f"{name} {number}", body="One line of text.", category="bench")


def told(page: Page, what: str) -> list[float]:
    tasks, longest = page.evaluate("[tasks, longest]")
    most = max(tasks, default=0)
    print(f"\n{what}: {len(tasks)} long tasks, the longest {most:.0f} ms; ", end="")  # noqa: T201
    print(f"longest wait for a frame {longest:.0f} ms")  # noqa: T201
    return list(tasks)


@pytest.fixture
def page(start_server: Callable[..., Any], signed_in: Callable[..., str], windows: Any) -> Page:
    server = start_server(NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off")
    session = signed_in("ada")
    send(ROWS, "Notice")
    page: Page = windows.open(server.url, session=session, viewport={"width": 1280, "height": 800})
    page.goto("/notify/")
    expect(page.locator("notify-connection .label")).to_have_text("Live")
    return page


def test_a_thousand_rows_scroll_without_a_long_task(page: Page) -> None:
    rows = page.locator("notify-inbox article")
    while rows.count() < ROWS:
        before = rows.count()
        page.get_by_role("button", name="Load more").click()
        expect(rows).not_to_have_count(before)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(1_000)
    page.evaluate(WATCH)
    page.mouse.move(400, 400)
    for _ in range(60):
        page.mouse.wheel(0, 1_500)
        page.wait_for_timeout(50)
    assert page.evaluate("scrollY") > 50_000
    assert max(told(page, f"Scrolling through {ROWS} rows"), default=0) <= MOST_MS


def test_a_hundred_within_a_second_leave_the_page_responsive(page: Page) -> None:
    def burst() -> None:
        send(BURST, "Burst")
        connection.close()

    page.evaluate(WATCH)
    sender = threading.Thread(target=burst)
    sender.start()
    expect(page.locator("notify-bell .bell")).to_be_visible()
    expect(page.locator("notify-inbox .unread")).to_have_text(
        f"{ROWS + BURST:,} unread", timeout=60_000
    )
    sender.join()
    page.wait_for_timeout(500)
    assert max(told(page, f"{BURST} notices at once"), default=0) <= MOST_MS

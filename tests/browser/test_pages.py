"""Every page: quiet in the console, within a strict CSP, on a phone and in the dark."""

from __future__ import annotations

import itertools
import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

import notify
from tests.browser.inbox_page import DASHBOARD
from tests.browser.layout import flaws

LEVELS = ("info", "success", "warning", "error", "critical")


def fill_inbox(username: str) -> None:
    """What designers are shown last: every level, and text that nobody planned for."""
    to = User.objects.get(username=username)
    notify.send(to=to, title="W" * 200, body="x" * 600, category="c" * 100)
    notify.send(
        to=to,
        title="إشعار جديد: تم تحديث سياسة الخصوصية الخاصة بك",
        body="يرجى مراجعة التغييرات قبل نهاية الشهر",
        actions=[{"label": "A rather long label of an action " * 2, "url": "/"}] * 2,
    )
    notify.send(
        to=to, title="<b>not bold</b> <script>alert(1)</script>", url="https://example.org/?a=1&b=2"
    )
    for level in LEVELS:
        notify.send(to=to, title=f"This is {level}", body="One line.", level=level)


@pytest.mark.parametrize(
    "path",
    [
        DASHBOARD,
        "/accounts/password_change/",
        "/admin/",
        "/admin/notify/notice/",
        "/admin/notify/notice/add/",
        "/api/notify/docs",
    ],
)
def test_a_page_says_nothing_in_the_console_and_breaks_no_csp(server, signed_in, windows, path):
    session = signed_in("boss", is_staff=True, is_superuser=True)
    fill_inbox("boss")
    page = windows.open(server.url, session=session)
    response = page.goto(path, wait_until="networkidle")
    assert response is not None
    assert response.ok
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert windows.complaints == []


def test_signing_in_and_out_by_hand(server, signed_in, hashed_password, windows, screenshot):
    signed_in("ada")
    page = windows.open(server.url)
    page.goto("/")
    expect(page).to_have_url(f"{server.url}/accounts/login/?next=/notify/")
    expect(page.locator(".demo")).to_have_count(0)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Incorrect username or password")
    screenshot(page, "sign-in-refused")
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("notify-inbox .empty")).to_be_visible()
    # Later the page may ask by HTTP whether it is still signed in, and the 401 is in the console.
    assert windows.complaints == []
    page.locator(".account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{server.url}/accounts/login/?signed-out")
    expect(page.get_by_role("status")).to_have_text("You're signed out.")


@pytest.mark.parametrize(
    ("width", "colours"), list(itertools.product([320, 768, 1280], ["light", "dark"]))
)
def test_the_dashboard_fits_the_window(  # noqa: PLR0917  (fixtures and parameters)
    server, signed_in, windows, screenshot, width, colours
):
    session = signed_in("ada")
    fill_inbox("ada")
    phone = {"is_mobile": True, "has_touch": True} if width < 600 else {}
    size = {"width": width, "height": 800}
    page = windows.open(server.url, session=session, viewport=size, color_scheme=colours, **phone)
    page.goto(DASHBOARD)
    expect(page.locator("notify-inbox article")).to_have_count(3 + len(LEVELS))
    expect(page.locator("notify-connection .latency")).not_to_be_empty()
    screenshot(page, f"dashboard-{width}-{colours}")
    assert flaws(page) == []
    page.locator("notify-inbox article").last.scroll_into_view_if_needed()
    screenshot(page, f"dashboard-{width}-{colours}-end")


def test_text_is_text(server, signed_in, windows):
    session = signed_in("ada")
    fill_inbox("ada")
    page = windows.open(server.url, session=session)
    page.goto(DASHBOARD)
    link = page.get_by_role("link", name="<b>not bold</b>")
    expect(link).to_contain_text("<b>not bold</b> <script>alert(1)</script>")
    expect(link).to_have_attribute("href", "https://example.org/?a=1&b=2")


def test_a_server_that_is_gone_is_told_and_one_that_is_back_is_met_by_itself(
    start_server, signed_in, windows, screenshot
):
    server = start_server(NOTIFY_WELCOME="off")
    session = signed_in("ada")
    fill_inbox("ada")
    page = windows.open(server.url, session=session)
    page.goto(DASHBOARD)
    rows = page.locator("notify-inbox article")
    expect(rows).to_have_count(3 + len(LEVELS))
    label = page.locator("notify-connection .label")
    expect(label).to_have_text("Live")  # only then it can say since when it is not
    server.stop()
    since = re.compile(
        r"^Server not reachable since \d\d:\d\d\. Changes are kept and sent later\.$"
    )
    expect(label).to_have_text(since, timeout=20_000)
    expect(page.locator("notify-inbox .notice-text")).to_have_text(since)
    expect(rows).to_have_count(3 + len(LEVELS))
    screenshot(page, "server-gone")
    start_server(NOTIFY_WELCOME="off", port=server.port)
    expect(label).to_have_text("Live", timeout=40_000)
    expect(page.locator("notify-inbox .notice-text")).to_be_empty()

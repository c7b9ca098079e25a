"""What mails lead back to: the notice, the page of unsubscribing, preferences that are live."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from notify.models import Notice
from notify.outbox.unsubscribe import Subscription, token
from tests.browser.conftest import until
from tests.browser.inbox_page import DASHBOARD, DESK, PHONE, live, send_to_ada, unread
from tests.browser.layout import findings
from tests.conftest import StartServer
from tests.harness.server import Server

PREFERENCES = "/notify/preferences/"
ADDRESS = "ada@example.org"


@pytest.fixture
def mailing(start_server: StartServer, tmp_path: Any) -> Server:
    """One whose demo has a kind that is mailed."""
    return start_server(
        NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off", DEBUG="on", DEMO="on",
        DEMO_MAILBOX=str(tmp_path / "mailbox"), NOTIFY_SITE_URL="https://shop.example",
    )  # fmt: skip


def unsubscribe_link() -> str:
    user = User.objects.get(username="ada")
    user.email = ADDRESS
    user.save()
    of = Subscription.of(user, "email", ["orders"], ADDRESS)
    return reverse("notify:unsubscribe", args=[token(of)])


def choice(page: Page, name: str, channel: str = "E-mail") -> Any:
    return page.locator("notify-preferences").get_by_role("combobox", name=f"{name}: {channel}")


@pytest.mark.parametrize("look", [DESK, PHONE], ids=["desk", "phone"])
def test_how_often_is_chosen_and_shown_in_every_tab(mailing, ada, windows, look, screenshot):
    one = windows.open(mailing.url, session=ada, **look)
    other = one.context.new_page()
    for page in (one, other):
        page.goto(PREFERENCES)
        expect(choice(page, "Orders")).to_have_value("")
    expect(choice(one, "Meetings", "Inbox")).to_be_visible()
    expect(choice(one, "Meetings")).to_have_count(0)  # it declares no e-mail
    choice(one, "Orders").select_option("Daily")
    expect(choice(other, "Orders")).to_have_value("daily")
    for page in (one, other):
        page.locator("notify-preferences summary", has_text="Orders").click()
    kind = choice(other, "Order shipped")
    expect(kind.locator("option").first).to_have_text("Default (daily)")
    kind.select_option("At once")
    expect(choice(one, "Order shipped")).to_have_value("on")
    screenshot(other, "preferences-with-mail")
    assert windows.complaints == []
    assert findings(other) == []


def test_the_post_of_a_mail_program_is_live_on_the_preferences_page(mailing, ada, windows):
    link = unsubscribe_link()
    page = windows.open(mailing.url, session=ada, **DESK)
    page.goto(PREFERENCES)
    choice(page, "Orders").select_option("Weekly")
    expect(page.locator("notify-preferences .said")).to_have_text("Saved")
    stranger = windows.open(mailing.url)
    provider = stranger.context.request
    assert provider.get(link).status == 200
    expect(choice(page, "Orders")).to_have_value("weekly")
    answer = provider.post(link, form={"List-Unsubscribe": "One-Click"})
    assert answer.status == 200
    expect(choice(page, "Orders")).to_have_value("off")
    assert windows.complaints == []


@pytest.mark.parametrize("look", [DESK, PHONE], ids=["desk", "phone"])
def test_unsubscribing_by_its_page_needs_no_sign_in_and_has_an_undo(
    mailing, ada, windows, look, screenshot
):
    link = unsubscribe_link()
    page = windows.open(mailing.url, **look)
    page.goto(link)
    expect(page.get_by_text(f"{ADDRESS} gets e-mails about Orders.")).to_be_visible()
    screenshot(page, "unsubscribe")
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("status")).to_contain_text("gets no more e-mails about Orders.")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"{ADDRESS} gets e-mails about Orders.")).to_be_visible()
    assert windows.complaints == []
    assert findings(page) == []


def test_what_a_mail_leads_to_is_read_once_it_is_on_the_screen(server, ada, windows):
    send_to_ada("First", "Second")
    first = Notice.objects.get(title="First").pk
    landing = f"/notify/devices/?notify-read={first}"
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    assert page.context.request.get(landing).status == 200  # a program follows the link
    assert page.context.request.head(landing).status in {200, 405}
    expect(unread(page)).to_have_text("2 unread")
    mailed = page.context.new_page()
    mailed.goto(landing)
    expect(unread(page)).to_have_text("1 unread")
    until(mailed, lambda: "notify-read" not in mailed.url, what="the plain address")
    assert mailed.url.endswith("/notify/devices/")
    assert windows.complaints == []


def test_a_link_that_somebody_else_follows_reads_nothing_of_its_owner(
    server, ada, signed_in, windows
):
    send_to_ada("First")
    first = Notice.objects.get(title="First").pk
    bob = signed_in("bob")
    page = windows.open(server.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    his = windows.open(server.url, session=bob, **DESK)
    his.goto(f"/notify/?notify-read={first}")
    until(his, lambda: "notify-read" not in his.url, what="the plain address")
    live(his)
    expect(unread(page)).to_have_text("1 unread")
    assert windows.complaints == []

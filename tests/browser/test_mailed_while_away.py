"""Who is away gets a mail, and who has read it anywhere does not: a browser, and a mail server."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from notify import sending
from notify.models import Notification, OutboxItem
from tests.browser.conftest import SCREENSHOTS, until
from tests.browser.devtools import DevTools
from tests.browser.inbox_page import DASHBOARD, DESK, TITLES, live, rows, titles
from tests.conftest import StartServer
from tests.harness.server import Server
from tests.harness.smtp import SmtpServer
from tests.harness.waiting import eventually

ADDRESS = "ada@example.org"
PREFERENCES = "/notify/preferences/"
SEND = """async ({ number, csrf, kind }) => {
    const answer = await fetch("/api/notify/notices/", {
        method: "POST",
        headers: { "Content-Type": "application/json", ...csrf },
        body: JSON.stringify({ to: { users: ["ada"] }, kind, params: { number } }),
    });
    if (!answer.ok) throw new Error(await answer.text());
}"""


@pytest.fixture
def mailing(start_server: StartServer, sink: SmtpServer) -> Server:
    """Letters are mailed four seconds after they were sent, unless they are read."""
    return start_server(
        NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off", SMTP_PORT=str(sink.port),
        DJANGO_SETTINGS_MODULE="tests.outbox_project.settings",
        NOTIFY_SITE_URL="https://shop.example",
    )  # fmt: skip


@pytest.fixture
def ada(signed_in: Callable[..., str]) -> str:
    return signed_in("ada", email=ADDRESS)


@pytest.fixture
def office(signed_in: Callable[..., str], mailing: Server, windows: Any) -> Callable[[], Page]:
    """The window of somebody who sends to her."""
    key = signed_in("office", is_staff=True, is_superuser=True)

    def open_page() -> Page:
        page: Page = windows.open(mailing.url, session=key, **DESK)
        page.goto(DASHBOARD)
        return page

    return open_page


def send(page: Page, number: str, kind: str = "letter") -> None:
    csrf = page.evaluate("JSON.parse(document.querySelector('[data-config]').dataset.config).csrf")
    page.evaluate(SEND, {"number": number, "csrf": csrf, "kind": f"outbox_project.{kind}"})


def mail(sink: SmtpServer, n: int = 1) -> EmailMessage:
    """The n-th mail, and there is none after it."""
    eventually(lambda: len(sink.taken) >= n, 20, what=f"mail {n}")
    assert len(sink.taken) == n
    assert sink.taken[-1]["X-Rcpt-To"] == ADDRESS
    return sink.taken[-1]


def text(message: EmailMessage, subtype: str = "plain") -> str:
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content())


def in_a_thread(call: Callable[[], int]) -> int:
    """The result of a call that uses the ORM, which Django refuses on the thread of the browser."""

    def run() -> int:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def waiting(**fields: str) -> Any:
    return OutboxItem.objects.filter(state="waiting", **fields)


def in_digests() -> int:
    return in_a_thread(lambda: waiting(rhythm="daily").count())


def unseen() -> int:
    return Notification.objects.filter(user__username="ada", seen=None).count()


def make_due() -> None:
    two_days_ago = timezone.now() - timedelta(days=2)
    in_a_thread(lambda: waiting().update(made=two_days_ago, ripe=timezone.now()))


def test_a_closed_tab_is_mailed_and_the_mail_leads_back(mailing, sink, ada, office, windows):
    staff = office()
    page = windows.open(mailing.url, session=ada, **DESK)
    page.goto(DASHBOARD)
    live(page)
    page.close()
    send(staff, "A-1")
    message = mail(sink)
    assert "A-1" in message["Subject"]
    link = re.search(r"https://shop\.example(/\S*notify-read=\d+)", text(message))
    assert link is not None
    back = windows.open(mailing.url, session=ada, **DESK)
    back.goto(link[1])
    until(back, lambda: "notify-read" not in back.url, what="the plain address")
    expect(rows(back)).to_have_count(1)
    inbox = back.context.request
    until(back, lambda: inbox.get("/api/notify/inbox/").json()["unread"] == 0, what="its mark")
    assert in_a_thread(waiting().count) == 0
    assert mail(sink)["Message-ID"] == message["Message-ID"]
    assert windows.complaints == []


def test_what_arrives_in_a_tab_that_is_hidden_is_mailed(mailing, sink, ada, office, tmp_path):
    staff = office()
    with DevTools(tmp_path) as browser:
        browser.sign_in(mailing.url, settings.SESSION_COOKIE_NAME, ada)
        tab = browser.tab()
        tab.goto(f"{mailing.url}{DASHBOARD}")
        tab.activate()
        send(staff, "A-1", kind="poster")
        eventually(lambda: in_a_thread(unseen) == 0, what="a look at A-1")
        browser.tab().activate()
        eventually(lambda: tab.evaluate("document.visibilityState") == "hidden")
        send(staff, "A-2", kind="poster")
        eventually(lambda: len(tab.evaluate(TITLES)) == 2, what="A-2 in the hidden tab")
        message = text(mail(sink))
    assert "A-2" in message
    assert "A-1" not in message


def test_what_is_read_in_another_browser_before_is_not_mailed(mailing, sink, ada, office, windows):
    staff = office()
    other = windows.open(mailing.url, session=ada, **DESK)
    other.goto(DASHBOARD)
    live(other)
    send(staff, "A-1")
    expect(titles(other)).to_have_text([re.compile("A-1")])
    rows(other).first.click()
    send(staff, "A-2")
    witness = mail(sink)
    assert "A-2" in text(witness)
    assert "A-1" not in text(witness)
    assert windows.complaints == []


def test_who_unsubscribes_by_the_header_gets_no_next_one(mailing, sink, ada, office, windows):
    staff = office()
    page = windows.open(mailing.url, session=ada, **DESK)
    page.goto(PREFERENCES)
    send(staff, "A-1")
    message = mail(sink)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    letters = page.get_by_role("combobox", name="Letters: E-mail")
    expect(letters).to_have_value("")
    path = urlsplit(message["List-Unsubscribe"].strip(" <>")).path
    provider = windows.open(mailing.url).context.request
    assert provider.post(path, form={"List-Unsubscribe": "One-Click"}).ok
    expect(letters).to_have_value("off")
    send(staff, "A-2")
    send(staff, "B-1", kind="parcel")  # which she still gets
    make_due()
    witness = mail(sink, 2)
    assert "B-1" in text(witness)
    assert "A-2" not in text(witness)
    assert windows.complaints == []


def test_a_digest_of_three_in_german(mailing, sink, ada, office, windows):
    user = User.objects.get(username="ada")
    sending.set_reader(user.pk, {"language": "de"})
    staff = office()
    page = windows.open(mailing.url, session=ada, locale="de-DE", **DESK)
    page.goto(PREFERENCES)
    page.get_by_role("combobox", name="Letters: E-Mail").select_option("Täglich")
    expect(page.locator("notify-preferences .said")).to_have_text("Gespeichert")
    page.close()
    for number in ("A-1", "A-2", "A-3"):
        send(staff, number)
    eventually(lambda: in_digests() == 3, 20, what="three that wait for a digest")
    assert sink.taken == []
    make_due()
    message = mail(sink)
    for part in ("plain", "html"):
        for number in ("A-1", "A-2", "A-3"):
            assert f"Bestellung {number} ist unterwegs" in text(message, part)
    shown = windows.open(mailing.url)
    shown.set_content(text(message, "html"))
    expect(shown.locator("html")).to_have_attribute("lang", "de")
    shown.screenshot(path=SCREENSHOTS / "mail-digest-de.png")

"""The demo of `make run`: what one click sends is read in two languages."""

from __future__ import annotations

import re

import httpx
import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from config.demo import mailbox
from notify.models import Batch
from notify.outbox import email_message
from tests.harness.sessions import new_session
from tests.harness.waiting import eventually
from tests.unit.outbox.helpers import outgoing, row

DEMO = {"DEBUG": "on", "DEMO": "on"}
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="(.+?)"')


def send(browser: httpx.Client, **fields: str) -> None:
    token = CSRF.search(browser.get("/demo/").text)[1]
    answer = browser.post("/demo/", data={"csrfmiddlewaretoken": token, **fields})
    assert answer.status_code == 302
    assert "Sent." in browser.get("/demo/").text


@pytest.mark.usefixtures("silent")
def test_an_order_and_a_meeting_are_read_in_two_languages(start_server, ada, bob):
    server = start_server(**DEMO)
    keys = [new_session(user).session_key or "" for user in (ada, bob)]
    adas, bobs = (httpx.Client(base_url=server.url, cookies={"sessionid": key}) for key in keys)
    with adas, bobs:
        assert 'href="/demo/"' in adas.get("/notify/").text
        send(adas, parcels="5", to="everyone")
        send(adas, parcels="1", to="me")
        send(adas, to="everyone")
        query = {"language": "de", "zone": "Europe/Berlin"}
        meeting, order = bobs.get("/api/notify/inbox/", params=query).json()["notifications"]
        assert re.fullmatch("Bestellung \u2068A-\\d{4}\u2069 ist unterwegs", order["title"])
        assert order["body"] == "Sie kommt in 5 Paketen."
        assert re.fullmatch(r"Die Besprechung wurde auf \d\d:\d\d verlegt", meeting["title"])
        assert meeting["url"] == "/demo/"
        query = {"language": "en", "zone": "UTC"}
        _, one, five = adas.get("/api/notify/inbox/", params=query).json()["notifications"]
        assert one["body"] == "It comes in one parcel."
        assert five["body"] == "It comes in 5 parcels."
        assert "Bestellungen" in bobs.get("/notify/", headers={"Accept-Language": "de"}).text


@pytest.mark.usefixtures("silent")
def test_the_mailbox_shows_both_parts_and_the_headers_of_a_mail(
    start_server, ada, tmp_path, settings
):
    settings.DEMO_MAILBOX = str(tmp_path / "mailbox")
    settings.NOTIFY_SITE_URL = "https://shop.example"
    server = start_server(**DEMO, DEMO_MAILBOX=settings.DEMO_MAILBOX)
    key = new_session(ada).session_key or ""
    with httpx.Client(base_url=server.url, cookies={"sessionid": key}) as browser:
        assert "No mail yet." in browser.get("/demo/mailbox/").text
        first = row(title="Käse & <b>Brot</b>", url="/orders/A-7/")
        second = row(title="The second")
        for one in (first, second):
            mailbox.Backend().send_messages([email_message.make(outgoing(one))])
        page = browser.get("/demo/mailbox/")
        newest, oldest = re.findall(r'<h2 id="mail-(\d+)"', page.text)
        assert page.text.index("The second") < page.text.index("Käse &amp; &lt;b&gt;Brot&lt;/b&gt;")
        assert "ada@example.org" in page.text
        assert "<dt>List-Unsubscribe-Post</dt>" in page.text
        assert 'href="https://shop.example/orders/A-7/?notify-read=1"' in page.text
        frame = browser.get(f"/demo/mailbox/{oldest}/")
        assert '<base target="_top">' in frame.text
        assert "Käse &amp; &lt;b&gt;Brot&lt;/b&gt;" in frame.text
        assert "default-src 'none'" in frame.headers["Content-Security-Policy"]
        assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert browser.get("/demo/mailbox/1/").status_code == 404
    assert httpx.get(f"{server.url}/demo/mailbox/{newest}/").status_code == 302


@pytest.mark.usefixtures("silent")
def test_what_the_demo_sends_lands_in_its_mailbox(start_server, ada, tmp_path):
    User.objects.update(email="ada@example.org")
    server = start_server(**DEMO, DEMO_MAILBOX=str(tmp_path / "mailbox"))
    key = new_session(ada).session_key or ""
    with httpx.Client(base_url=server.url, cookies={"sessionid": key}) as browser:
        send(browser, parcels="5", to="me")
        Batch.objects.update(due=Now())  # it has waited long enough
        page = "/demo/mailbox/"
        eventually(lambda: "ada@example.org" in browser.get(page).text, what="the mail")
        assert "It comes in 5 parcels." in browser.get(page).text


def test_a_deployment_has_no_demo(start_server):
    server = start_server(DEMO="on")  # without DEBUG
    assert httpx.get(f"{server.url}/demo/").status_code == 404

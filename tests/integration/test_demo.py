"""The demo of `make run`: what one click sends is read in two languages."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.harness.sessions import new_session

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


def test_a_deployment_has_no_demo(start_server):
    server = start_server(DEMO="on")  # without DEBUG
    assert httpx.get(f"{server.url}/demo/").status_code == 404

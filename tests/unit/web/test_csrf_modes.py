"""The CSRF token of scripts and forms, with each of Django's settings for it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import PASSWORD

MODES: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "header": {"CSRF_HEADER_NAME": "HTTP_X_XSRF_TOKEN"},
    "cookie's name": {"CSRF_COOKIE_NAME": "XSRF-TOKEN"},
    "in the session": {"CSRF_USE_SESSIONS": True},
    "no script reads it": {"CSRF_COOKIE_HTTPONLY": True},
}


@pytest.fixture(params=list(MODES))
def mode(request, settings):
    for name, value in MODES[request.param].items():
        setattr(settings, name, value)
    settings.NOTIFY_NEW_DEVICE = settings.NOTIFY_WELCOME = False


@pytest.fixture
def page(mode, make_user) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("ada"))
    return client


def config_of(client: Client) -> dict[str, Any]:
    found = re.search('data-config="(.+?)"', client.get("/notify/").content.decode())
    assert found is not None
    config: dict[str, Any] = json.loads(html.unescape(found[1]))
    return config


def mark(client: Client, headers: dict[str, str]) -> int:
    frame = {"ref": "r", "as": "read", "ids": [1]}
    answer = client.post(
        "/api/notify/inbox/mark/", frame, content_type="application/json", headers=headers
    )
    return answer.status_code


def test_scripts_send_the_token_in_the_header_that_the_site_reads(page):
    csrf = config_of(page)["csrf"]
    assert mark(page, {}) == 403
    assert mark(page, csrf) == 200
    assert page.post("/notify/test/", headers=csrf).status_code == 201


def test_forms_contain_the_token(page):
    [token] = set(
        re.findall('csrfmiddlewaretoken" value="(.+?)"', page.get("/notify/").content.decode())
    )
    form = {"csrfmiddlewaretoken": token}
    assert page.post("/notify/mark/", {"mark": "read:1"}).status_code == 403
    assert page.post("/notify/mark/", {"mark": "read:1", **form}).status_code == 302
    assert page.post(reverse("logout"), form).status_code == 302


def test_after_a_sign_in_in_another_tab_the_page_may_ask_for_another_token(page):
    before = config_of(page)
    in_the_form = {"username": "ada", "password": PASSWORD, "next": "/notify/"}
    signed_in = page.post(reverse("login"), in_the_form, headers=before["csrf"])
    assert signed_in.status_code == 302
    assert mark(page, before["csrf"]) == 403
    now = page.get("/api/notify/config/", headers={"X-Notify-User": before["user"]}).json()
    assert mark(page, now["csrf"]) == 200
    assert now | {"csrf": None} == before | {"csrf": None}


def test_nobody_else_gets_a_token(page, make_user, by_token, nobody):
    bob = make_user("bob")
    theirs = page.get("/api/notify/config/", headers={"X-Notify-User": "somebody else"})
    assert theirs.status_code == 412
    assert nobody.get("config/").status_code == 401
    assert by_token(bob, "inbox").get("config/").json()["csrf"] == {}


def test_the_refusal_names_the_header(page, settings):
    answer = page.post("/notify/test/")
    header = settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-").title()
    assert f"The header {header} is" in answer.json()["error"]["message"]

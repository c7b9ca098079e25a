"""A front end without Django templates gets what the template tags render."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from django.test import Client

import notify
from notify.web.api.schemas import PageConfig

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent")]


def data_config(html: str) -> dict[str, object]:
    [text] = re.findall(r'data-config="([^"]+)"', html)
    config: dict[str, object] = json.loads(unescape(text))
    return config


def unmasked(config: dict[str, object]) -> dict[str, object]:
    """Without the CSRF token, which Django masks differently in each response."""
    assert isinstance(config["csrf"], dict)
    return config | {"csrf": {header: len(token) for header, token in config["csrf"].items()}}


def test_the_configuration_is_that_of_the_tag(ada, by_session):
    caller = by_session(ada)
    given = caller.get("config/").json()
    PageConfig.model_validate(given)
    assert unmasked(given)["csrf"] == {"X-Csrftoken": 64}
    assert unmasked(given) == unmasked(data_config(caller.get("elements/bell/").json()["html"]))
    assert given["socket"] == "/ws/notify/"


def test_its_csrf_token_is_accepted(ada, silent):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    csrf = client.get("/api/notify/config/").json()["csrf"]
    for headers, status in (({}, 403), (csrf, 200)):
        response = client.post("/api/notify/ticket/", headers=headers)
        assert response.status_code == status


def test_an_api_token_gets_the_urls_and_no_cookie(ada, by_token):
    response = by_token(ada, "inbox").get("config/")
    assert response.json()["csrf"] == {}
    assert response.json()["api"] == "/api/notify/"
    assert not response.cookies


def test_words_are_in_the_language_of_the_request(ada, by_session):
    caller = by_session(ada)
    caller.headers["Accept-Language"] = "de"
    assert caller.get("config/").json()["texts"]["now"] == "jetzt"


@pytest.mark.parametrize("name", ["bell", "inbox", "connection"])
def test_an_element_comes_whole_with_its_script(name, ada, by_session):
    notify.send(to=ada, title="Hello")
    html = by_session(ada).get(f"elements/{name}/").json()["html"]
    assert f"<notify-{name} data-config=" in html
    assert "<template>" in html
    assert "<script type=" in html


def test_a_token_a_stranger_and_an_unknown_name_get_no_element(ada, by_token, by_session, nobody):
    refused = by_token(ada, "inbox").get("elements/bell/")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "session"
    assert nobody.get("elements/bell/").status_code == 401
    assert nobody.get("config/").status_code == 401
    assert by_session(ada).get("elements/badge/").status_code == 422

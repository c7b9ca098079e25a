from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from notify.web.api.ninja_api import StrictParser
from notify.web.refusals import MAX_BODY_BYTES, Refusal


def test_a_body_is_strict_json(rf: RequestFactory) -> None:
    def parse(text: str) -> object:
        return StrictParser().parse_body(
            rf.post("/", data=text.encode(), content_type="application/json")
        )

    assert parse('{"n": 1}') == {"n": 1}
    with pytest.raises(ValueError, match="NaN is not JSON"):
        parse('{"n": NaN}')
    with pytest.raises(Refusal) as refused:
        parse(json.dumps("x" * MAX_BODY_BYTES))
    assert refused.value.status == 413


def test_strangers_are_answered_and_not_sent_to_sign_in(client: Client, db: None) -> None:
    response = client.get("/api/notify/inbox/")
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "not_signed_in"


def test_the_document_names_the_ways_to_sign_in(client: Client, ada: User) -> None:
    client.force_login(ada)
    document = client.get("/api/notify/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"TokenAuth", "SessionAuth"}

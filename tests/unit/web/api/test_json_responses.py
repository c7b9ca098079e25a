from __future__ import annotations

from datetime import UTC, datetime

from notify.web.api.json_responses import encoded_response, json_response, timestamp


def test_an_answer_is_compact_utf8_and_never_cached() -> None:
    response = json_response({"title": "Grüße", "n": 1}, status=201)
    assert response.status_code == 201
    assert response.content == '{"title":"Grüße","n":1}'.encode()
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"


def test_what_is_encoded_already_is_sent_as_it_is() -> None:
    assert encoded_response('{"a": 1}').content == b'{"a": 1}'


def test_times_are_those_of_the_protocol() -> None:
    assert timestamp(None) is None
    assert timestamp(datetime(2031, 1, 31, 9, tzinfo=UTC)) == "2031-01-31T09:00:00.000Z"

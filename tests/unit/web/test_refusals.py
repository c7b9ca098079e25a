from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from ninja.errors import AuthenticationError, HttpError, ValidationError

from notify.exceptions import Busy, EmptyAudience, EpochChanged, KeyConflict
from notify.protocol import Refused
from notify.protocol.codes import Error
from notify.web import refusals
from notify.web.refusals import MAX_ERRORS, MAX_TEXT, Refusal, from_error


def body(refusal: Refusal) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(refusal.response().content)
    return found["error"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (AuthenticationError(), 401, "not_signed_in"),
        (HttpError(400, "?"), 400, "malformed"),
        (RequestDataTooBig(), 413, "too_large"),
        (EmptyAudience("matches no users"), 422, "invalid"),
        (KeyConflict("k", 7), 409, "key"),
        (EpochChanged(), 409, "epoch"),
        (Busy("locked"), 429, "busy"),
        (OperationalError("connection refused"), 503, "unavailable"),
        (Refused(Error.INVALID, "ids: too many"), 422, "invalid"),
    ],
)
def test_each_error_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    response = from_error(error).response()
    assert response.status_code == status
    assert json.loads(response.content)["error"]["code"] == code
    assert response["Cache-Control"] == "no-store"


def test_any_other_error_is_ours_to_mend() -> None:
    with pytest.raises(KeyError):
        from_error(KeyError("surprise"))


def test_an_error_names_the_fields() -> None:
    assert body(from_error(EmptyAudience("matches no users")))["fields"] == {
        "to": "matches no users"
    }
    assert body(from_error(Refused(Error.INVALID, "ids: too many")))["fields"] == {
        "ids": "too many"
    }


def test_of_many_errors_the_first_are_listed() -> None:
    errors = [{"loc": ("body", "body", "to", "users", n), "msg": "wrong"} for n in range(99)]
    error = body(from_error(ValidationError(errors)))
    assert len(error["fields"]) == MAX_ERRORS
    assert error["fields"]["to.users.0"] == "wrong"
    assert "79 more" in error["message"]


def test_a_long_text_keeps_its_end_which_says_what_to_do() -> None:
    message = body(Refusal(422, "invalid", "x" * 9999 + " Shorten it."))["message"]
    assert len(message) <= MAX_TEXT + 3
    assert message.endswith("Shorten it.")


@pytest.mark.parametrize(("seconds", "header"), [(0.2, "1"), (7, "7"), (7.1, "8")])
def test_a_wait_is_told_in_whole_seconds(seconds: float, header: str) -> None:
    assert (
        Refusal(429, "rate_limited", "x", retry_after=seconds).response()["Retry-After"] == header
    )


def test_who_needs_the_permission_is_said() -> None:
    refusal = refusals.forbidden("notify.send_notice", by="The owner needs")
    assert refusal.message == "The owner needs the permission `notify.send_notice`."
    assert from_error(AuthenticationError()).response()["WWW-Authenticate"] == "Bearer"

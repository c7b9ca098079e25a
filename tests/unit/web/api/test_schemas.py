from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from notify.web.api.preference_schemas import NewFollow, NewMute, NewPreference, ReaderChanges
from notify.web.api.schemas import MAX_GROUPS, Action, ErrorOut, NewNotice, Recipients, errors

REQUESTS = [Recipients, Action, NewNotice, NewPreference, ReaderChanges, NewMute, NewFollow]


@pytest.mark.parametrize("request_schema", REQUESTS)
@pytest.mark.parametrize("body", [[], [None, None], "text", 1], ids=repr)
def test_what_is_no_object_is_refused(request_schema: type[BaseModel], body: object) -> None:
    with pytest.raises(ValidationError):
        request_schema.model_validate(body)


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_text_that_no_database_stores_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="NUL or a lone surrogate"):
        Recipients(users=[name])


def test_many_wrong_entries_are_one_error() -> None:
    with pytest.raises(ValidationError) as refused:
        Recipients.model_validate({"users": [1] * 1000})
    assert refused.value.error_count() == 1
    with pytest.raises(ValidationError, match="at most 1000 items"):
        Recipients(groups=["g"] * (MAX_GROUPS + 1))


def test_everyone_is_said_by_true_and_by_nothing_like_it() -> None:
    assert Recipients(everyone=True).everyone
    with pytest.raises(ValidationError):
        Recipients.model_validate({"everyone": "yes"})


@pytest.mark.parametrize(
    ("request_schema", "body"),
    [
        (ReaderChanges, {"quiet": {"start": "22:00", "end": 0}}),
        (ReaderChanges, {"quiet": {"start": "22:00:00Z", "end": "07:00"}}),
        (NewMute, {"target": "all", "until": 4_000_000_000}),
        (NewMute, {"target": "all", "until": "4000000000"}),
        (NewMute, {"target": "all", "seconds": "60"}),
        (NewMute, {"target": "all", "seconds": True}),
        (NewNotice, {"to": {}, "expires": 4_000_000_000}),
        (NewNotice, {"to": {}, "send_at": "4000000000"}),
    ],
    ids=repr,
)
def test_a_time_is_written_and_a_number_is_a_number(
    request_schema: type[BaseModel], body: object
) -> None:
    with pytest.raises(ValidationError):
        request_schema.model_validate(body)


@pytest.mark.parametrize("until", ["2026-12-24T18:00:00+01:00", "2026-12-24 17:00:00.5Z"])
def test_times_as_rfc_3339_writes_them_are_taken(until: str) -> None:
    assert NewMute.model_validate({"target": "all", "until": until}).until is not None
    assert NewNotice.model_validate({"to": {}, "expires": until}).expires is not None


def test_every_operation_documents_the_errors_of_all() -> None:
    assert errors(422, 409) == dict.fromkeys([401, 403, 409, 412, 422, 429, 503], ErrorOut)

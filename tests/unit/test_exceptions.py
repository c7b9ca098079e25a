from __future__ import annotations

import notify.exceptions
from notify.exceptions import (
    EmptyAudience,
    InvalidNotice,
    KeyConflict,
    NotifyError,
    UnknownUsers,
)


def test_all_of_them_can_be_caught_at_once() -> None:
    kinds = [
        one
        for one in vars(notify.exceptions).values()
        if isinstance(one, type) and issubclass(one, Exception)
    ]
    assert len(kinds) > 5
    assert all(issubclass(kind, NotifyError) for kind in kinds)


def test_what_is_wrong_with_an_argument_is_a_value_error_that_names_it() -> None:
    error = EmptyAudience("matches no users")
    assert isinstance(error, ValueError)
    assert isinstance(error, InvalidNotice)
    assert (error.field, error.message) == ("to", "matches no users")
    assert str(error) == "to: matches no users"


def test_of_many_unknown_names_the_first_are_listed_and_all_are_kept() -> None:
    error = UnknownUsers(reversed([f"user{n:02}" for n in range(23)]))
    assert len(error.names) == 23
    assert "user00, user01" in error.message
    assert "user19 and 3 more. Nothing was sent." in error.message
    assert "user20" not in error.message


def test_a_conflict_of_keys_leads_to_the_notice() -> None:
    error = KeyConflict("k", 7)
    assert (error.key, error.notice_id) == ("k", 7)
    assert "notice 7" in str(error)

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from notify.inbox.marks import MARKS, key_of
from notify.protocol import MARKS as NAMES
from notify.protocol import MAX_INTEGER

NOW = datetime(2031, 1, 31, tzinfo=UTC)


def test_every_mark_of_the_protocol_has_its_sql() -> None:
    assert set(MARKS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_time_and_the_language_of_a_mark_are_parameters(name: str) -> None:
    assignments, params = replace(MARKS[name], language="de").assignments(NOW)
    assert assignments.count("%s") == len(params)
    assert set(params) <= {NOW, "de"}
    assert "%(" not in assignments


def test_to_read_is_to_have_seen() -> None:
    assignments, params = MARKS["read"].assignments(NOW)
    assert assignments.startswith("read = %s, seen = COALESCE(seen, %s), seen_in = CASE ")
    assert params == [NOW, NOW, None]


def test_a_mark_without_a_ref_has_no_key() -> None:
    assert key_of("") is None


def test_keys_differ_and_leave_room_for_a_version() -> None:
    keys = {key_of(f"m{n}") for n in range(1000)} | {key_of("\ud800")}
    assert len(keys) == 1001
    assert all(key is not None and key + MAX_INTEGER < 2**63 for key in keys)

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from notify.inbox.marks import MARKS
from notify.protocol import MARKS as NAMES

NOW = datetime(2031, 1, 31, tzinfo=UTC)


def test_every_mark_of_the_protocol_has_its_sql() -> None:
    assert set(MARKS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_time_of_a_mark_is_a_parameter(name: str) -> None:
    assignments, params = MARKS[name].assignments(NOW)
    assert assignments.count("%s") == len(params)
    assert set(params) <= {NOW}
    assert "%(" not in assignments


def test_to_read_is_to_have_seen() -> None:
    assert MARKS["read"].assignments(NOW) == ("read = %s, seen = COALESCE(seen, %s)", [NOW, NOW])

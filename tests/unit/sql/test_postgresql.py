from __future__ import annotations

import pytest

from notify.sql import postgresql


@pytest.mark.parametrize(
    ("words", "parameter"),
    [("50%", r"%50\%%"), ("a_b", r"%a\_b%"), (r"a\b", r"%a\\b%"), ("plain", "%plain%")],
)
def test_a_search_is_for_words_and_no_pattern(words: str, parameter: str) -> None:
    assert postgresql.contains_parameter(words) == parameter


def test_rows_are_locked_as_is_asked() -> None:
    assert postgresql.lock("FOR UPDATE") == "FOR UPDATE"

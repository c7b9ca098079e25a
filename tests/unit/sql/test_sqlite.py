from __future__ import annotations

import re

from notify.sql import sqlite


def test_a_search_is_for_words_and_no_pattern() -> None:
    pattern = sqlite.contains_parameter("50% (a.b)")
    assert re.search(pattern, "about 50% (A.B)")
    assert not re.search(pattern, "50% (aXb)")


def test_it_locks_no_rows() -> None:
    assert sqlite.lock("FOR UPDATE") == ""

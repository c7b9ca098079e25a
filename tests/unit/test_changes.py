from __future__ import annotations

from typing import Any

import pytest

from notify.changes import is_deeper


@pytest.mark.parametrize(
    ("value", "depth"),
    [({}, 1), ({"a": 1}, 1), ({"a": [1]}, 2), ([{"a": ([],)}], 4), ({"a": 1, "b": {"c": 2}}, 2)],
    ids=repr,
)
def test_a_depth_counts_dictionaries_lists_and_tuples(value, depth):
    assert not is_deeper(value, depth)
    assert is_deeper(value, depth - 1)


def test_data_that_contains_itself_is_deeper_than_any_limit():
    value: dict[str, Any] = {}
    value["value"] = value
    assert is_deeper(value, 100)

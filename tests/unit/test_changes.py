from __future__ import annotations

from typing import Any

import pytest

from notify.changes import nests_deeper_than


@pytest.mark.parametrize(
    ("value", "depth"),
    [({}, 1), ({"a": 1}, 1), ({"a": [1]}, 2), ([{"a": [[]]}], 4), ({"a": 1, "b": {"c": 2}}, 2)],
    ids=repr,
)
def test_dictionaries_and_lists_are_levels(value, depth):
    assert not nests_deeper_than(depth, value)
    assert nests_deeper_than(depth - 1, value)


def test_other_containers_are_levels_on_request():
    assert not nests_deeper_than(1, {"a": (1,)})
    assert nests_deeper_than(1, {"a": (1,)}, dict | tuple)


def test_data_that_contains_itself_exceeds_any_limit():
    value: dict[str, Any] = {}
    value["value"] = value
    assert nests_deeper_than(100, value)

from __future__ import annotations

import json

import pytest

from notify.protocol import encoding


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "[1,NaN]"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not JSON"):
        encoding.decode(text)


def test_a_number_that_no_field_takes_costs_no_time() -> None:
    assert encoding.decode("9" * 1_000_000) is None
    assert encoding.decode(str(encoding.MAX_INTEGER)) == encoding.MAX_INTEGER


@pytest.mark.parametrize(
    ("text", "has_one"),
    [(r'{"a":"\ud800"}', True), (r'{"a":"\uD83D\uDE00"}', False), (r'{"a":"\\ud800"}', False)],
)
def test_a_lone_surrogate_is_found(text: str, has_one: bool) -> None:
    assert encoding.has_lone_surrogate(text, json.loads(text)) is has_one


@pytest.mark.parametrize("row", ['{"title":"plain"}', '{"title":"ü€😀"}'])
def test_sizes_are_those_of_utf8(row: str) -> None:
    assert encoding.row_size(row) == len(row.encode()) + 1
    assert encoding.frame_size([row, row]) == encoding.FRAME_OVERHEAD_BYTES + 2 * (
        len(row.encode()) + 1
    )

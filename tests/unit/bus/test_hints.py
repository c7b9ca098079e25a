"""Hints: the form in which other processes, also of an older version, read them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from notify.bus import hints
from notify.changes import Change, Locale, Step, TypedRow
from tests.unit.kinds.examples import InItsLanguage

STEPS = [Step("7", "e", 0, 1, 2, 3, 2), Step("8", "e", 4, 5, 6, 7, 6)]


def test_the_form_on_the_layer_is_that_of_the_version():
    """Where this test fails, so do processes of another version: raise `VERSION`."""
    assert hints.VERSION == 1
    assert hints.stamped(hints.session_hint("7"), "d") == {
        "type": "notify.session",
        "user": "7",
        "origin": hints.ORIGIN,
        "deployment": "d",
        "v": 1,
    }
    assert hints.change_hint(Change(STEPS, rows=[{"id": 1}])) | {"at": 0} == {
        "type": "notify.change",
        "at": 0,
        "steps": ["7", "e", 0, 1, 2, 3, "8", "e", 4, 5, 6, 7],
        "badges": [2, 6],
        "arrivals": [],
        "rows": ['{"id":1}'],
    }
    assert hints.preferences_hint("7", "mutes") == {
        "type": "notify.preferences",
        "user": "7",
        "changed": "mutes",
    }
    assert hints.work_hint() == {"type": "notify.work"}
    assert hints.close_hint("7", "s") == {"type": "notify.close", "user": "7", "socket": "s"}
    assert hints.ask_hint("operations", 3.5) == {
        "type": "notify.ask",
        "topic": "operations",
        "process": hints.ORIGIN,
        "holds": 3.5,
    }
    assert hints.part_hint("operations", []) == {
        "type": "notify.part",
        "topic": "operations",
        "process": hints.ORIGIN,
        "part": [],
    }
    assert hints.probe("p", 3) == {"type": "notify.probe", "of": "p", "n": 3}


def test_a_change_is_read_as_it_was_made():
    hint = hints.change_hint(Change(STEPS, arrivals=[{"id": 1, "title": "a"}]))
    at, rows, told = hints.read_change(hint)
    assert at == hint["at"]
    assert [(*step, rows) for step in STEPS] == list(told)
    assert rows.are_known
    assert rows.after(4) == ['{"arrived":5,"version":5,"id":1,"title":"a"}']


def test_the_hint_for_one_has_their_step_only():
    hint = hints.change_hint(Change(STEPS))
    assert hints.for_one(hint, STEPS[1]) == hint | {"steps": [*STEPS[1][:-1]], "badges": [6]}


def test_of_a_hint_without_badges_all_is_read_from_the_database():
    """An older process does not know them, and a frame with its counts would lack one."""
    hint = hints.change_hint(Change(STEPS, arrivals=[{"id": 1}]))
    del hint["badges"]
    _, rows, told = hints.read_change(hint)
    assert not rows.are_known
    assert [step[:4] for step in told] == [step[:4] for step in STEPS]


@pytest.mark.parametrize("of", ["steps", "badges"])
def test_a_hint_with_an_incomplete_step_is_refused(of):
    hint: Any = hints.change_hint(Change(STEPS))
    hint[of].pop()
    with pytest.raises(ValueError, match="6 values and a badge"):
        hints.read_change(hint)


LONG: dict[str, Any] = {"id": 1, "title": "a" * (hints.MAX_ROWS_BYTES // 2)}


@pytest.mark.parametrize(
    ("change", "arrivals", "rows"),
    [
        (Change(STEPS, arrivals=[LONG | {"body": "b" * hints.MAX_ROWS_BYTES}]), 1, None),
        (Change(STEPS, arrivals=[LONG, LONG]), 0, None),
        (Change(STEPS[:1], rows=[LONG]), 0, 1),
        (Change(STEPS[:1], rows=[LONG, LONG]), 0, None),
        (Change(STEPS[:1], rows=[]), 0, 0),
    ],
)
def test_rows_that_are_too_long_are_left_out_but_for_a_single_arrival(change, arrivals, rows):
    hint = hints.change_hint(change)
    assert len(hint["arrivals"]) == arrivals
    assert (None if hint["rows"] is None else len(hint["rows"])) == rows


def test_where_a_hint_comes_from():
    hint = hints.work_hint()
    assert not hints.came_by_layer(hint)
    assert hints.came_by_layer(hints.stamped(hint, "d"))
    assert hints.stamp_of(hints.stamped(hint, "d")) == (hints.ORIGIN, "d", 1)
    assert hints.stamp_of({}) == (None, None, None)
    assert hints.probe_number(hints.probe("p", 3), "p") == 3
    assert hints.probe_number(hints.probe("p", 3), "q") is None


GERMAN = Locale("de", "UTC")


def typed(title: str = "Archive", params: str = "{}") -> TypedRow:
    return TypedRow({"id": 1, "kind": InItsLanguage.key, "title": title}, params)


def test_only_a_hint_of_a_kind_carries_what_its_texts_are_made_of():
    row = {"id": 1, "title": "a"}
    assert "params" not in hints.change_hint(Change(STEPS, arrivals=[row]))
    assert "params" not in hints.change_hint(Change(STEPS, rows=[row]))
    assert "params" not in hints.change_hint(Change(STEPS))
    assert hints.change_hint(Change(STEPS, arrivals=[row, typed()]))["params"] == [None, "{}"]
    assert hints.change_hint(Change(STEPS, rows=[typed(), row]))["params"] == ["{}", None]


def test_rows_are_told_in_the_language_of_each_socket():
    hint = hints.change_hint(Change(STEPS, arrivals=[{"id": 2, "title": "%"}, typed()]))
    told = hints.rows_in(hint, GERMAN)
    assert [json.loads(row)["title"] for row in told.after(4)] == ["%", "Archivieren"]
    assert [json.loads(row)["arrived"] for row in told.after(4)] == [5, 6]
    assert "params" not in "".join(told.after(4))

    hint = hints.change_hint(Change(STEPS, rows=[typed(), {"id": 2, "title": "%"}]))
    told = hints.rows_in(hint, GERMAN)
    assert [json.loads(row)["title"] for row in told.after(4)] == ["Archivieren", "%"]
    assert told.are_known


def test_a_hint_has_no_rows_where_they_do_not_fit_with_what_they_are_made_of():
    half = "x" * (hints.MAX_ROWS_BYTES // 2)
    fits = hints.change_hint(Change(STEPS, rows=[typed(half)]))
    assert fits["rows"] is not None
    over = hints.change_hint(Change(STEPS, rows=[typed(half, half)]))
    assert over["rows"] is None
    assert "params" not in over


def test_a_hint_that_does_not_say_it_of_each_row_is_refused():
    hint = hints.change_hint(Change(STEPS, arrivals=[typed(), typed()]))
    hint["params"] = ["{}"]
    with pytest.raises(ValueError, match="shorter"):
        hints.rows_in(hint, GERMAN)

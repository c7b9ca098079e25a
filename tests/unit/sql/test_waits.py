from __future__ import annotations

import pytest

from notify.sql import waits


def test_a_call_has_two_seconds_for_all_its_waits() -> None:
    with waits.limited():
        assert waits.left() == pytest.approx(waits.LIMIT_S)
        waits.charge(1.5)
        assert waits.left() == pytest.approx(waits.LIMIT_S - 1.5)
    with waits.limited():
        assert waits.left() == pytest.approx(waits.LIMIT_S)


def test_outside_of_a_call_nothing_is_counted() -> None:
    waits.charge(1.5)
    assert waits.left() == waits.LIMIT_S


def test_code_of_the_project_is_not_limited_and_the_limit_comes_back() -> None:
    with waits.limited():
        waits.charge(1.5)
        with waits.unlimited():
            waits.charge(60)
        assert waits.left() == pytest.approx(waits.LIMIT_S - 1.5)

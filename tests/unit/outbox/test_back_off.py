from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from notify.outbox.back_off import DELAYS, GIVE_UP, next_attempt

SINCE = datetime(2026, 7, 1, tzinfo=UTC)


def attempts() -> list[datetime]:
    """When an address that never answers is tried, from its first failure on."""
    found = [SINCE]
    while (following := next_attempt(len(found), SINCE, found[-1])) is not None:
        found.append(following)
    return found


def test_it_waits_minutes_then_hours() -> None:
    times = attempts()
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[0] == timedelta(minutes=1)
    assert gaps[: len(DELAYS)] == sorted(DELAYS)
    assert max(gaps) == timedelta(hours=4)


def test_it_is_given_up_after_three_days() -> None:
    times = attempts()
    assert times[-1] == SINCE + GIVE_UP
    assert len(times) < 30


def test_a_worker_that_comes_late_does_not_try_in_a_row() -> None:
    now = SINCE + timedelta(hours=10)
    assert next_attempt(1, SINCE, now) == now + timedelta(minutes=1)


def test_after_three_days_nothing_follows() -> None:
    assert next_attempt(3, SINCE, SINCE + GIVE_UP) is None
    assert next_attempt(3, SINCE, SINCE + GIVE_UP - timedelta(seconds=1)) == SINCE + GIVE_UP


@given(st.integers(1, 10_000), st.timedeltas(timedelta(0), timedelta(days=10)))
def test_the_next_attempt_is_after_now_and_within_three_days(failures: int, age: timedelta) -> None:
    found = next_attempt(failures, SINCE, SINCE + age)
    assert (found is None) == (age >= GIVE_UP)
    assert found is None or SINCE + age < found <= SINCE + GIVE_UP

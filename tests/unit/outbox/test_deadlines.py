from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from notify.outbox import deadlines
from notify.outbox.deadlines import MAX_OVERDUE, PAUSE_S, Overdue, TooManyOverdue, hanging, within
from tests.harness.waiting import eventually

LONG, SHORT = timedelta(seconds=30), timedelta(milliseconds=20)


def test_it_returns_what_the_call_returns() -> None:
    assert within(LONG, "test", lambda: 7) == 7
    assert hanging("test") == set()


def test_it_raises_what_the_call_raises() -> None:
    def fail() -> None:
        raise KeyError("that")

    with pytest.raises(KeyError, match="that"):
        within(LONG, "test", fail)


def test_a_call_that_takes_longer_is_left_behind() -> None:
    end = threading.Event()
    before = time.monotonic()
    with pytest.raises(Overdue, match=r"No answer within 0\.02 s"):
        within(SHORT, "test", end.wait)
    assert time.monotonic() - before < 5
    assert len(hanging("test")) == 1
    end.set()
    eventually(lambda: hanging("test") == set())


def test_while_some_hang_there_is_no_other_to_the_same() -> None:
    end = threading.Event()
    for _ in range(MAX_OVERDUE):
        with pytest.raises(Overdue):
            within(SHORT, "test", end.wait)
    begun: list[int] = []
    with pytest.raises(TooManyOverdue):
        within(LONG, "test", lambda: begun.append(1))
    assert begun == []
    assert within(LONG, "another", lambda: 7) == 7
    end.set()
    eventually(lambda: hanging("test") == set())


def never_answered() -> None:
    """As a socket that is cut, or has a limit of its own: the thread ends with it."""
    try:
        raise TimeoutError
    except TimeoutError as error:
        raise OSError("The connection was closed.") from error


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def left_alone() -> Clock:
    """After so many calls in a row without an answer, of which none lives on."""
    clock = Clock()
    for _ in range(MAX_OVERDUE):
        with pytest.raises(OSError, match="closed"):
            within(LONG, "test", never_answered, clock)
    assert hanging("test") == set()
    return clock


def test_what_does_not_answer_is_left_alone_also_where_no_call_lives_on(left_alone: Clock) -> None:
    left_alone.seconds += PAUSE_S - 1
    with pytest.raises(TooManyOverdue, match="had no answer"):
        within(LONG, "test", lambda: 7, left_alone)
    assert within(LONG, "another", lambda: 7, left_alone) == 7


def test_then_one_call_at_a_time_asks_whether_it_answers_again(left_alone: Clock) -> None:
    left_alone.seconds += PAUSE_S

    def meanwhile() -> None:
        with pytest.raises(TooManyOverdue):
            within(LONG, "test", lambda: 7, left_alone)
        never_answered()

    with pytest.raises(OSError, match="closed"):
        within(LONG, "test", meanwhile, left_alone)
    with pytest.raises(TooManyOverdue):
        within(LONG, "test", lambda: 7, left_alone)
    left_alone.seconds += PAUSE_S
    assert within(LONG, "test", lambda: 7, left_alone) == 7
    assert within(LONG, "test", lambda: 7, left_alone) == 7


@pytest.mark.parametrize("answer", [lambda: 7, lambda: {}["refused"]])
def test_an_answer_ends_the_row_whatever_it_is(answer: Callable[[], Any]) -> None:
    for _ in range(2):
        for _ in range(MAX_OVERDUE - 1):
            with pytest.raises(OSError, match="closed"):
                within(LONG, "test", never_answered)
        with suppress(KeyError):
            within(LONG, "test", answer)


def test_a_process_does_not_wait_for_them() -> None:
    end = threading.Event()
    with pytest.raises(Overdue):
        within(SHORT, "test", end.wait)
    assert all(thread.daemon for thread in deadlines.hanging("test"))
    end.set()

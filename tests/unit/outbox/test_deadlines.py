from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from notify.outbox import deadlines
from notify.outbox.deadlines import MAX_ABANDONED, Overdue, TooManyOverdue, hanging, within
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
    for _ in range(MAX_ABANDONED):
        with pytest.raises(Overdue):
            within(SHORT, "test", end.wait)
    begun: list[int] = []
    with pytest.raises(TooManyOverdue):
        within(LONG, "test", lambda: begun.append(1))
    assert begun == []
    assert within(LONG, "another", lambda: 7) == 7
    end.set()
    eventually(lambda: hanging("test") == set())
    assert within(LONG, "test", lambda: 7) == 7


def test_a_process_does_not_wait_for_them() -> None:
    end = threading.Event()
    with pytest.raises(Overdue):
        within(SHORT, "test", end.wait)
    assert all(thread.daemon for thread in deadlines.hanging("test"))
    end.set()

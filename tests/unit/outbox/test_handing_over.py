from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from notify.outbox import AddressRefused, Channel, Deferred, Unanswered
from notify.outbox.deadlines import MAX_OVERDUE
from notify.outbox.handing_over import hand_over


class Sms(Channel):
    key: ClassVar[str] = "sms"
    limit: ClassVar[timedelta | None] = timedelta(milliseconds=50)

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__()
        self.call = call
        self.handed: list[tuple[Any, str]] = []

    def hand_over(self, message: Any, address: str) -> None:
        self.call()
        self.handed.append((message, address))


def raising(error: Exception) -> Sms:
    def call() -> None:
        raise error

    return Sms(call)


def test_it_hands_over() -> None:
    channel = Sms(lambda: None)
    hand_over(channel, "hello", "+49")
    assert channel.handed == [("hello", "+49")]


def test_what_the_channel_answers_is_the_answer() -> None:
    with pytest.raises(AddressRefused, match="no such number"):
        hand_over(raising(AddressRefused("no such number")), "hello", "+49")


def test_whatever_else_it_raises_leaves_it_unknown(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Unanswered, match=r"^RuntimeError$"):
        hand_over(raising(RuntimeError("secret")), "hello", "+49")
    assert "may have gone" in caplog.text


def test_one_that_hangs_is_abandoned_and_delays_no_other_channel() -> None:
    end = threading.Event()
    for _ in range(MAX_OVERDUE):
        with pytest.raises(Unanswered, match=r"No answer within 0\.05 s"):
            hand_over(Sms(end.wait), "hello", "+49")
    with pytest.raises(Deferred, match="still hang"):
        hand_over(Sms(end.wait), "hello", "+49")

    class Letter(Sms):
        key = "letter"

    channel = Letter(lambda: None)
    hand_over(channel, "hello", "1 High Street")
    assert channel.handed
    end.set()


def test_one_with_a_limit_of_its_own_runs_in_the_callers_thread() -> None:
    class Own(Sms):
        limit = None

    threads: list[threading.Thread] = []
    hand_over(Own(lambda: threads.append(threading.current_thread())), "hello", "+49")
    assert threads == [threading.current_thread()]

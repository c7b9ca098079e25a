from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from django.db import OperationalError

from notify import sql
from notify.live.database_thread import Call, Calls, DatabaseThread
from tests.harness.waiting import deadline, eventually

pytestmark = pytest.mark.django_db(transaction=True)


class Caller:
    """Hands calls to one thread, and keeps what it reports."""

    def __init__(self) -> None:
        self.calls: Calls = Calls()
        self.reports: list[tuple[Any, BaseException | None]] = []
        self.thread = DatabaseThread(self.calls, "a-database-thread")
        self.thread.start()

    def call(self, work: Any) -> Call:
        # The future's loop never runs: only whether it is done counts here.
        loop = asyncio.new_event_loop()
        future: asyncio.Future[Any] = asyncio.Future(loop=loop)
        loop.close()
        call = Call(work, future, lambda _, *report: self.reports.append(report))
        self.calls.put(call)
        return call

    def end(self) -> None:
        self.calls.put(None)
        self.thread.join(deadline(10))
        assert not self.thread.is_alive()


def test_it_carries_out_calls_in_their_order_and_reports_errors() -> None:
    def fail() -> None:
        raise OperationalError("away")

    caller = Caller()
    caller.call(lambda: sql.fetch("SELECT 1"))
    caller.call(fail)
    caller.call(lambda: threading.current_thread().name)
    caller.end()
    (first, none), (nothing, error), (name, _) = caller.reports
    assert (first, none) == ([(1,)], None)
    assert nothing is None
    assert isinstance(error, OperationalError)
    assert name == "a-database-thread"


def test_a_call_that_was_abandoned_in_the_queue_is_not_carried_out() -> None:
    caller, goes_on, done = Caller(), threading.Event(), []
    caller.call(goes_on.wait)
    caller.call(lambda: done.append("abandoned")).future.cancel()
    goes_on.set()
    caller.end()
    assert done == []


def test_one_that_is_dismissed_ends_after_its_call_and_sends_no_query_in_it() -> None:
    caller, begun, goes_on = Caller(), threading.Event(), threading.Event()

    def work() -> Any:
        begun.set()
        goes_on.wait()
        return sql.fetch("SELECT 1")

    call = caller.call(work)
    assert begun.wait(deadline(10))
    assert caller.thread.dismiss(call)
    assert not caller.thread.dismiss(Call(work, call.future, call.report))
    goes_on.set()
    eventually(lambda: not caller.thread.is_alive(), what="the end of the thread")
    [(_, error)] = caller.reports
    assert "abandoned" in str(error)

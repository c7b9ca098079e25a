from __future__ import annotations

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.utils import timezone

from notify import sql
from notify.exceptions import Busy
from notify.inbox import appending, control
from notify.models import Batch, Notice
from notify.sending import expiry, working
from notify.sending.working import Worker
from notify.sql import transactions

pytestmark = pytest.mark.django_db


def waiting(batches, title="T"):
    notice = Notice.objects.create(title=title)
    due = timezone.now() - timedelta(seconds=1)
    Batch.objects.bulk_create(
        Batch(notice=notice, recipients=[], size=1, due=due) for _ in range(batches)
    )
    return notice


def expired(count):
    then = timezone.now() - timedelta(seconds=1)
    Notice.objects.bulk_create(Notice(title=f"{n}", expires=then) for n in range(count))


def left():
    return Notice.objects.filter(expires__isnull=False, recalled=None).count()


def test_it_continues_while_there_is_something_to_do():
    waiting(3)
    worker = Worker()
    assert [worker.do_next() for _ in range(5)] == [True, True, True, False, False]
    assert worker.carried_out == 3


def test_it_takes_turns():
    notices = [waiting(3), waiting(3)]
    worker = Worker()
    for _ in range(4):
        worker.do_next()
    for notice in notices:
        assert notice.batch_set.filter(state="done").count() == 2


def test_what_expires_waits_for_no_backlog():
    waiting(10)
    seconds = 0.0
    worker = Worker(clock=lambda: seconds)
    worker.do_next()
    expired(1)
    worker.do_next()
    assert left() == 1  # it looks once a second
    seconds += working.EXPIRY_INTERVAL_S
    worker.do_next()
    assert left() == 0
    assert Batch.objects.filter(state="pending").count() == 7


def test_many_expiries_come_in_chunks_with_a_batch_between_two(monkeypatch):
    monkeypatch.setattr(control, "EXPIRED_PER_PASS", 2)
    expired(5)
    waiting(1)
    worker = Worker(clock=lambda: 0.0)
    seen = []
    while worker.do_next():
        seen.append((left(), worker.carried_out))
    assert seen == [(3, 1), (1, 1)]
    assert left() == 0


def test_a_batch_that_fails_is_logged_and_ends_no_round(monkeypatch, caplog, settings):
    settings.NOTIFY_ONE_STATEMENT = False
    good, bad = waiting(1, "good"), waiting(3, "bad")
    append = appending.append

    def fail(notice_id, to, **how):
        if notice_id == bad.pk:
            raise ValueError("broken on purpose")
        return append(notice_id, to, **how)

    monkeypatch.setattr(appending, "append", fail)
    worker = Worker()
    assert [worker.do_next() for _ in range(5)] == [True] * 4 + [False]
    assert (good.status, worker.carried_out) == ("sent", 1)
    assert caplog.text.count("A batch failed and was postponed") == 3
    assert "Traceback" in caplog.text  # it is nothing that a database does


def test_a_batch_that_the_database_refuses_is_logged_in_one_line(monkeypatch, caplog, settings):
    settings.NOTIFY_ONE_STATEMENT = False
    waiting(1)

    def refuse(*_, **__):
        raise OperationalError("no room")

    monkeypatch.setattr(appending, "append", refuse)
    with caplog.at_level(logging.WARNING):
        assert Worker().do_next()
    [record] = caplog.records
    assert "no room" in record.getMessage()
    assert record.exc_info is None


def test_the_latency_is_that_of_the_first_query():
    now = SimpleNamespace(s=0.0)
    waiting(1)
    worker = Worker(clock=lambda: now.s)
    assert worker.database_latency is None

    def slow(execute, *args):
        now.s += 0.25
        return execute(*args)

    with sql.connection().execute_wrapper(slow):
        worker.do_next()
    assert now.s > 0.5
    assert worker.database_latency == 0.25


def test_the_latency_grows_until_the_database_answers_again(monkeypatch):
    now = SimpleNamespace(s=0.0)
    worker = Worker(clock=lambda: now.s)

    def away(*_):
        now.s += 3
        raise OperationalError("away")

    with monkeypatch.context() as patched:
        patched.setattr(transactions, "in_transaction", away)
        for seconds in (3, 6):
            with pytest.raises(OperationalError):
                worker.do_next()
            assert worker.database_latency == seconds
    worker.do_next()
    assert worker.database_latency == 6  # it has answered, after six
    worker.do_next()
    assert worker.database_latency == 0


def test_an_unreachable_database_raises(monkeypatch):
    def away(*_):
        raise OperationalError("away")

    monkeypatch.setattr(transactions, "in_transaction", away)
    with pytest.raises(OperationalError):
        Worker().do_next()


class SteppingClock:
    """Makes an expiry due at each call."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        self.seconds += working.EXPIRY_INTERVAL_S
        return self.seconds


def test_expiries_that_fail_do_not_delay_batches(monkeypatch, caplog):
    waiting(2)

    def fail():
        raise Busy("locked")

    monkeypatch.setattr(expiry, "recall_expired", fail)
    worker = Worker(clock=SteppingClock())
    assert [worker.do_next() for _ in range(3)] == [True, True, False]
    assert worker.carried_out == 2
    assert caplog.text.count("Cannot recall expired notices now") == 3


def test_an_expired_notice_that_cannot_be_recalled_delays_nothing(monkeypatch, caplog):
    expired(3)
    bad = Notice.objects.first()
    waiting(2)
    start_recall = control._start_recall

    def fail(notice_id, *how):
        if notice_id == bad.pk:
            sql.execute("INSERT INTO notify_inbox (user_id) VALUES (NULL)")  # refused
        return start_recall(notice_id, *how)

    monkeypatch.setattr(control, "_start_recall", fail)
    worker = Worker(clock=SteppingClock())
    assert [worker.do_next() for _ in range(3)] == [True, True, False]
    assert (left(), worker.carried_out) == (1, 2)
    assert f"Notice {bad.pk} has expired, but couldn't be recalled" in caplog.text


def test_a_chunk_of_which_some_are_locked_is_not_taken_for_the_last(monkeypatch):
    monkeypatch.setattr(control, "EXPIRED_PER_PASS", 4)
    expired(12)
    locked = set(Notice.objects.order_by("pk").values_list("pk", flat=True)[:2])
    start_recall = control._start_recall

    def fail(notice_id, *how):
        if notice_id in locked:
            raise Busy("locked")
        return start_recall(notice_id, *how)

    monkeypatch.setattr(control, "_start_recall", fail)
    worker = Worker(clock=lambda: 0.0)
    while worker.do_next():
        pass
    assert left() < 4

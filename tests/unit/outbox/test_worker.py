from __future__ import annotations

import threading

import pytest
from django.db import OperationalError

from notify.models import Batch, Message, OutboxItem
from notify.outbox import handing_out, recording, worker
from notify.outbox.worker import OutboxWorker, hand_out_due
from tests.harness.waiting import eventually
from tests.unit.inbox.helpers import people
from tests.unit.outbox.out import Kept, due, messages, sent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced", "declared")]


def test_it_serves_everybody_for_whom_something_is_due():
    several = people(5)
    due(several)
    due(several[:2])
    assert hand_out_due() == 5
    assert sorted(len(one.rows) for one in Kept.handed) == [1, 1, 1, 2, 2]
    assert hand_out_due() == 0


def test_it_lets_batches_ripen_and_ends_leases_once_a_second(monkeypatch):
    seconds, passes = 0.0, []

    def end_leases():
        passes.append(seconds)
        return 0

    monkeypatch.setattr(recording, "end_leases", end_leases)
    found = OutboxWorker(clock=lambda: seconds)
    sent(people(1))
    Batch.objects.update(due=Batch.objects.get().finished)
    while found.do_next():
        pass
    assert OutboxItem.objects.exists()
    found.do_next()
    seconds += worker.UPKEEP_INTERVAL_S
    found.do_next()
    assert passes == [0.0, 1.0]


def test_one_persons_failure_is_not_anothers(monkeypatch, caplog):
    ada, bob = people(2)
    due([ada, bob])
    hand_out = handing_out.hand_out

    def fails(user, channel):
        if user == str(ada.pk):
            raise ZeroDivisionError
        return hand_out(user, channel)

    monkeypatch.setattr(handing_out, "hand_out", fails)
    assert hand_out_due() == 1
    assert [one.user for one in Kept.handed] == [bob]
    assert "What is due for a user failed" in caplog.text


def test_it_closes_its_channels_when_there_is_nothing_left(monkeypatch, caplog):
    closed = []

    def close(self):
        closed.append(len(Kept.handed))
        raise ZeroDivisionError

    monkeypatch.setattr(Kept, "close", close)
    hand_out_due()
    assert closed == []
    due(people(2))
    hand_out_due()
    assert set(closed) == {2}
    assert "could not be closed" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_the_loop_goes_on_after_a_failure(monkeypatch, caplog):
    monkeypatch.setattr(worker, "IDLE_S", 0.01)
    failures = [OperationalError("away"), ZeroDivisionError()]
    do_next = OutboxWorker.do_next

    def fails(self):
        if failures:
            raise failures.pop()
        return do_next(self)

    monkeypatch.setattr(OutboxWorker, "do_next", fails)
    due(people(3))
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=[stop])
    thread.start()
    try:
        eventually(lambda: messages() == ["handed"] * 3, what="the messages")
    finally:
        stop.set()
        thread.join()
    assert caplog.text.count("will be tried again") == 2
    assert Message.objects.count() == 3

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.db.models import F

from notify.models import Batch, Message, OutboxItem
from notify.outbox import Email, deadlines, handing_out, mail_server, recording, ripening, worker
from notify.outbox.claiming import Rounds
from notify.outbox.deadlines import MAX_OVERDUE
from notify.outbox.worker import OutboxWorker, hand_out_due
from notify.sql import database
from tests.harness.waiting import eventually
from tests.unit.inbox.helpers import people
from tests.unit.outbox.conftest import send_to
from tests.unit.outbox.out import NOW, Kept, due, kind, messages, sent, states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced", "declared")]


def test_it_serves_everybody_for_whom_something_is_due():
    several = people(5)
    due(several)
    due(several[:2])
    assert hand_out_due() == 5
    assert sorted(len(one.rows) for one in Kept.handed) == [1, 1, 1, 2, 2]
    assert hand_out_due() == 0


def test_what_is_due_now_goes_now_though_the_clock_is_ahead_of_the_databases(monkeypatch):
    real = database.now
    monkeypatch.setattr(database, "now", lambda: real() + timedelta(milliseconds=500))
    sent(people(1))
    assert hand_out_due() == 1


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


def test_what_fails_keeps_nothing_else_from_going(monkeypatch, caplog):
    """A batch, and a person, each for ever."""
    several = people(6)
    bad, good = (sent(several, text) for text in ("bad", "good"))
    Batch.objects.update(due=F("due") - timedelta(hours=1))
    Batch.objects.filter(notice=bad).update(due=F("due") - timedelta(hours=1))
    make, hand_out = ripening._make_items, handing_out.hand_out

    def makes(batch, channel):
        if batch.notice_id == bad.pk:
            raise OperationalError("for ever")
        return make(batch, channel)

    def hands_out(user, channel):
        if user == str(several[0].pk):
            raise OperationalError("for ever")
        return hand_out(user, channel)

    monkeypatch.setattr(ripening, "_make_items", makes)
    monkeypatch.setattr(handing_out, "hand_out", hands_out)
    assert hand_out_due() == 5
    assert states(good).count(("handed", "")) == 5
    assert hand_out_due() == 0
    assert "for ever" in caplog.text


def test_where_all_fails_it_raises_in_the_end(monkeypatch):
    tries = []

    def fails(self):
        tries.append(1)
        raise OperationalError("away")

    monkeypatch.setattr(Rounds, "next_page", fails)
    with pytest.raises(OperationalError):
        hand_out_due()
    assert len(tries) == worker.MAX_CONSECUTIVE_FAILURES


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


@pytest.mark.parametrize(
    ("limit_s", "timeout_s"), [(0.3, 60), (60, 0.3)], ids=["our limit", "EMAIL_TIMEOUT"]
)
def test_a_mail_server_that_hangs_after_its_greeting_holds_up_four_messages_and_no_other_channel(
    mail, settings, monkeypatch, limit_s, timeout_s
):
    send_to(settings, mail.port, timeout=timeout_s)
    kind("t.news").channels = [Kept(after=NOW), Email(after=NOW)]
    several = people(20)
    User.objects.update(email="hang@example.org")
    due(several)
    with monkeypatch.context() as hurried:
        limit = timedelta(seconds=limit_s)
        hurried.setattr(mail_server, "hand_over", partial(mail_server.hand_over, limit=limit))
        assert hand_out_due() == 40
    assert len(Kept.handed) == 20
    mails = Message.objects.filter(channel="email")
    assert set(mails.values_list("state", flat=True)) == {"deferred"}
    assert mails.filter(why__contains="hangs").count() == 20 - MAX_OVERDUE

    monkeypatch.setattr(deadlines, "PAUSE_S", 0.0)
    User.objects.update(email="well@example.org")
    OutboxItem.objects.update(ripe=F("ripe") - timedelta(minutes=2))
    assert hand_out_due() == 20
    assert set(OutboxItem.objects.values_list("state", flat=True)) == {"handed"}


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

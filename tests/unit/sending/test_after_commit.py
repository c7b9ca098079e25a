from __future__ import annotations

import pytest
from django.db import transaction

import notify
from notify import sending, signals
from notify.bus.publisher import publisher
from notify.inbox import work
from notify.models import Notification
from tests.unit.inbox.helpers import batch_of, committed, counts, deliver, ids, people

pytestmark = pytest.mark.django_db


def test_what_one_transaction_sends_arrives_in_order(ada, bob, announced):
    with committed(), transaction.atomic():
        notices = [notify.send(to=to, title="Hello") for to in (ada, ada, bob, [ada, bob], ada)]

    arrivals = [[row["id"] for row in change.arrivals] for change in announced.changes]
    assert arrivals == [[one] for one in ids(notices)]
    assert counts(ada) == (4, 4)
    assert counts(bob) == (2, 2)


@pytest.mark.parametrize(
    ("verb", "state"),
    [(sending.recall, "closed"), (sending.pause, "paused"), (sending.cancel, "cancelled")],
)
def test_a_recalled_paused_or_cancelled_one_does_not_arrive(ada, announced, verb, state):
    with committed(), transaction.atomic():
        before, held, after = (notify.send(to=ada, title="Hello") for _ in range(3))
        verb(held)

    assert [row.notice for row in Notification.objects.order_by("arrived")] == [before, after]
    assert (batch_of(held).state, batch_of(held).appended) == (state, 0)
    assert counts(ada) == (2, 2)
    assert len(announced.changes) == 2


def test_several_batches_are_left_to_the_workers(ada, bob, announced, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = deliver([ada, bob])
    assert announced.work == 1
    assert announced.changes == []
    assert notice.status == "pending"
    assert sending.carry_out_next()
    assert sending.carry_out_next()
    assert not sending.carry_out_next()
    assert len(announced.changes) == 2


def test_a_single_full_batch_is_carried_out_here(announced, settings):
    settings.NOTIFY_BATCH_SIZE = 2
    assert deliver(people(2)).status == "sent"
    assert announced.work == 0


def test_a_batch_that_fails_after_the_commit_is_left_to_a_worker(ada, monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(work, "append_one", fail)

    notice = deliver(ada)

    assert notice.status == "pending"
    assert f"Notice {notice.pk} is stored; a worker will carry it out." in caplog.text
    assert batch_of(notice).state == "pending"


def test_a_failing_announcement_does_not_reach_the_caller(ada, monkeypatch, caplog):
    def fail(change):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(publisher, "publish", fail)
    assert deliver(ada).status == "sent"
    assert "broken on purpose" in caplog.text


def test_the_signal_is_sent_after_the_commit_and_its_receivers_cannot_break_it(ada):
    received = []

    def note(sender, notice, **kwargs):
        received.append(notice)
        raise RuntimeError("a receiver of the project")

    signals.notice_sent.connect(note)
    try:
        with committed():
            notice = notify.send(to=ada, title="Hello")
            assert received == []
        with committed():
            notify.send(to=ada, title="With a key", key="k")
            notify.send(to=ada, title="With a key", key="k")
    finally:
        signals.notice_sent.disconnect(note)
    assert received[0] == notice
    assert len(received) == 2
    assert counts(ada) == (2, 2)

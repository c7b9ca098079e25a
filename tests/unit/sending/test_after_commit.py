from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

import notify
from notify import sending, signals
from notify.bus.publisher import publisher
from notify.inbox import appending, claiming, work
from notify.models import Notification
from notify.sending import after_commit
from tests.unit.inbox.helpers import batch_of, committed, counts, deliver, ids, key, people

pytestmark = pytest.mark.django_db


def test_what_one_transaction_sends_to_the_same_people_arrives_as_one_change(ada, bob, announced):
    deliver(ada)
    announced.changes.clear()
    with committed(), transaction.atomic():
        notices = [notify.send(to=[ada, bob], title=f"Notice {n}") for n in range(3)]

    [change] = announced.changes
    assert {
        (step.user, step.start, step.to, step.unseen, step.unread) for step in change.steps
    } == {
        (key(ada), 1, 4, 4, 4),
        (key(bob), 0, 3, 3, 3),
    }
    assert [row["id"] for row in change.arrivals] == ids(notices)
    rows = Notification.objects.filter(user=ada, notice__in=notices).order_by("arrived")
    assert [(row.notice_id, row.arrived, row.version) for row in rows] == [
        (notice.pk, n, n) for n, notice in enumerate(notices, 2)
    ]
    for notice in notices:
        batch = batch_of(notice)
        assert (batch.state, batch.appended, batch.skipped) == ("done", 2, 0)
        assert batch.finished is not None


def test_what_it_sends_to_different_people_arrives_in_order(ada, bob, announced):
    with committed(), transaction.atomic():
        notices = [notify.send(to=to, title="Hello") for to in (ada, ada, bob, [ada, bob], ada)]

    arrivals = [[row["id"] for row in change.arrivals] for change in announced.changes]
    first, second, *others = ids(notices)
    assert arrivals == [[first, second], *([one] for one in others)]
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
    assert [len(change.arrivals) for change in announced.changes] == [2]


def test_one_that_is_paused_at_the_last_moment_does_not_arrive(ada, monkeypatch):
    alike = claiming.grouped

    def pause_first(batch_ids):
        runs = alike(batch_ids)
        sending.pause(held)
        return runs

    monkeypatch.setattr(claiming, "grouped", pause_first)
    with committed(), transaction.atomic():
        held, *others = (notify.send(to=ada, title="Hello") for _ in range(3))

    assert [row.notice for row in Notification.objects.order_by("arrived")] == others
    assert (batch_of(held).state, batch_of(held).appended) == ("paused", 0)


def test_a_scheduled_batch_that_reuses_a_rolled_back_id_is_not_appended(ada):
    batches = after_commit.sent.batches
    scheduled = deliver(ada, "Tomorrow", send_at=timezone.now() + timedelta(days=1))
    with committed(), transaction.atomic():
        after_commit.sent.batches = [*batches, batch_of(scheduled).pk]  # SQLite gives it out again
        now = notify.send(to=ada, title="Now")

    assert Notification.objects.get().notice == now
    assert batch_of(scheduled).state == "pending"


def test_the_next_send_forgets_batches_that_were_rolled_back(ada, announced):
    with committed(), transaction.atomic():
        notify.send(to=ada, title="Never")
        transaction.set_rollback(True)
    deliver(ada, "Then")

    assert Notification.objects.get().notice.title == "Then"
    assert len(announced.changes) == 1


def test_batches_that_fail_together_are_tried_one_by_one(ada, monkeypatch, caplog):
    def fail(batch_ids):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(work, "carry_out_together", fail)
    with committed(), transaction.atomic():
        notices = [notify.send(to=ada, title="Hello") for _ in range(3)]

    assert [row.notice for row in Notification.objects.order_by("arrived")] == notices
    assert "so each alone: RuntimeError('broken on purpose')" in caplog.text


def test_one_change_has_a_limited_size(ada, bob, announced, monkeypatch):
    monkeypatch.setattr(claiming, "MAX_NOTICES_TOGETHER", 3)
    monkeypatch.setattr(claiming, "MAX_ROWS_TOGETHER", 4)
    with committed(), transaction.atomic():
        for to in ([ada], [ada, bob]):
            for _ in range(4):
                notify.send(to=to, title="Hello")

    assert [len(change.arrivals) for change in announced.changes] == [3, 1, 2, 2]


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
    def fail(batch):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(appending, "append_batches", fail)

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

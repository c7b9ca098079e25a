from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, OperationalError, connections, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import TestCase
from django.utils import timezone

from notify import protocol, sending, sql
from notify.exceptions import Busy
from notify.inbox import personal, reading, store, work
from notify.models import Batch, Inbox, Notice, Notification
from tests.unit.inbox.helpers import (
    batch_of,
    committed,
    copy_of,
    counts,
    deliver,
    inbox_of,
    key,
    people,
    something_is_due,
)

pytestmark = pytest.mark.django_db


def left_alone(to, title="Hello", **fields):
    """A notice whose process died between its commit and its batches."""
    with transaction.atomic():
        return sending.send(to=to, title=title, **fields)


def let_pass(seconds, **which):
    """As if that time had passed for these batches."""
    Batch.objects.filter(**which).update(due=F("due") - timedelta(seconds=seconds))


def states(notice):
    return list(Batch.objects.filter(notice=notice).order_by("pk").values_list("state", flat=True))


# Which is next


def test_the_only_batch_is_left_to_its_process_until_the_grace_has_passed(ada):
    notice = left_alone(ada)
    assert not something_is_due()
    assert work.carry_out_next() is None

    let_pass(31)

    assert something_is_due()
    assert work.carry_out_next().notice_id == notice.pk
    assert copy_of(ada, notice).arrived == 1


def test_the_grace_is_not_over_before_its_time(ada):
    left_alone(ada)
    let_pass(25)
    assert work.carry_out_next() is None


def test_more_batches_than_one_are_for_whoever_is_there(ada, bob, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    left_alone([ada, bob])
    assert work.carry_out_next() is not None
    assert work.carry_out_next() is not None
    assert work.carry_out_next() is None


def test_a_batch_is_carried_out_once(ada):
    batch = batch_of(left_alone(ada))

    assert work.carry_out(batch.pk).change is not None
    assert work.carry_out(batch.pk) is None

    assert inbox_of(ada).version == 1
    assert batch_of(batch.notice).finished is not None


def test_a_batch_that_does_not_exist_is_nothing_to_do():
    assert work.carry_out(10**15) is None


def test_a_batch_whose_users_are_all_gone_is_done_and_changes_nobody(ada):
    notice = left_alone(ada)
    batch = batch_of(notice)
    ada.delete()

    done = work.carry_out(batch.pk)

    assert done.change is None
    batch.refresh_from_db()
    assert (batch.state, batch.appended, batch.skipped) == ("done", 0, 1)


# Scheduled


def test_scheduled_batches_wait_for_their_time(ada):
    notice = deliver(ada, send_at=timezone.now() + timedelta(hours=1))
    assert not something_is_due()
    assert Notification.objects.count() == 0
    assert notice.status == "pending"

    let_pass(3601)

    assert work.carry_out_next().notice_id == notice.pk
    assert Notice.objects.get(pk=notice.pk).status == "sent"


@pytest.mark.parametrize("seconds", [5, 29, 31])
def test_a_notice_is_not_sent_some_seconds_early(ada, seconds):
    deliver(ada, send_at=timezone.now() + timedelta(seconds=seconds))
    assert Notification.objects.count() == 0


def test_a_time_that_has_passed_is_now(ada):
    deliver(ada, send_at=timezone.now() - timedelta(seconds=5))
    assert Notification.objects.count() == 1


def test_the_audience_of_a_scheduled_notice_is_the_one_of_the_call(ada, bob):
    deliver([ada, bob], send_at=timezone.now() + timedelta(hours=1))
    late = people(1, "late")[0]
    bob.delete()
    let_pass(3601)

    work.carry_out_next()

    assert list(Notification.objects.values_list("user", flat=True)) == [ada.pk]
    assert not late.notify_notifications.exists()


# Failing


@pytest.fixture
def failing(monkeypatch):
    """The notices in it cannot be appended."""
    failing: set[int] = set()
    append = store.append

    def maybe(batch):
        if batch.notice_id in failing:
            raise DatabaseError("broken on purpose")
        return append(batch)

    monkeypatch.setattr(store, "append", maybe)
    return failing


def test_a_failing_batch_is_put_off_and_the_others_go_on(ada, failing):
    bad, good = left_alone(ada), left_alone(ada)
    let_pass(35, notice=bad)
    let_pass(40, notice=good)
    failing.add(bad.pk)

    with pytest.raises(work.PutOff) as caught:
        work.carry_out_next()
    assert "on purpose" in str(caught.value.__cause__)
    assert work.carry_out_next().notice_id == good.pk
    assert work.carry_out_next() is None

    assert (batch_of(bad).state, batch_of(bad).attempts) == ("pending", 1)
    failing.clear()
    let_pass(3, notice=bad)
    assert work.carry_out_next().notice_id == bad.pk


def test_a_failing_batch_is_put_off_for_longer_and_longer(ada, failing):
    bad = left_alone(ada)
    failing.add(bad.pk)
    waits = []
    for _ in range(12):
        Batch.objects.update(due=Now() - timedelta(seconds=1))
        with pytest.raises(work.PutOff):
            work.carry_out_next()
        waits.append((batch_of(bad).due - timezone.now()).total_seconds())

    expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]  # to the next whole second
    for wait, at_least in zip(waits, expected, strict=True):
        assert at_least - 0.5 < wait < at_least + 1


def test_a_failure_leaves_nothing_behind(ada, monkeypatch):
    notice = left_alone(ada)
    let_pass(31)
    steps = store._steps

    def fail(records):
        steps(records)
        raise DatabaseError("after the rows were written")

    monkeypatch.setattr(store, "_steps", fail)
    with pytest.raises(work.PutOff):
        work.carry_out_next()

    assert Notification.objects.count() == 0
    assert not ada.notify_notifications.exists()
    assert states(notice) == ["pending"]


# Recall


def test_recall_says_how_many_inboxes_hold_it():
    assert sending.recall(deliver(people(3))) == 3


def test_a_recall_closes_what_is_not_yet_sent(ada, bob, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = left_alone([ada, bob])
    sending.carry_out_next()

    assert work.start_recall(notice.pk) == 1

    assert sorted(states(notice)) == ["closed", "recalling"]
    let_pass(31)
    while sending.carry_out_next():
        pass
    assert states(notice) == ["closed", "closed"]
    copy = Notification.objects.get()
    assert copy.recalled is not None
    assert counts(copy.user) == (0, 0)


def test_the_recall_is_on_the_notice_before_it_is_in_the_inboxes(ada, bob, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = left_alone([ada, bob])
    while sending.carry_out_next():
        pass

    work.start_recall(notice.pk)

    assert Notice.objects.get(pk=notice.pk).recalled is not None
    assert counts(ada) == counts(bob) == (1, 1)
    sending.carry_out_next()
    assert sorted([counts(ada), counts(bob)]) == [(0, 0), (1, 1)]
    sending.carry_out_next()
    assert not Inbox.objects.exclude(unseen=0, unread=0).exists()


def test_a_batch_of_a_recalled_notice_is_never_appended(ada):
    notice = left_alone(ada)
    Notice.objects.update(recalled=timezone.now())

    done = work.carry_out(batch_of(notice).pk)

    assert done.change is None
    assert states(notice) == ["closed"]
    assert Notification.objects.count() == 0


def test_a_scheduled_notice_that_is_recalled_never_comes(ada):
    notice = deliver(ada, send_at=timezone.now() + timedelta(hours=1))
    assert sending.recall(notice) == 0
    let_pass(7200)
    assert work.carry_out_next() is None
    assert Notification.objects.count() == 0


def test_a_recall_of_one_batch_is_carried_out_on_commit(ada, announced):
    notice = deliver(ada)
    with committed():
        sending.recall(notice)
        assert counts(ada) == (1, 1)
    assert counts(ada) == (0, 0)
    assert len(announced.changes) == 2


def test_a_recall_that_is_rolled_back_recalls_nothing(ada):
    notice = deliver(ada)
    with committed(), transaction.atomic():
        sending.recall(notice)
        transaction.set_rollback(True)
    assert counts(ada) == (1, 1)
    assert Notice.objects.get(pk=notice.pk).recalled is None


def test_a_second_recall_recalls_nothing_and_resumes_the_first(ada):
    notice = deliver(ada)
    sending.recall(notice)  # its process dies before the commit's work
    when = Notice.objects.get(pk=notice.pk).recalled

    with committed():
        assert sending.recall(notice) == 0

    assert counts(ada) == (0, 0)
    assert Notice.objects.get(pk=notice.pk).recalled == when


def test_a_recall_whose_process_died_is_picked_up_after_the_grace(ada):
    notice = deliver(ada)
    sending.recall(notice)
    assert work.carry_out_next() is None
    let_pass(31)
    assert work.carry_out_next().notice_id == notice.pk
    assert counts(ada) == (0, 0)


def test_a_recall_of_what_was_deleted_meanwhile_takes_out_the_rest(ada, bob):
    notice = deliver([ada, bob])
    store.delete_rows(key(ada), [copy_of(ada, notice).pk])
    version = inbox_of(ada).version

    with committed():
        sending.recall(notice)

    assert inbox_of(ada).version == version
    assert not Inbox.objects.exclude(unseen=0, unread=0).exists()


# Pause, resume, cancel


def test_a_paused_notice_is_nobodys_work_until_it_goes_on(ada, bob, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = left_alone([ada, bob, *people(1)])
    sending.carry_out_next()

    assert sending.pause(notice) == 2

    let_pass(60)
    assert not something_is_due()
    assert work.carry_out_next() is None
    assert [work.carry_out(batch.pk) for batch in notice.batch_set.all()] == [None] * 3
    assert notice.status == "paused"
    assert work.open_batches(notice.pk) == []

    assert sending.resume(notice) == 2
    while sending.carry_out_next():
        pass
    assert Notice.objects.get(pk=notice.pk).status == "sent"
    assert Notification.objects.filter(notice=notice).count() == 3


def test_what_was_paused_before_its_time_goes_on_at_its_time(ada):
    notice = deliver(ada, send_at=timezone.now() + timedelta(hours=1))
    sending.pause(notice)
    with committed():
        assert sending.resume(notice) == 1
    assert not something_is_due()
    assert Notification.objects.count() == 0
    assert batch_of(notice).due == notice.send_at


def test_what_was_paused_beyond_its_time_goes_on_at_once(ada):
    notice = deliver(ada, send_at=timezone.now() + timedelta(hours=1))
    sending.pause(notice)
    Notice.objects.update(send_at=timezone.now() - timedelta(minutes=1))
    with committed():
        sending.resume(notice)
    assert Notification.objects.count() == 1


def test_a_paused_notice_does_not_become_open_by_a_second_pause_or_resume(ada):
    notice = left_alone(ada)
    assert [sending.pause(notice), sending.pause(notice)] == [1, 0]
    assert [sending.resume(notice), sending.resume(notice)] == [1, 0]
    assert states(notice) == ["pending"]


def test_cancelling_keeps_what_has_arrived_and_sends_no_more(ada, bob, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = left_alone([ada, bob, *people(1)])
    sending.carry_out_next()
    sending.pause(notice)

    assert sending.cancel(notice) == 2

    assert sending.resume(notice) == 0
    let_pass(60)
    assert work.carry_out_next() is None
    assert sorted(states(notice)) == ["cancelled", "cancelled", "done"]
    progress = reading.progress(notice.pk)
    assert (progress["status"], progress["appended"], progress["cancelled"]) == ("cancelled", 1, 2)
    assert Notification.objects.filter(recalled=None).count() == 1


def test_what_has_all_arrived_cannot_be_cancelled(ada):
    notice = deliver(ada)
    assert [sending.pause(notice), sending.cancel(notice)] == [0, 0]
    assert notice.status == "sent"


def test_a_recall_takes_out_what_arrived_before_the_cancel_and_closes_what_is_paused(
    ada, bob, settings
):
    settings.NOTIFY_BATCH_SIZE = 1
    cancelled, paused = left_alone([ada, bob]), left_alone([ada, bob])
    for notice in (cancelled, paused):
        work.carry_out(notice.batch_set.first().pk)
    sending.cancel(cancelled)
    sending.pause(paused)

    assert [work.start_recall(one.pk) for one in (cancelled, paused)] == [1, 1]

    assert states(cancelled) == ["recalling", "cancelled"]
    assert states(paused) == ["recalling", "closed"]
    assert sending.resume(paused) == 0


def test_who_is_to_be_erased_is_taken_off_a_paused_notice_too(ada, bob):
    notice = left_alone([ada, bob])
    sending.pause(notice)
    assert [one["id"] for one in personal.export(key(ada))["waiting_for"]] == [notice.pk]


# What is left to the workers


def failed(notice, **fields):
    Batch.objects.filter(notice=notice).update(
        attempts=3, due=Now() + timedelta(seconds=20), **fields
    )


def test_what_failed_stays_put_off_when_its_process_leaves_it_to_the_workers(ada):
    mine, bad = left_alone([ada]), left_alone([ada])
    failed(bad)
    work.release([batch_of(mine).pk, batch_of(bad).pk])
    done = work.carry_out_next()
    assert done is not None
    assert done.notice_id == mine.pk
    assert work.carry_out_next() is None


def test_a_recall_and_a_resumption_begin_with_no_failure(ada):
    recalled, paused = deliver(ada), left_alone([ada])
    failed(recalled)
    failed(paused, state="paused")
    work.start_recall(recalled.pk)
    work.resume(paused.pk)
    assert set(Batch.objects.values_list("attempts", flat=True)) == {0}


class Unusable:
    """Stands for a database that has nothing to do with the inboxes."""

    def __getattr__(self, name):
        raise AssertionError(f"The other database was asked for its {name}.")


def test_open_batches_are_asked_for_in_the_sql_of_their_database(ada, monkeypatch):
    notice = left_alone([ada])
    monkeypatch.setattr(sql, "alias", lambda: "inboxes")
    connections["inboxes"] = own = connections["default"]
    connections["default"] = Unusable()  # type: ignore[assignment]
    try:
        found = work.open_batches(notice.pk)
    finally:
        connections["default"] = own
        del connections["inboxes"]
    assert found == [batch_of(notice).pk]


# Expiry


def test_what_has_expired_by_the_clock_of_the_database_is_recalled(ada):
    soon = deliver(ada, "soon", expires=timezone.now() + timedelta(hours=1))
    deliver(ada, "later", expires=timezone.now() + timedelta(hours=2))
    deliver(ada, "never")
    assert sending.recall_expired() == (0, 0)
    Notice.objects.update(expires=F("expires") - timedelta(hours=1, seconds=1))

    with committed():
        assert sending.recall_expired() == (1, 1)

    assert Notice.objects.get(pk=soon.pk).recalled is not None
    assert counts(ada) == (2, 2)
    assert work.expired_notices() == []


def test_the_clock_of_this_process_does_not_expire_anything(ada, monkeypatch):
    deliver(ada, expires=timezone.now() + timedelta(hours=1))
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    assert work.expired_notices() == []


def test_what_expires_before_it_is_sent_is_not_sent(ada):
    notice = deliver(
        ada,
        send_at=timezone.now() + timedelta(hours=1),
        expires=timezone.now() + timedelta(hours=2),
    )
    Notice.objects.update(expires=Now())
    let_pass(3601)

    sending.recall_expired()

    assert work.carry_out_next() is None
    assert states(notice) == ["closed"]
    assert Notification.objects.count() == 0


def test_expiries_come_in_lots_and_not_to_each_worker_the_same(ada, monkeypatch):
    monkeypatch.setattr(work, "EXPIRED_A_LOT", 3)
    before = timezone.now() - timedelta(seconds=1)
    Notice.objects.bulk_create(Notice(title=f"{n}", expires=before) for n in range(30))
    lots = [work.expired_notices() for _ in range(9)]
    assert all(len(set(lot)) == 3 for lot in lots)
    assert len(set(map(frozenset, lots))) > 1


def test_a_recall_that_waits_for_nobody_tries_once(ada, monkeypatch):
    tries = []

    def locked(*_):
        tries.append(1)
        raise OperationalError("database is locked")

    monkeypatch.setattr(work, "_start_recall", locked)
    with pytest.raises(Busy):
        work.start_recall(1, wait=False)
    assert len(tries) == 1


def test_of_two_workers_with_the_same_expired_notice_one_carries_it_out(ada, monkeypatch):
    notice = deliver(ada, expires=timezone.now() + timedelta(hours=1))
    Notice.objects.update(expires=Now())
    monkeypatch.setattr(work, "expired_notices", lambda: [notice.pk])
    with TestCase.captureOnCommitCallbacks() as hooks:
        assert sending.recall_expired() == (1, 1)
        assert sending.recall_expired() == (1, 0)
    assert len(hooks) == 1


def test_a_recall_leaves_the_time_of_arrival(ada):
    notice = deliver(ada)
    arrived = Batch.objects.get().finished
    work.start_recall(notice.pk)
    Batch.objects.update(due=timezone.now() - timedelta(seconds=1))
    assert work.carry_out_next() is not None
    assert Batch.objects.get().finished == arrived


# Together


def test_what_is_carried_out_together_fits_into_one_frame():
    assert work.NOTICES_TOGETHER <= protocol.MAX_FRAME_ROWS


def test_a_notice_of_several_batches_is_carried_out_batch_by_batch(announced, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    users = people(2)
    left_alone(users[0], "before")
    left_alone([users[0], users[0], users[1]], "several")
    left_alone(users[1], "after")
    left_alone(users[1], "once more")
    one, two, three, four, five = Batch.objects.order_by("pk").values_list("pk", flat=True)

    assert work.alike([one, two, three, four, five]) == [[one], [two], [three], [four, five]]
    assert work.alike([one]) == [[one]]
    assert work.alike([one, 10**15]) == [[one]]


def test_only_what_is_to_be_appended_now_is_taken_together(ada):
    done = deliver(ada)
    waiting = [left_alone(ada) for _ in range(2)]
    scheduled = left_alone(ada, send_at=timezone.now() + timedelta(days=1))
    batches = [batch_of(notice).pk for notice in (done, *waiting, scheduled)]

    assert work.alike(batches) == [batches[1:3]]

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import TestCase
from django.utils import timezone

from notify import sending
from notify.exceptions import Busy
from notify.inbox import (
    claiming,
    control,
    personal,
    progress,
    recalling,
    upkeep,
    work,
)
from notify.models import Batch, Inbox, Notice, Notification, Place
from tests.unit.inbox.helpers import (
    abandoned,
    age_batches,
    batch_of,
    committed,
    counts,
    deliver,
    fail_batches,
    inbox_of,
    key,
    people,
    something_is_due,
    states,
)

pytestmark = pytest.mark.django_db


def test_a_recall_returns_how_many_inboxes_have_the_notice():
    assert sending.recall(deliver(people(3))) == 3


def test_a_recall_closes_batches_that_are_not_sent_yet(ada, bob, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = abandoned([ada, bob])
    sending.carry_out_next()

    assert control.start_recall(notice.pk).inboxes == 1

    assert sorted(states(notice)) == ["closed", "done", "recalling"]
    age_batches(31)
    while sending.carry_out_next():
        pass
    assert sorted(states(notice)) == ["closed", "closed", "done"]
    copy = Notification.objects.get()
    assert copy.recalled is not None
    assert counts(copy.user) == (0, 0)


def test_the_recall_is_on_the_notice_before_it_is_in_the_inboxes(ada, bob, monkeypatch):
    monkeypatch.setattr(recalling, "MAX_COPIES", 1)
    notice = deliver([ada, bob])

    control.start_recall(notice.pk)

    assert Notice.objects.get(pk=notice.pk).recalled is not None
    assert counts(ada) == counts(bob) == (1, 1)
    sending.carry_out_next()
    assert [counts(ada), counts(bob)] == [(0, 0), (1, 1)]
    sending.carry_out_next()
    assert not Inbox.objects.exclude(unseen=0, unread=0).exists()


def test_a_batch_of_a_recalled_notice_is_never_appended(ada):
    notice = abandoned(ada)
    Notice.objects.update(recalled=timezone.now())

    done = work.carry_out(batch_of(notice).pk)

    assert done.change is None
    assert states(notice) == ["closed"]
    assert Notification.objects.count() == 0


def test_a_scheduled_notice_that_is_recalled_never_arrives(ada):
    notice = deliver(ada, send_at=timezone.now() + timedelta(hours=1))
    assert sending.recall(notice) == 0
    age_batches(7200)
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
    sending.recall(notice)  # its process dies before the commit hooks run
    when = Notice.objects.get(pk=notice.pk).recalled

    with committed():
        assert sending.recall(notice) == 0

    assert counts(ada) == (0, 0)
    assert Notice.objects.get(pk=notice.pk).recalled == when


def test_a_recall_whose_process_died_is_picked_up_after_the_grace(ada):
    notice = deliver(ada)
    sending.recall(notice)
    assert work.carry_out_next() is None
    age_batches(31)
    assert work.carry_out_next().notice_id == notice.pk
    assert counts(ada) == (0, 0)


def test_a_recall_after_some_copies_were_deleted_recalls_the_rest(ada, bob):
    notice = deliver([ada, bob])
    upkeep.delete_rows(key(ada), [notice.pk])
    version = inbox_of(ada).version

    with committed():
        sending.recall(notice)

    assert inbox_of(ada).version == version
    assert not Inbox.objects.exclude(unseen=0, unread=0).exists()


def test_a_paused_notice_is_not_due_until_it_is_resumed(ada, bob, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = abandoned([ada, bob, *people(1)])
    sending.carry_out_next()

    assert sending.pause(notice) == 2

    age_batches(60)
    assert not something_is_due()
    assert work.carry_out_next() is None
    assert [work.carry_out(batch.pk) for batch in notice.batch_set.all()] == [None] * 3
    assert notice.status == "paused"
    assert claiming.open_batches(notice.pk) == []

    assert sending.resume(notice) == 2
    while sending.carry_out_next():
        pass
    assert Notice.objects.get(pk=notice.pk).status == "sent"
    assert Notification.objects.filter(notice=notice).count() == 3


def test_a_notice_resumed_before_its_time_is_sent_at_its_time(ada):
    notice = deliver(ada, send_at=timezone.now() + timedelta(hours=1))
    sending.pause(notice)
    with committed():
        assert sending.resume(notice) == 1
    assert not something_is_due()
    assert Notification.objects.count() == 0
    assert batch_of(notice).due == notice.send_at


def test_a_notice_resumed_after_its_time_is_sent_at_once(ada):
    notice = deliver(ada, send_at=timezone.now() + timedelta(hours=1))
    sending.pause(notice)
    Notice.objects.update(send_at=timezone.now() - timedelta(minutes=1))
    with committed():
        sending.resume(notice)
    assert Notification.objects.count() == 1


def test_a_paused_notice_does_not_become_open_by_a_second_pause_or_resume(ada):
    notice = abandoned(ada)
    assert [sending.pause(notice), sending.pause(notice)] == [1, 0]
    assert [sending.resume(notice), sending.resume(notice)] == [1, 0]
    assert states(notice) == ["pending"]


def test_cancelling_keeps_arrived_copies_and_sends_no_more(ada, bob, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = abandoned([ada, bob, *people(1)])
    sending.carry_out_next()
    sending.pause(notice)

    assert sending.cancel(notice) == 2

    assert sending.resume(notice) == 0
    age_batches(60)
    assert work.carry_out_next() is None
    assert sorted(states(notice)) == ["cancelled", "cancelled", "done"]
    found = progress.progress(notice.pk)
    assert (found["status"], found["appended"], found["cancelled"]) == ("cancelled", 1, 2)
    assert Notification.objects.exclude(place=Place.RECALLED).count() == 1


def test_a_notice_that_has_arrived_everywhere_cannot_be_cancelled(ada):
    notice = deliver(ada)
    assert [sending.pause(notice), sending.cancel(notice)] == [0, 0]
    assert notice.status == "sent"


def test_a_recall_reaches_copies_from_before_a_cancel_and_closes_paused_batches(ada, bob, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    cancelled, paused = abandoned([ada, bob]), abandoned([ada, bob])
    for notice in (cancelled, paused):
        work.carry_out(notice.batch_set.first().pk)
    sending.cancel(cancelled)
    sending.pause(paused)

    assert [control.start_recall(one.pk).inboxes for one in (cancelled, paused)] == [1, 1]

    assert states(cancelled) == ["done", "cancelled", "recalling"]
    assert states(paused) == ["done", "closed", "recalling"]
    assert sending.resume(paused) == 0


def test_erasing_a_user_removes_them_from_a_paused_notice_too(ada, bob):
    notice = abandoned([ada, bob])
    sending.pause(notice)
    assert [one["id"] for one in personal.export(key(ada))["waiting_for"]] == [notice.pk]


def test_a_resumption_resets_the_attempts(ada):
    paused = abandoned([ada])
    fail_batches(paused, state="paused")
    control.resume(paused.pk)
    assert set(Batch.objects.values_list("attempts", flat=True)) == {0}


def test_a_notice_that_has_expired_by_the_databases_clock_is_recalled(ada):
    soon = deliver(ada, "soon", expires=timezone.now() + timedelta(hours=1))
    deliver(ada, "later", expires=timezone.now() + timedelta(hours=2))
    deliver(ada, "never")
    assert sending.recall_expired() == (0, 0)
    Notice.objects.update(expires=F("expires") - timedelta(hours=1, seconds=1))

    with committed():
        assert sending.recall_expired() == (1, 1)

    assert Notice.objects.get(pk=soon.pk).recalled is not None
    assert counts(ada) == (2, 2)
    assert control.expired_notices() == []


def test_the_clock_of_this_process_does_not_expire_anything(ada, monkeypatch):
    deliver(ada, expires=timezone.now() + timedelta(hours=1))
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    assert control.expired_notices() == []


def test_a_notice_that_expires_before_it_is_sent_is_not_sent(ada):
    notice = deliver(
        ada,
        send_at=timezone.now() + timedelta(hours=1),
        expires=timezone.now() + timedelta(hours=2),
    )
    Notice.objects.update(expires=Now())
    age_batches(3601)

    sending.recall_expired()

    assert work.carry_out_next() is None
    assert states(notice) == ["closed"]
    assert Notification.objects.count() == 0


def test_expired_notices_come_in_chunks_that_differ_between_workers(ada, monkeypatch):
    monkeypatch.setattr(control, "EXPIRED_PER_PASS", 3)
    before = timezone.now() - timedelta(seconds=1)
    Notice.objects.bulk_create(Notice(title=f"{n}", expires=before) for n in range(30))
    chunks = [control.expired_notices() for _ in range(9)]
    assert all(len(set(chunk)) == 3 for chunk in chunks)
    assert len(set(map(frozenset, chunks))) > 1


def test_a_recall_without_waiting_tries_once(ada, monkeypatch):
    tries = []

    def locked(*_):
        tries.append(1)
        raise OperationalError("database is locked")

    monkeypatch.setattr(control, "_start_recall", locked)
    with pytest.raises(Busy):
        control.start_recall(1, wait=False)
    assert len(tries) == 1


def test_of_two_workers_with_the_same_expired_notice_one_recalls_it(ada, monkeypatch):
    notice = deliver(ada, expires=timezone.now() + timedelta(hours=1))
    Notice.objects.update(expires=Now())
    monkeypatch.setattr(control, "expired_notices", lambda: [notice.pk])
    with TestCase.captureOnCommitCallbacks() as hooks:
        assert sending.recall_expired() == (1, 1)
        assert sending.recall_expired() == (1, 0)
    assert len(hooks) == 1


def test_a_recall_leaves_the_time_of_arrival(ada):
    notice = deliver(ada)
    arrived = Batch.objects.get().finished
    control.start_recall(notice.pk)
    Batch.objects.update(due=timezone.now() - timedelta(seconds=1))
    assert work.carry_out_next() is not None
    assert Batch.objects.get(size=1).finished == arrived


def test_a_notice_keeps_who_stopped_it_until_it_goes_on(ada, bob):
    def by(notice):
        notice.refresh_from_db()
        return notice.stopped is not None, notice.stopped_by, notice.recalled_by

    notice, own = abandoned([ada, bob]), f"user:{ada.pk}"
    sending.pause(notice, by=ada)
    sending.pause(notice, by=bob)  # there is nothing left to pause
    assert by(notice) == (True, own, "")
    sending.resume(notice)
    assert by(notice) == (False, "", "")
    sending.cancel(notice, by=ada)
    sending.recall(notice, by=ada)
    sending.recall(notice, by=bob)
    assert by(notice) == (True, own, own)

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.db.models.functions import Now
from django.utils import timezone

from notify.inbox import (
    appending,
    stepping,
    work,
)
from notify.models import Batch, Notice, Notification
from tests.unit.inbox.helpers import (
    abandoned,
    age_batches,
    batch_of,
    copy_of,
    deliver,
    inbox_of,
    people,
    something_is_due,
    states,
)

pytestmark = pytest.mark.django_db


def test_a_sole_batch_is_left_to_its_process_for_the_grace_period(ada):
    notice = abandoned(ada)
    assert not something_is_due()
    assert work.carry_out_next() is None

    age_batches(31)

    assert something_is_due()
    assert work.carry_out_next().notice_id == notice.pk
    assert copy_of(ada, notice).arrived == 1


def test_the_grace_is_not_over_before_its_time(ada):
    abandoned(ada)
    age_batches(25)
    assert work.carry_out_next() is None


def test_several_batches_are_due_for_every_worker_at_once(ada, bob, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    abandoned([ada, bob])
    assert work.carry_out_next() is not None
    assert work.carry_out_next() is not None
    assert work.carry_out_next() is None


def test_a_batch_is_carried_out_once(ada):
    batch = batch_of(abandoned(ada))

    assert work.carry_out(batch.pk).change is not None
    assert work.carry_out(batch.pk) is None

    assert inbox_of(ada).version == 1
    assert batch_of(batch.notice).finished is not None


def test_a_missing_batch_is_nothing_to_do():
    assert work.carry_out(10**15) is None


def test_a_batch_whose_users_are_all_deleted_is_done_and_changes_no_inbox(ada):
    notice = abandoned(ada)
    batch = batch_of(notice)
    ada.delete()

    done = work.carry_out(batch.pk)

    assert done.change is None
    batch.refresh_from_db()
    assert (batch.state, batch.appended, batch.skipped) == ("done", 0, 1)


def test_scheduled_batches_wait_for_their_time(ada):
    notice = deliver(ada, send_at=timezone.now() + timedelta(hours=1))
    assert not something_is_due()
    assert Notification.objects.count() == 0
    assert notice.status == "pending"

    age_batches(3601)

    assert work.carry_out_next().notice_id == notice.pk
    assert Notice.objects.get(pk=notice.pk).status == "sent"


@pytest.mark.parametrize("seconds", [5, 29, 31])
def test_a_notice_is_not_sent_some_seconds_early(ada, seconds):
    deliver(ada, send_at=timezone.now() + timedelta(seconds=seconds))
    assert Notification.objects.count() == 0


def test_a_scheduled_time_in_the_past_is_now(ada):
    deliver(ada, send_at=timezone.now() - timedelta(seconds=5))
    assert Notification.objects.count() == 1


def test_the_audience_of_a_scheduled_notice_is_fixed_by_the_call(ada, bob):
    deliver([ada, bob], send_at=timezone.now() + timedelta(hours=1))
    late = people(1, "late")[0]
    bob.delete()
    age_batches(3601)

    work.carry_out_next()

    assert list(Notification.objects.values_list("user", flat=True)) == [ada.pk]
    assert not late.notify_notifications.exists()


@pytest.fixture
def failing(monkeypatch, settings):
    """The notices in it cannot be appended."""
    settings.NOTIFY_ONE_STATEMENT = False
    failing: set[int] = set()
    append = appending.append

    def maybe(notice_id, to, **how):
        if notice_id in failing:
            raise DatabaseError("broken on purpose")
        return append(notice_id, to, **how)

    monkeypatch.setattr(appending, "append", maybe)
    return failing


def test_a_failing_batch_is_postponed_and_the_others_continue(ada, failing):
    bad, good = abandoned(ada), abandoned(ada)
    age_batches(35, notice=bad)
    age_batches(40, notice=good)
    failing.add(bad.pk)

    with pytest.raises(work.Postponed) as caught:
        work.carry_out_next()
    assert "on purpose" in str(caught.value.__cause__)
    assert work.carry_out_next().notice_id == good.pk
    assert work.carry_out_next() is None

    assert (batch_of(bad).state, batch_of(bad).attempts) == ("pending", 1)
    failing.clear()
    age_batches(3, notice=bad)
    assert work.carry_out_next().notice_id == bad.pk


def test_a_failing_batch_is_postponed_for_longer_each_time(ada, failing):
    bad = abandoned(ada)
    failing.add(bad.pk)
    waits = []
    for _ in range(12):
        Batch.objects.update(due=Now() - timedelta(seconds=1))
        with pytest.raises(work.Postponed):
            work.carry_out_next()
        waits.append((batch_of(bad).due - timezone.now()).total_seconds())

    expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]  # to the next whole second
    for wait, at_least in zip(waits, expected, strict=True):
        assert at_least - 0.5 < wait < at_least + 1


def test_a_failure_leaves_nothing_behind(ada, monkeypatch):
    notice = abandoned(ada)
    age_batches(31)
    steps = stepping.steps_of

    def fail(records, *suffix):
        steps(records, *suffix)
        raise DatabaseError("after the rows were written")

    monkeypatch.setattr(stepping, "steps_of", fail)
    with pytest.raises(work.Postponed):
        work.carry_out_next()

    assert Notification.objects.count() == 0
    assert not ada.notify_notifications.exists()
    assert states(notice) == ["pending"]

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection
from django.utils import timezone

from notify import sending
from notify.inbox import reading, work
from notify.models import Batch, Notification
from tests.unit.inbox.helpers import (
    batch_of,
    changes_since,
    copy_of,
    counts,
    cursor_of,
    deliver,
    deliver_many,
    inbox_of,
    key,
    mark,
    people,
    recounted,
)

pytestmark = pytest.mark.django_db


def test_an_arrival_adds_one_to_version_and_counts_and_stamps_the_row(ada):
    first, second = deliver_many(ada, 2)

    inbox = inbox_of(ada)
    assert (inbox.version, inbox.unseen, inbox.unread) == (2, 2, 2)
    assert (copy_of(ada, first).arrived, copy_of(ada, first).version) == (1, 1)
    assert (copy_of(ada, second).arrived, copy_of(ada, second).version) == (2, 2)


def test_an_arrival_is_one_change_with_a_step_per_recipient_and_the_notice_once(announced):
    users = people(3)

    notice = deliver(users, "For all")

    [change] = announced.changes
    assert [step.user for step in change.steps] == [key(user) for user in users]
    assert {(step.start, step.to, step.unseen, step.unread) for step in change.steps} == {
        (0, 1, 1, 1)
    }
    assert {step.epoch for step in change.steps} == {cursor_of(user).epoch for user in users}
    assert [row["id"] for row in change.arrivals] == [notice.pk]
    assert change.rows is None


def test_what_is_announced_is_what_is_read_later(ada, announced):
    actor = people(1, "actor")[0]
    User.objects.filter(pk=actor.pk).update(first_name="Grace", last_name="Hopper")
    actor.refresh_from_db()
    notice = deliver(
        ada,
        "Order “7” 🐝",
        body="Zwei\nZeilen",
        level="error",
        category="orders",
        kind="order.late",
        url="/orders/7/",
        actor=actor,
        actions=[{"label": "Öffnen", "url": "https://example.org/7?a=b#c"}],
        data={"total": 1.5, "lines": [1, {"deep": None}], "ok": True},
        expires=timezone.now() + timedelta(days=400, microseconds=1234),
    )

    [arrival] = announced.last.arrivals
    announced_row = arrival | {"arrived": 1, "version": 1}
    [row] = reading.page(key(ada)).rows
    assert row == announced_row
    assert row["actor"] == {"id": key(actor), "name": "Grace Hopper"}
    assert row["id"] == notice.pk


def test_users_who_are_gone_are_skipped_and_counted(django_capture_on_commit_callbacks):
    users = people(4)
    with django_capture_on_commit_callbacks() as waiting:
        notice = sending.send(to=users, title="Hello")
    users[0].delete()
    users[2].delete()

    for callback in waiting:
        callback()

    batch = batch_of(notice)
    assert (batch.size, batch.appended, batch.skipped) == (4, 2, 2)
    assert batch.state == "done"
    assert Notification.objects.count() == 2


def test_a_batch_that_is_appended_again_changes_nobody(ada, announced):
    notice = deliver(ada)
    batch = batch_of(notice)

    batch.state = Batch.State.PENDING
    batch.save()
    assert work.carry_out(batch.pk).change is None

    assert inbox_of(ada).version == 1


def test_a_notice_that_is_in_an_inbox_cannot_be_deleted(ada):
    notice = deliver(ada)
    with pytest.raises(IntegrityError):
        notice.delete()


def test_a_recall_removes_the_notice_from_every_inbox_and_count(announced):
    users = people(3)
    gone, stays = deliver_many(users, 2)
    mark(users[1], "seen", gone)
    mark(users[2], "archived", gone)

    sending.recall(gone)
    sending.carry_out(batch_of(gone).pk)

    assert [counts(user) for user in users] == [(1, 1)] * 3
    assert [recounted(user) for user in users] == [(1, 1)] * 3
    for user in users:
        row = copy_of(user, gone)
        assert row.recalled is not None
        assert row.version == inbox_of(user).version
        assert copy_of(user, stays).recalled is None
    assert len(announced.last.steps) == 3
    assert batch_of(gone).state == "closed"


def test_a_recalled_notice_is_read_without_its_texts(ada):
    notice = deliver(
        ada,
        "Secret",
        body="words",
        url="/secret/",
        actor=people(1, "actor")[0],
        data={"secret": 1},
        actions=[{"label": "Secret", "url": "/"}],
        category="orders",
    )
    before = cursor_of(ada)

    sending.recall(notice)
    sending.carry_out(batch_of(notice).pk)

    [row] = changes_since(ada, before).rows
    assert row["recalled"] is not None
    assert (row["title"], row["body"], row["url"], row["actor"]) == ("", "", None, None)
    assert (row["data"], row["actions"]) == ({}, [])
    assert (row["id"], row["arrived"], row["category"]) == (notice.pk, 1, "orders")
    assert reading.page(key(ada)).rows == []


def test_no_python_object_per_recipient_no_query_per_recipient(django_assert_max_num_queries):
    users = people(300)
    queries = 30 if connection.vendor == "postgresql" else 25
    with django_assert_max_num_queries(queries):
        deliver(users)
    assert Notification.objects.count() == 300

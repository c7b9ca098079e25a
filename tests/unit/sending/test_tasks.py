from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from notify import sending
from notify.inbox import recalling, work
from notify.models import Batch, Notification, Place
from notify.sending import tasks
from tests.unit.inbox.helpers import committed, deliver, people, something_is_due

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def backend(settings):
    """`default`, a backend that runs tasks when they are enqueued; two recipients per batch."""
    settings.NOTIFY_TASK_BACKEND = "default"
    settings.NOTIFY_BATCH_SIZE = 2


def test_each_batch_is_a_task_of_the_backend(announced):
    notice = deliver(people(5))

    assert notice.status == "sent"
    assert Notification.objects.count() == 5
    assert [len(change.steps) for change in announced.changes] == [2, 2, 1]
    assert announced.work == 0


def test_an_audience_of_one_batch_needs_no_task(monkeypatch):
    monkeypatch.setattr(tasks, "enqueue", None)
    assert deliver(people(2)).status == "sent"


def test_a_recall_of_many_copies_is_a_task_too(announced, monkeypatch):
    monkeypatch.setattr(recalling, "MAX_COPIES", 2)
    notice = deliver(people(5))
    with committed():
        assert sending.recall(notice) == 5
    assert not Notification.objects.exclude(place=Place.RECALLED).exists()
    assert Batch.objects.get(size=0).state == "closed"


def test_a_task_that_runs_twice_does_nothing_the_second_time():
    deliver(people(5))
    batch = Batch.objects.earliest("pk")
    assert tasks.carry_out_batch.call(batch.pk) is False
    assert Notification.objects.count() == 5


def test_servers_leave_the_batches_to_the_backend_until_the_grace_has_passed(monkeypatch):
    enqueued = []
    monkeypatch.setattr(tasks, "enqueue", lambda batch, backend: enqueued.append((batch, backend)))
    deliver(people(3))

    assert [backend for _, backend in enqueued] == ["default", "default"]
    assert work.carry_out_next() is None
    Batch.objects.update(due=F("due") - timedelta(seconds=31))
    assert work.carry_out_next() is not None
    assert work.carry_out_next() is not None
    assert Notification.objects.count() == 3


def test_a_backend_that_fails_leaves_the_batches_to_the_servers(settings, caplog):
    settings.NOTIFY_TASK_BACKEND = "nowhere"

    notice = deliver(people(3))

    assert notice.status == "pending"
    assert f"Notice {notice.pk} is stored" in caplog.text
    Batch.objects.update(due=F("due") - timedelta(seconds=31))
    assert something_is_due()

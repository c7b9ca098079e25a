"""Only waiting for locks is limited: where nobody holds one, nothing is cut short, however slow."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import transaction

from notify import sending
from notify.inbox import appending, one_statement
from notify.models import Batch
from notify.sending import statements, tasks
from notify.sql import waits
from tests.unit.inbox.helpers import Announced, people

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT_S = 0.05
WRITING_S = 0.6  # longer than that and `writing.STORING_S`


@pytest.fixture(autouse=True)
def _short_limit(announced: Announced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "LIMIT_S", LIMIT_S)


def slowly(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, seconds: float) -> None:
    work = getattr(module, name)

    def slow(*args: Any, **kwargs: Any) -> Any:
        time.sleep(seconds)
        return work(*args, **kwargs)

    monkeypatch.setattr(module, name, slow)


def test_many_sends_of_one_transaction_are_all_carried_out(monkeypatch, caplog):
    for module in (appending, one_statement):
        slowly(monkeypatch, module, "append", LIMIT_S / 10)
    with transaction.atomic():
        for user in people(50):
            sending.send(to=user, title="Hello")
    assert list(Batch.objects.values_list("state", flat=True)) == ["done"] * 50
    assert caplog.messages == []


@pytest.fixture
def written_slowly(monkeypatch, settings):
    settings.NOTIFY_BATCH_SIZE = 2
    settings.NOTIFY_ONE_STATEMENT = False
    slowly(monkeypatch, statements, "insert_batches", WRITING_S)


def test_a_send_that_takes_long_to_write_wakes_the_workers(written_slowly, announced):
    sending.send(to=people(5), title="Hello")
    assert announced.work == 1


def test_a_send_that_takes_long_to_write_is_given_to_the_task_backend(
    written_slowly, settings, monkeypatch
):
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    settings.NOTIFY_TASK_BACKEND = "default"
    limits: list[float] = []
    monkeypatch.setattr(tasks, "enqueue", lambda *_: limits.append(waits.left()))
    sending.send(to=people(5), title="Hello")
    assert limits == [LIMIT_S] * 3  # an inline one has a limit of its own


def test_one_batch_that_takes_long_to_write_is_carried_out(written_slowly):
    with transaction.atomic():
        notice = sending.send(to=people(2), title="Hello", key="k")
    assert notice.status == "sent"
    assert notice.batch_set.count() == 1

"""Who carries out the batches of a big audience: servers, worker processes, a task backend."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F
from django.utils import timezone

import notify
from notify.models import Batch, EndedSession, Inbox, Notice, Notification, SpentTicket
from tests.harness.process import Process
from tests.harness.server import PYTHON, ROOT, environment, manage
from tests.harness.waiting import eventually
from tests.unit.inbox.helpers import people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def three_a_batch(settings: Any) -> None:
    settings.NOTIFY_BATCH_SIZE = 3


def is_sent(notice: Notice) -> bool:
    return notice.status == Notice.Status.SENT


def assert_each_got_it_once(users: list[User]) -> None:
    keys = sorted(Notification.objects.values_list("user", flat=True))
    assert keys == [user.pk for user in users]
    assert set(Inbox.objects.values_list("version", "unseen", "unread")) == {(1, 1, 1)}


def test_a_server_carries_out_what_another_process_left(start_server):
    users = people(10)
    notice = notify.send(to=users, title="Hello")
    alone = notify.send(to=users[:1], title="scheduled", send_at=soon())
    assert str(notice.status) == "pending"

    server = start_server(NOTIFY_SWEEP_INTERVAL="0.2")
    httpx.get(f"{server.url}/healthz")  # the first request starts it

    eventually(lambda: is_sent(notice), what="the batches")
    eventually(lambda: is_sent(alone), what="what was scheduled")
    Notification.objects.filter(notice=alone).delete()
    Inbox.objects.filter(pk=users[0].pk).update(version=1, unseen=1, unread=1)
    assert_each_got_it_once(users)


def soon() -> Any:
    return timezone.now() + timedelta(seconds=1)


def test_two_workers_share_the_batches_and_one_that_is_killed_loses_none(tmp_path):
    users = people(90)
    notice = notify.send(to=users, title="Hello")
    command = [PYTHON, str(ROOT / "manage.py"), "notify_work"]
    env = environment(NOTIFY_BATCH_SIZE="3")
    workers = [Process(command, log=tmp_path / f"{n}.log", env=env) for n in range(2)]
    with workers[0], workers[1]:
        eventually(lambda: Batch.objects.filter(state="done").exists(), what="a first batch")
        workers[0].kill()
        eventually(lambda: is_sent(notice), 30, what="the batches")
    assert_each_got_it_once(users)


def test_an_expired_notice_is_recalled_by_a_server(start_server):
    users = people(2)
    notice = notify.send(to=users, title="Hello", expires=timezone.now() + timedelta(hours=1))
    Notice.objects.update(expires=F("expires") - timedelta(hours=2))

    server = start_server(NOTIFY_SWEEP_INTERVAL="0.2")
    httpx.get(f"{server.url}/healthz")

    eventually(lambda: Notice.objects.get(pk=notice.pk).recalled, what="the recall")
    eventually(lambda: not Batch.objects.exclude(state="closed").exists(), what="its batch")
    assert set(Inbox.objects.values_list("unseen", "unread")) == {(0, 0)}


# A backend of django.tasks that keeps its tasks in the database


@pytest.fixture
def empty_database(tmp_path: Path) -> Iterator[str]:
    """The URL of a database of its own, as the backend's tables are not among the tests'."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'tasks.sqlite3'}"
        return
    settings, name = connection.settings_dict, f"tasks_{uuid.uuid4().hex[:8]}"
    server = f"postgres://{settings['USER']}@{settings['HOST']}:{settings['PORT']}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield f"{server}/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_task_backend_carries_them_out(empty_database):
    code = "\n".join(
        [
            "from django.contrib.auth.models import User",
            "from django.core.management import call_command",
            "from django_tasks_db.models import DBTaskResult",
            "import notify",
            "from notify.models import Notification",
            "call_command('migrate', verbosity=0)",
            "users = User.objects.bulk_create(User(username=str(n)) for n in range(7))",
            "notice = notify.send(to=notify.everyone(), title='Hello')",
            "print(notice.status, DBTaskResult.objects.count(), Notification.objects.count())",
            "call_command('db_worker', '--backend', 'database', '--batch', '--no-startup-delay',",
            "             '--no-reload')",
            "print(notice.status, Notification.objects.count(),",
            "      *{r.status for r in DBTaskResult.objects.all()})",
        ]
    )
    printed = manage(
        *("shell", "-c", code),
        DATABASE_URL=empty_database,
        NOTIFY_TASK_BACKEND="database",
        NOTIFY_BATCH_SIZE="3",
        LOG_LEVEL="ERROR",
    )
    assert printed.splitlines()[-2:] == ["pending 3 0", "sent 7 SUCCESSFUL"]


def test_servers_delete_what_is_older_than_it_is_to_be_kept(start_server, ada):
    old = notify.send(to=ada, title="old")
    kept = notify.send(to=ada, title="new")
    Notice.objects.filter(pk=old.pk).update(created=timezone.now() - timedelta(days=31))

    server = start_server(NOTIFY_SWEEP_INTERVAL="0.2", NOTIFY_KEEP_DAYS="30")
    httpx.get(f"{server.url}/healthz")

    eventually(lambda: not Notice.objects.filter(pk=old.pk).exists(), what="the deletion")
    assert list(Notification.objects.values_list("notice", flat=True)) == [kept.pk]
    assert Inbox.objects.get(pk=ada.pk).unread == 1


def test_servers_delete_spent_tickets_and_ended_sessions_also_where_notices_are_kept_for_ever(
    start_server, ada
):
    long_ago = timezone.now() - timedelta(days=61)
    SpentTicket.objects.create(nonce="old", spent=long_ago)
    EndedSession.objects.create(key_hash="old", ended=long_ago)
    SpentTicket.objects.create(nonce="new")
    EndedSession.objects.create(key_hash="new")
    notice = notify.send(to=ada, title="old")
    Notice.objects.filter(pk=notice.pk).update(created=long_ago)

    server = start_server(NOTIFY_SWEEP_INTERVAL="0.2")
    httpx.get(f"{server.url}/healthz")

    eventually(lambda: SpentTicket.objects.count() == 1, what="the spent ticket's deletion")
    eventually(lambda: EndedSession.objects.count() == 1, what="the ended session's deletion")
    assert SpentTicket.objects.get().nonce == "new"
    assert EndedSession.objects.get().key_hash == "new"
    assert Notification.objects.get().notice_id == notice.pk


def test_an_expiry_waits_for_no_backlog(start_server):
    users = people(2)
    backlog = Notice.objects.create(title="backlog")
    due = timezone.now() - timedelta(minutes=1)
    Batch.objects.bulk_create(
        Batch(notice=backlog, recipients=[users[1].pk], size=1, due=due) for _ in range(5000)
    )

    server = start_server(NOTIFY_SWEEP_INTERVAL="0.5")
    httpx.get(f"{server.url}/healthz")
    eventually(lambda: Batch.objects.filter(state="done").exists(), 30, what="a first batch")
    notice = notify.send(to=users, title="Hello", expires=timezone.now() + timedelta(hours=1))
    Notice.objects.filter(pk=notice.pk).update(expires=timezone.now())

    eventually(lambda: Notice.objects.get(pk=notice.pk).recalled, 30, what="the recall")
    assert Batch.objects.filter(notice=backlog, state="pending").exists()

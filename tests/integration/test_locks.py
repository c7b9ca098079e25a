"""Whatever others have locked, a call ends after about two seconds, says so, and loses nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now

from notify import sending, sql
from notify.exceptions import Busy
from notify.inbox import appending
from notify.models import Batch, Inbox, Notice, Notification, Place
from notify.sending import statements
from notify.sql import database, transactions, waits
from tests.harness.waiting import deadline
from tests.integration.test_store_concurrency import (
    result,
    somebody_waits,
    threads,
    together,
    work_off,
)
from tests.unit.inbox.helpers import (
    batch_of,
    counts,
    cursor_of,
    deliver,
    inbox_of,
    key,
    people,
    recounted,
)

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("announced"),
]

SERIALIZABLE = 4  # psycopg.IsolationLevel
TABLES = ("notify_inbox", "notify_notification", "notify_notice", "notify_batch")
STATEMENTS = ("LOCK TABLE {} IN SHARE MODE", "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE")
LOCKS = [
    "SELECT 1 FROM notify_inbox FOR UPDATE",
    *(statement.format(table) for table in TABLES for statement in STATEMENTS),
]


def at_most() -> float:
    """What a call may take, in s: two for the lock, one for the last statement's rows."""
    return waits.LIMIT_S + 1 + deadline(1)


@contextmanager
def locked(statement: str) -> Iterator[None]:
    with transaction.atomic():
        sql.fetch(statement) if statement.startswith("SELECT") else sql.execute(statement)
        yield


def timed(work: Callable[[], Any]) -> Callable[[], tuple[Any, float]]:
    """What `work` returns, or the Busy that it raises, and how many seconds it took."""

    def run() -> tuple[Any, float]:
        began = time.monotonic()
        try:
            outcome = work()
        except Busy as error:
            outcome = error
        return outcome, time.monotonic() - began

    return run


def all_at_once(works: dict[str, Callable[[], Any]]) -> dict[str, tuple[Any, float]]:
    with threads() as beside:
        started = {name: beside.start(timed(work)) for name, work in works.items()}
        return {name: result(future) for name, future in started.items()}


def slow(done: dict[str, tuple[Any, float]]) -> dict[str, float]:
    return {name: seconds for name, (_, seconds) in done.items() if seconds > at_most()}


def send_in_a_transaction(to: Any, title: str) -> Any:
    """What it sends; checks that the transaction is as it was."""
    with transaction.atomic():
        sql.execute("SET LOCAL lock_timeout = '9s'")
        try:
            return sending.send(to=to, title=title)
        finally:
            assert sql.fetch("SHOW lock_timeout") == [("9s",)]
            assert User.objects.exists()


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("one_statement", [True, False])
def test_every_call_ends_and_nothing_is_lost(settings, lock, one_statement):
    settings.NOTIFY_ONE_STATEMENT = one_statement
    users = people(3)
    ada = users[0]
    group = Group.objects.create(name="readers")
    group.user_set.add(*users)
    known, doomed, spared = deliver(users), deliver(users), deliver(users)
    epoch = cursor_of(ada).epoch
    sends: dict[str, tuple[Any, dict[str, Any]]] = {
        "to one": (ada, {}),
        "with a key": (ada, {"key": "k"}),
        "to several": (users, {}),
        "to a group": (group, {}),
    }
    works: dict[str, Callable[[], Any]] = {
        title: lambda to=to, title=title, more=more: sending.send(to=to, title=title, **more)
        for title, (to, more) in sends.items()
    }
    works["nested"] = lambda: send_in_a_transaction(ada, "nested")
    works["mark"] = lambda: sending.mark(key(ada), "read", ids=[known.pk])
    works["through"] = lambda: sending.mark_through(key(ada), "seen", epoch=epoch, through=1)
    works["recall"] = lambda: sending.recall(doomed)

    with locked(lock):
        done = all_at_once(works)

    assert slow(done) == {}
    outcomes = {name: outcome for name, (outcome, _) in done.items()}
    titles = [*sends, "nested"]
    inboxes_only = "notify_notice" not in lock and "notify_batch" not in lock
    if inboxes_only:
        assert all(isinstance(outcomes[title], Notice) for title in titles), outcomes
        assert isinstance(outcomes["mark"], Busy)
        assert isinstance(outcomes["through"], Busy)
    assert sending.mark(key(ada), "read", ids=[known.pk])
    Batch.objects.filter(state__in=["pending", "recalling"]).update(due=Now())
    work_off()
    for title in titles:
        sent = isinstance(outcomes[title], Notice)
        wanted = len(users) if title in {"to several", "to a group"} else 1
        assert Notice.objects.filter(title=title).count() == sent
        assert Notification.objects.filter(notice__title=title).count() == sent * wanted
    recalled = not isinstance(outcomes["recall"], Busy)
    assert Notification.objects.filter(place=Place.RECALLED).count() == recalled * len(users)
    assert all(counts(user) == recounted(user) for user in users)
    assert Notification.objects.filter(notice=spared, place=Place.INBOX).count() == len(users)


def test_what_could_not_be_done_now_is_a_workers_at_once(announced):
    [ada] = people(1)
    deliver(ada)
    with locked(LOCKS[0]), threads() as beside:
        notice = result(beside.start(sending.send, to=ada, title="Hello"))
    assert batch_of(notice).state == Batch.State.PENDING
    assert announced.work == 1
    assert sending.carry_out_next()
    assert counts(ada) == (2, 2)


def send_to_each(users: list[User]) -> list[Notice]:
    with transaction.atomic():
        return [sending.send(to=user, title="Hello") for user in users]


def test_the_hooks_of_one_commit_wait_for_two_seconds_together():
    users = people(6)
    deliver(users)
    with locked(LOCKS[0]), threads() as beside:
        notices, seconds = result(beside.start(timed(lambda: send_to_each(users))))
    assert seconds < at_most()
    assert len(notices) == 6
    work_off()  # all are due
    assert [counts(user) for user in users] == [(2, 2)] * 6


def test_what_nobody_has_locked_is_carried_out_although_another_waited_too_long():
    users = people(6)
    first, *others = [deliver(user) for user in users]
    with locked(f"SELECT 1 FROM notify_inbox WHERE user_id = {users[0].pk} FOR UPDATE"):  # noqa: S608
        with threads() as beside:
            result(beside.start(recall_all, [first, *others]))
        assert {batch_of(notice).state for notice in others} == {Batch.State.CLOSED}
        assert batch_of(first).state == Batch.State.RECALLING
        assert batch_of(first).due <= database.now()
        with threads() as beside:
            sent = result(beside.start(send_to_each, users))
        assert [batch_of(notice).state for notice in sent] == ["pending", *["done"] * 5]


def recall_all(notices: list[Notice]) -> None:
    with transaction.atomic():
        for notice in notices:
            sending.recall(notice)


def test_a_long_work_leaves_time_to_wait_at_its_commit(monkeypatch, settings):
    """The commit checks that the actor exists, whose row is locked for a moment."""
    settings.NOTIFY_ONE_STATEMENT = False
    monkeypatch.setattr(waits, "LIMIT_S", 1.0)
    actor, *users = people(3)
    write = statements.write_and_append

    def write_slowly(*args: Any) -> Any:
        written = write(*args)
        time.sleep(1.1 * waits.LIMIT_S)
        about_to_commit.set()
        assert locked_now.wait(deadline(5))
        return written

    about_to_commit, locked_now = threading.Event(), threading.Event()
    monkeypatch.setattr(statements, "write_and_append", write_slowly)
    with threads() as beside:
        sent = beside.start(sending.send, to=users, title="Hello", actor=actor)
        assert about_to_commit.wait(deadline(5))
        with locked(f"SELECT 1 FROM auth_user WHERE id = {actor.pk} FOR UPDATE"):  # noqa: S608
            locked_now.set()
            somebody_waits()
            time.sleep(0.2)  # more than the least that a wait may last
        notice = result(sent)
    assert notice.status == "sent"
    assert not notice.batch_set.exists()  # so it was not rolled back and stored for the workers


def test_a_deadlock_after_long_work_is_tried_again():
    work = Counted(2.1)
    assert transactions.in_transaction(work) is None
    assert work.calls == 2


class Counted:
    """Takes so many seconds, and then fails once as the victim of a deadlock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == 1:
            sql.fetch("SELECT pg_sleep(%s)", [self.seconds])
            sql.execute("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$")


def test_who_queues_behind_other_waiters_waits_no_longer():
    """One waits for the row and holds the next place; the others wait for that first."""
    [ada] = people(1)
    notice = deliver(ada)
    with locked(LOCKS[0]):
        done = all_at_once(
            {f"send {n}": lambda: sending.send(to=ada, title="Hello") for n in range(8)}
            | {
                f"mark {n}": lambda: sending.mark(key(ada), "read", ids=[notice.pk])
                for n in range(4)
            }
        )
    assert slow(done) == {}
    work_off()
    assert counts(ada) == (9, 9)


def test_pausing_and_cancelling_end_as_busy():
    [ada] = people(1)
    with transaction.atomic():  # so that it has a batch
        notice = sending.send(to=ada, title="Hello")
    with locked("SELECT 1 FROM notify_batch FOR UPDATE"):
        done = all_at_once(
            {
                verb.__name__: lambda verb=verb: verb(notice)
                for verb in (sending.recall, sending.cancel)
            }
        )
    assert slow(done) == {}
    assert isinstance(done["recall"][0], Busy)
    assert sending.recall(notice) == 1  # as `Busy` says: try again


@contextmanager
def session(setting: str, value: str) -> Iterator[None]:
    """As it is where the role has it by default."""
    database.forget()
    sql.execute(f"SET {setting} = '{value}'")
    try:
        yield
    finally:
        sql.execute(f"RESET {setting}")
        database.forget()


@pytest.mark.parametrize("one_statement", [True, False])
def test_a_short_statement_timeout_of_the_role_is_told_or_stored(settings, one_statement):
    settings.NOTIFY_ONE_STATEMENT = one_statement
    [ada] = people(1)
    deliver(ada)

    def send() -> Any:
        with session("statement_timeout", "100ms"):
            try:
                return sending.send(to=ada, title="Hello")
            except OperationalError as error:
                return error

    with locked(LOCKS[0]), threads() as beside:
        outcome, seconds = result(beside.start(timed(send)))
    assert seconds < at_most()
    work_off()  # it is due
    assert counts(ada) == ((2, 2) if isinstance(outcome, Notice) else (1, 1))


@pytest.mark.parametrize("isolation", ["serializable", "repeatable read"])
@pytest.mark.parametrize("one_statement", [True, False])
def test_another_isolation_by_default_delays_and_loses_nothing(
    settings, caplog, isolation, one_statement
):
    settings.NOTIFY_ONE_STATEMENT = one_statement
    users = people(4)
    first = deliver(users)

    def send(n: int) -> None:
        with session("default_transaction_isolation", isolation):
            for m in range(5):
                sending.send(to=users[m % 4], title=f"{n} {m}", key=f"{n} {m}" if m % 2 else None)
                sending.send(to=users, title=f"{n} {m}")
                sending.mark(key(users[m % 4]), "read", ids=[first.pk])

    with caplog.at_level(logging.WARNING):
        together(*(lambda n=n: send(n) for n in range(6)))
    assert [record.getMessage() for record in caplog.records] == []
    assert not Batch.objects.exclude(state="done").exists()
    assert Notification.objects.count() == 4 + 6 * 5 * (1 + 4)
    assert all(counts(user) == recounted(user) for user in users)


def test_a_connection_that_asks_for_serializable_by_djangos_options_too(monkeypatch, settings):
    """Django asks at each BEGIN; a statement by itself has the level of the session."""
    settings.NOTIFY_ONE_STATEMENT = False
    [ada] = people(1)
    deliver(ada)
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "isolation_level", SERIALIZABLE)
    seen: list[Any] = []
    append = appending.append

    def note(*args: Any, **kwargs: Any) -> Any:
        seen.extend(sql.fetch("SHOW transaction_isolation"))
        return append(*args, **kwargs)

    monkeypatch.setattr(appending, "append", note)
    connection.close()
    try:
        sending.send(to=ada, title="Hello", key="k")
        assert sql.fetch("SHOW transaction_isolation") == [("read committed",)]
    finally:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # whose connections keep their level
    assert seen == [("read committed",)]


def test_a_wait_that_is_over_in_time_is_no_failure(announced):
    [ada] = people(1)
    deliver(ada)
    with threads() as beside:
        with locked("LOCK TABLE notify_inbox IN SHARE MODE"):
            sent = beside.start(sending.send, to=ada, title="Hello")
            somebody_waits()
        notice = result(sent)
    assert not notice.batch_set.exists()
    assert inbox_of(ada).version == 2
    assert Inbox.objects.count() == 1

"""Appends, recalls and deletions stopped where they meet; PostgreSQL decides what each one sees.

Beside each test is its control: the same in the naive form, which goes wrong. If a control stops
going wrong, its test no longer meets what it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, OperationalError, transaction

import notify
from notify import sending, sql
from notify.exceptions import UnknownUsers
from notify.inbox import appending, control, one_statement, reading, recalling, work
from notify.models import Batch, Inbox, Notice, Notification, Place
from notify.readers import filing
from notify.readers.defaults import asked_of
from notify.sql import waits
from tests.harness.waiting import eventually
from tests.integration.test_store_concurrency import (
    DEADLOCK,
    PATIENCE,
    Hold,
    _patient,  # noqa: F401  a fixture  # noqa: F401  a fixture
    assert_gap_free,
    batch,
    lock_waits,
    outcome,
    result,
    somebody_waits,
    threads,
    together,
)
from tests.unit.inbox.helpers import (
    batch_of,
    copy_of,
    counts,
    deliver,
    inbox_of,
    key,
    people,
    recounted,
)

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

Append = Callable[[Batch], Any]


def in_one_statement(one: Batch) -> Any:
    return one_statement.append(one.pk, asked_of(one.notice)).records


def step_by_step(one: Batch) -> Any:
    return work.carry_out(one.pk)


both_appends = pytest.mark.parametrize("append", [in_one_statement, step_by_step])


@contextmanager
def waiting_for(first: Callable[[], Any], second: Callable[[], Any]) -> Iterator[Future[Any]]:
    """`second`, which begins when `first` is done but not committed; the block runs once it waits
    for `first`, whose commit is at the end."""
    with threads() as beside, transaction.atomic():
        first()
        waiting = beside.start(outcome(second))
        somebody_waits()
        yield waiting


# Two appends to one inbox


@both_appends
@pytest.mark.parametrize("has_inbox", [True, False])
def test_an_append_that_waited_for_another_is_the_next_version(append, has_inbox):
    [ada] = people(1)
    if has_inbox:
        reading.resets([key(ada)])
    first, second = batch([ada], "first"), batch([ada], "second")

    with waiting_for(lambda: append(first), lambda: append(second)) as waiting:
        pass
    result(waiting)

    assert copy_of(ada, first.notice).arrived == 1
    assert copy_of(ada, second.notice).arrived == 2
    assert inbox_of(ada).version == 2
    assert counts(ada) == recounted(ada) == (2, 2)


# It counts up what it has read.
NAIVE_APPEND = """WITH batch AS MATERIALIZED (
        SELECT notice_id, key::int AS user_id
        FROM notify_batch, jsonb_array_elements_text(recipients) AS key
        WHERE id = %s
    ), before AS MATERIALIZED (
        SELECT notice_id, inbox.* FROM notify_inbox AS inbox JOIN batch USING (user_id)
    ), stepped AS (
        UPDATE notify_inbox AS inbox SET version = before.version + 1,
            unseen = before.unseen + 1, unread = before.unread + 1
        FROM before WHERE inbox.user_id = before.user_id
        RETURNING before.notice_id, inbox.user_id, inbox.version
    )
    INSERT INTO notify_notification (notice_id, user_id, arrived, version, place)
    SELECT notice_id, user_id, version, version, 0 FROM stepped"""


def test_control_an_append_that_counts_up_what_it_has_read_loses_the_other():
    [ada] = people(1)
    reading.resets([key(ada)])
    first, second = batch([ada], "first"), batch([ada], "second")

    def append(one: Batch) -> Any:
        return sql.execute(NAIVE_APPEND, [one.pk])

    with waiting_for(lambda: append(first), lambda: append(second)) as waiting:
        pass
    result(waiting)

    assert copy_of(ada, first.notice).arrived == copy_of(ada, second.notice).arrived == 1
    assert counts(ada) != recounted(ada) == (2, 2)


def test_many_appends_to_one_inbox_at_once_are_a_version_each(announced):
    [ada] = people(1)
    batches = [batch([ada], f"{n}") for n in range(12)]
    together(*(lambda one=one: sending.carry_out(one.pk) for one in batches[:6]),
             *(lambda one=one: in_one_statement(one) for one in batches[6:]))  # fmt: skip
    arrived = ada.notify_notifications.order_by("arrived").values_list("arrived", flat=True)
    assert list(arrived) == list(range(1, 13))
    assert counts(ada) == recounted(ada) == (12, 12)


# An append beside a preference


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("one_statement", [True, False])
def test_a_preference_that_commits_while_an_append_waits_holds_from_the_next_on(
    settings, monkeypatch, one_statement, is_known
):
    """Whether or not this process knows that somebody has set something."""
    settings.NOTIFY_ONE_STATEMENT = one_statement
    monkeypatch.setattr(filing._Known, "something_set", is_known)
    [ada] = people(1)
    reading.resets([key(ada)])
    first, second = batch([ada], "first"), batch([ada], "second")

    def lock() -> None:
        Inbox.objects.select_for_update().get(pk=ada.pk)

    with waiting_for(lock, lambda: step_by_step(first)) as waiting, threads() as beside:
        result(beside.start(sending.prefer, ada, "all", value=False))
    result(waiting)
    step_by_step(second)

    assert copy_of(ada, first.notice).place == Place.INBOX
    assert copy_of(ada, second.notice).place == Place.FILED
    assert inbox_of(ada).version == 2
    assert counts(ada) == recounted(ada) == (1, 1)


# An append beside a recall


@both_appends
def test_what_is_recalled_while_its_append_waits_does_not_arrive(append):
    [ada] = people(1)
    reading.resets([key(ada)])
    one = batch([ada])

    def recall() -> None:
        assert control.start_recall(one.notice_id) == (0, None)

    with waiting_for(recall, lambda: append(one)) as waiting:
        pass

    assert not result(waiting)
    assert batch_of(one.notice).state == Batch.State.CLOSED
    assert not Notification.objects.exists()
    assert inbox_of(ada).version == 0


# It does not lock the batch, so it sees it as it was before the recall.
NAIVE_STATE = "SELECT recipients FROM notify_batch WHERE id = %s AND state = 'pending'"


def test_control_an_append_that_does_not_lock_its_batch_arrives_in_spite_of_the_recall():
    [ada] = people(1)
    one = batch([ada])

    def append() -> None:
        for _ in sql.fetch(NAIVE_STATE, [one.pk]):
            users = appending.Recipients("(SELECT %s::int)", [ada.pk])
            with transaction.atomic():
                appending.append(one.notice_id, users, asked=asked_of(one.notice))

    with threads() as beside, transaction.atomic():
        control.start_recall(one.notice_id)
        result(beside.start(append))

    assert Notice.objects.get().recalled is not None
    assert copy_of(ada, one.notice).place == Place.INBOX  # for ever


@both_appends
def test_a_recall_waits_for_an_append_and_takes_it_out(append):
    [ada] = people(1)
    one = batch([ada])

    with waiting_for(lambda: append(one), lambda: sending.recall(one.notice_id)) as waiting:
        pass

    assert result(waiting) == 1
    assert copy_of(ada, one.notice).place == Place.RECALLED
    assert counts(ada) == recounted(ada) == (0, 0)
    assert inbox_of(ada).version == 2


def test_control_a_recall_that_does_not_lock_the_batches_misses_what_is_being_appended():
    [ada] = people(1)
    one = batch([ada])

    def recall() -> int:
        sql.execute("UPDATE notify_notice SET recalled = now() WHERE id = %s", [one.notice_id])
        return sql.execute(
            "UPDATE notify_notification SET place = 3 WHERE notice_id = %s", [one.notice_id]
        )

    with threads() as beside, transaction.atomic():
        in_one_statement(one)
        assert result(beside.start(recall)) == 0

    assert copy_of(ada, one.notice).place == Place.INBOX  # for ever


# An append beside a pause


def pause(notice: int) -> str:
    assert control.pause(notice) == 1
    return Batch.State.PAUSED


def cancel(notice: int) -> str:
    assert control.cancel(notice) == 1
    return Batch.State.CANCELLED


def pause_and_resume(notice: int) -> str:
    assert control.pause(notice) == control.resume(notice) == 1
    return Batch.State.DONE


@both_appends
@pytest.mark.parametrize("meanwhile", [pause, cancel, pause_and_resume])
def test_an_append_that_waited_goes_by_the_state_that_its_batch_has_then(append, meanwhile):
    [ada] = people(1)
    one, states = batch([ada]), []

    with waiting_for(
        lambda: states.append(meanwhile(one.notice_id)), lambda: append(one)
    ) as waiting:
        pass

    arrives = states == [Batch.State.DONE]
    assert bool(result(waiting)) == arrives
    assert batch_of(one.notice).state == states[0]
    assert batch_of(one.notice).appended == Notification.objects.count() == arrives
    assert sum(Inbox.objects.values_list("version", flat=True)) == arrives


def test_control_an_append_that_has_judged_before_it_waits_arrives_in_spite_of_the_pause():
    [ada] = people(1)
    one = batch([ada])

    def append() -> int:
        return sql.execute(
            """WITH batch AS MATERIALIZED (
                SELECT id FROM notify_batch WHERE id = %s AND state = 'pending'
            )
            UPDATE notify_batch SET state = 'done' WHERE id = (SELECT id FROM batch)""",
            [one.pk],
        )

    with waiting_for(lambda: pause(one.notice_id), append) as waiting:
        pass

    assert result(waiting) == 1
    assert batch_of(one.notice).state == Batch.State.DONE


# Upserts in the order of the keys


@contextmanager
def met_in_the_middle(append: Append) -> Iterator[list[Any]]:
    """Two appends to the same five, in opposite order, which both are on their way when the inbox
    in the middle is let go. Yields what came of them."""
    users = people(5)
    reading.resets([key(user) for user in users])
    batches = [batch(users, "up"), batch(users[::-1], "down")]
    with threads() as beside:
        with transaction.atomic():
            Inbox.objects.select_for_update().get(pk=users[2].pk)
            works = [beside.start(outcome(lambda one=one: append(one))) for one in batches]
            eventually(lambda: lock_waits() == 2, PATIENCE, what="both waiting")
        yield [result(future) for future in works]
    if all(batch_of(one.notice).state == Batch.State.DONE for one in batches):
        assert {counts(user) for user in users} == {(2, 2)}
        assert {recounted(user) for user in users} == {(2, 2)}


def is_deadlock(found: Any) -> bool:
    return isinstance(found, OperationalError) and waits.state(found) == DEADLOCK


@both_appends
def test_appends_to_the_same_inboxes_take_them_in_one_order(append):
    with met_in_the_middle(append) as done:
        assert all(done)
        assert not any(map(is_deadlock, done))


def test_control_without_the_order_of_keys_they_deadlock(monkeypatch):
    step_inboxes = appending.step_inboxes

    def unordered(arrivals: str, **gate: str) -> str:
        statement, order = step_inboxes(arrivals, **gate), "ORDER BY person.user_id"
        assert order in statement
        return statement.replace(order, "")

    monkeypatch.setattr(one_statement, "step_inboxes", unordered)
    with met_in_the_middle(in_one_statement) as done:
        assert sum(map(is_deadlock, done)) == 1


# A recall whose worker dies


CHUNK = 3


@pytest.fixture
def in_chunks(monkeypatch) -> list[Any]:
    """Recalls go by three copies at a time; where each chunk began."""
    monkeypatch.setattr(recalling, "MAX_COPIES", CHUNK)
    began, recall_copies = [], recalling.recall_copies

    def note(notice: Notice, after: Any) -> Any:
        began.append(after)
        return recall_copies(notice, after)

    monkeypatch.setattr(recalling, "recall_copies", note)
    return began


@pytest.fixture
def hold_recall(monkeypatch) -> Iterator[Hold]:
    """The second chunk stops when it has counted down the inboxes, before its commit."""
    hold, count_down, calls = Hold(), recalling._count_down, []

    def stop_at_the_second(*args: Any) -> Any:
        records = count_down(*args)
        calls.append(records)
        if len(calls) == 2:
            hold.here()
        return records

    monkeypatch.setattr(recalling, "_count_down", stop_at_the_second)
    yield hold
    hold.let_go()


def terminate_whoever_is_idle_in_a_transaction() -> None:
    sql.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
        " datname = current_database() AND state = 'idle in transaction'"
    )


def recall_begun(users: list[User]) -> Batch:
    """The batch of the recall of a notice that all these have."""
    notice = deliver(users)
    recall = control.start_recall(notice.pk)
    assert recall == (len(users), recall.batch_id)
    return Batch.objects.get(pk=recall.batch_id)


def test_a_recall_goes_on_where_its_dead_worker_had_come(in_chunks, hold_recall, announced):
    users = people(8)
    one = recall_begun(users)
    assert sending.carry_out(one.pk)
    with threads() as beside:
        dying = beside.start(outcome(lambda: sending.carry_out(one.pk)))
        hold_recall.until_reached()
        terminate_whoever_is_idle_in_a_transaction()
        hold_recall.let_go()
        assert isinstance(result(dying), DatabaseError)
        one.refresh_from_db()
        assert (one.state, one.reached) == (Batch.State.RECALLING, users[2].pk)
        assert [counts(user) for user in users] == [(0, 0)] * 3 + [(1, 1)] * 5

        Batch.objects.update(due=one.notice.created)
        assert [result(beside.start(sending.carry_out_next)) for _ in range(3)] == [
            *[True] * 2,
            False,
        ]

    assert in_chunks == [None, users[2].pk, users[2].pk, users[5].pk]
    assert batch_of(one.notice).state == Batch.State.CLOSED
    assert {counts(user) for user in users} == {(0, 0)} == {recounted(user) for user in users}
    assert {inbox_of(user).version for user in users} == {2}  # nobody was counted down twice
    assert set(Notification.objects.values_list("place", flat=True)) == {Place.RECALLED}
    assert_gap_free(announced.changes, users)


def test_control_where_it_has_come_is_not_committed_before_the_chunk(in_chunks):
    users = people(8)
    one = recall_begun(users)
    Batch.objects.filter(pk=one.pk).update(reached=users[2].pk)  # and then its worker dies
    while sending.carry_out_next():
        pass
    Batch.objects.update(due=one.notice.created)
    while sending.carry_out_next():
        pass
    assert batch_of(one.notice).state == Batch.State.CLOSED
    assert [counts(user) for user in users] == [(1, 1)] * 3 + [(0, 0)] * 5  # for ever


# A user who is deleted in the middle


def deleted(user: User) -> Callable[[], Any]:
    return lambda: User.objects.get(pk=user.pk).delete()


def test_a_recall_goes_on_past_a_user_who_was_deleted_while_it_waited(in_chunks):
    users = people(8)
    one = recall_begun(users)
    with waiting_for(deleted(users[1]), lambda: sending.carry_out(one.pk)) as waiting:
        pass
    assert result(waiting) is True

    while sending.carry_out_next() or batch_of(one.notice).state == Batch.State.RECALLING:
        Batch.objects.update(due=one.notice.created)

    left = [user for user in users if user != users[1]]
    assert {counts(user) for user in left} == {(0, 0)} == {recounted(user) for user in left}
    assert not Notification.objects.exclude(place=Place.RECALLED).exists()


def test_control_a_chunk_that_is_smaller_than_it_was_to_be_is_not_the_last(in_chunks):
    """How many inboxes were locked does not tell whether any are left."""
    users = people(8)
    one = recall_begun(users)
    statement = f"""SELECT inbox.user_id FROM notify_inbox AS inbox JOIN (
            SELECT user_id FROM notify_notification WHERE notice_id = %s
            ORDER BY user_id LIMIT {CHUNK}
        ) AS wanted ON wanted.user_id = inbox.user_id
        ORDER BY inbox.user_id FOR UPDATE OF inbox"""  # noqa: S608
    with waiting_for(deleted(users[1]), lambda: sql.fetch(statement, [one.notice_id])) as waiting:
        pass
    assert [user for (user,) in result(waiting)] == [users[0].pk, users[2].pk]


@pytest.mark.parametrize("has_inbox", [True, False])
def test_who_is_deleted_while_the_notice_is_written_gets_none(has_inbox):
    """The first half: both at once, without a transaction."""
    ada, bob = people(2)
    if has_inbox:
        deliver([ada, bob])

    def send(to: Any) -> Callable[[], Any]:
        def run() -> Any:
            try:
                return notify.send(to=to, title="meanwhile")
            except UnknownUsers as error:
                return error

        return run

    with waiting_for(deleted(ada), send(User.objects.all())) as waiting:
        pass
    notice = result(waiting)
    assert list(Notification.objects.filter(notice=notice).values_list("user", flat=True)) == [
        bob.pk
    ]
    assert counts(bob) == recounted(bob) == (1 + has_inbox, 1 + has_inbox)

    cleo = people(1, "cleo")[0]
    with waiting_for(deleted(bob), send([bob, cleo])) as waiting:
        pass
    assert isinstance(result(waiting), UnknownUsers)  # who is named has to be there
    assert not Notification.objects.filter(user=cleo).exists()
    assert not Inbox.objects.exclude(user=cleo).exists()


@pytest.mark.parametrize("has_inbox", [True, False])
def test_who_is_deleted_while_the_notice_is_appended_is_skipped(has_inbox):
    """The second half: after the commit."""
    ada, bob = people(2)
    if has_inbox:
        deliver([ada, bob])
    one = batch([ada, bob])

    with waiting_for(deleted(ada), lambda: work.append_one(one.pk, one.notice)) as waiting:
        pass

    assert [step.user for step in result(waiting).steps] == [key(bob)]
    one.refresh_from_db()
    assert (one.state, one.appended, one.skipped) == (Batch.State.DONE, 1, 1)
    assert counts(bob) == recounted(bob) == (1 + has_inbox, 1 + has_inbox)


@pytest.mark.parametrize("has_inbox", [True, False])
def test_control_the_one_statement_alone_fails_where_a_user_is_deleted(has_inbox):
    ada, bob = people(2)
    if has_inbox:
        deliver([ada, bob])
    one = batch([ada, bob])

    with waiting_for(deleted(ada), lambda: in_one_statement(one)) as waiting:
        pass

    assert isinstance(result(waiting), DatabaseError)
    assert batch_of(one.notice).state == Batch.State.PENDING

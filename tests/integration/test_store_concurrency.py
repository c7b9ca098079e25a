"""The rules of the inbox while several threads write, each with its own connection."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import F
from django.db.models.functions import Now

from notify import protocol, sending, sql
from notify.changes import Change, Cursor
from notify.exceptions import Busy, EmptyAudience, KeyConflict
from notify.inbox import appending, marking, reading, upkeep, work
from notify.inbox.appending import Arrived
from notify.inbox.marks import key_of
from notify.inbox.turns import Turns
from notify.inbox.work import Postponed
from notify.models import (
    Batch,
    Inbox,
    Notice,
    Notification,
    Place,
    Preference,
    Reason,
    Subscription,
)
from notify.readers.targets import topic
from notify.sending import statements
from notify.sql import waits
from tests.harness.waiting import deadline, eventually
from tests.unit.inbox.helpers import (
    batch_of,
    copy_of,
    counts,
    cursor_of,
    deliver,
    deliver_many,
    ids,
    inbox_of,
    key,
    people,
    recounted,
    states,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("announced")]
only_postgres = pytest.mark.postgres

PATIENCE = 30


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may keep locks for longer than the two seconds."""
    monkeypatch.setattr(waits, "LIMIT_S", deadline(waits.LIMIT_S))


@pytest.fixture
def lock_failures(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQLSTATE of each transaction that had to be tried again."""
    failures: list[str] = []
    is_transient = waits.is_transient

    def note(error: DatabaseError) -> bool:
        failures.append(getattr(error.__cause__, "sqlstate", str(error)))
        return is_transient(error)

    monkeypatch.setattr(waits, "is_transient", note)
    return failures


DEADLOCK = "40P01"


class Threads:
    """Runs work beside the test, with connections of its own."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def start(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        def run() -> Any:
            try:
                return work(*args, **kwargs)
            finally:
                connections.close_all()

        return self._pool.submit(run)


@contextmanager
def threads() -> Iterator[Threads]:
    with ThreadPoolExecutor(32) as pool:
        yield Threads(pool)


def result(future: Future[Any]) -> Any:
    return future.result(deadline(PATIENCE))


def together(*works: Callable[[], Any]) -> list[Any]:
    """What they return, begun at the same moment."""
    line = threading.Barrier(len(works))

    def begin(work: Callable[[], Any]) -> Any:
        line.wait(deadline(PATIENCE))
        return work()

    with threads() as beside:
        return [result(future) for future in [beside.start(begin, work) for work in works]]


def outcome(work: Callable[[], Any]) -> Callable[[], Any]:
    """What `work` returns, or the error of ours or the database's that it raises."""

    def run() -> Any:
        try:
            return work()
        except (Busy, EmptyAudience, KeyConflict, Postponed, DatabaseError) as error:
            return error

    return run


def lock_waits() -> int:
    """How many connections to this database wait for a lock.

    A transaction remembers which connections there were when it first asked.
    """
    sql.fetch("SELECT pg_stat_clear_snapshot()")
    [(waiting,)] = sql.fetch(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return int(waiting)


def somebody_waits() -> None:
    eventually(lambda: lock_waits() > 0, PATIENCE, what="somebody waiting for a lock")


def left_alone(to: Any, title: str = "Hello", **fields: Any) -> Notice:
    """A notice whose batches wait for workers."""
    notice = Notice.objects.create(title=title, **fields)
    for user in to:
        Batch.objects.create(notice=notice, recipients=[user.pk], size=1, due=notice.created)
    return notice


def batch(users: list[User], title: str = "Hello") -> Batch:
    """One batch of all these, in this order."""
    notice = Notice.objects.create(title=title)
    return Batch.objects.create(
        notice=notice,
        recipients=[user.pk for user in users],
        size=len(users),
        due=notice.created,
    )


def work_off() -> None:
    while sending.carry_out_next():
        pass


def assert_gap_free(changes: list[Change], users: list[User]) -> None:
    """Each inbox went from 0 to its version by steps that meet: none twice, none missing."""
    steps: dict[str, list[tuple[int, int]]] = {key(user): [] for user in users}
    for change in changes:
        for step in change.steps:
            steps[step.user].append((step.start, step.to))
    for user in users:
        ends = [0, *(end for _, end in sorted(steps[key(user)]))]
        assert sorted(steps[key(user)]) == list(pairwise(ends))
        assert ends[-1] == inbox_of(user).version


class Hold:
    """Where a thread stops on its way until it is let go."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._free = threading.Event()

    def here(self) -> None:
        self.reached.set()
        assert self._free.wait(deadline(PATIENCE))

    def until_reached(self) -> None:
        assert self.reached.wait(deadline(PATIENCE))

    def let_go(self) -> None:
        self._free.set()


@pytest.fixture
def hold_append(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Hold]:
    """The first append stops when its rows are written, before its commit."""
    settings.NOTIFY_ONE_STATEMENT = False  # there is nothing in between in one statement
    hold, append, calls = Hold(), appending.append, []

    def stop_once(notice_id: int, *args: Any, **kwargs: Any) -> Arrived:
        arrived = append(notice_id, *args, **kwargs)
        calls.append(notice_id)
        if len(calls) == 1:
            hold.here()
        return arrived

    monkeypatch.setattr(appending, "append", stop_once)
    yield hold
    hold.let_go()


# Lock order


@only_postgres
def test_fan_outs_to_the_same_users_in_opposite_order_do_not_deadlock(announced, lock_failures):
    users = people(60)
    batches = [batch(users if n % 2 else users[::-1], f"{n}") for n in range(8)]

    done = together(*(lambda one=one: sending.carry_out(one.pk) for one in batches))

    assert done == [True] * 8
    assert DEADLOCK not in lock_failures
    assert {inbox_of(user).version for user in users} == {8}
    assert_gap_free(announced.changes, users)


@only_postgres
def test_fan_outs_to_overlapping_users_make_missing_inboxes_without_a_deadlock(lock_failures):
    users = people(60)
    dice = random.Random(7)  # noqa: S311  the same dice in each run
    batches = []
    for n in range(8):
        some = dice.sample(users, 40)
        batches.append(batch(some, f"{n}"))

    together(*(lambda one=one: sending.carry_out(one.pk) for one in batches))

    assert DEADLOCK not in lock_failures
    rows = Counter(Notification.objects.values_list("user", flat=True))
    assert dict(rows) == dict(Inbox.objects.values_list("pk", "version"))
    assert sum(rows.values()) == 8 * 40


@only_postgres
def test_a_then_b_and_b_then_a_in_one_transaction_each(lock_failures):
    a, b = people(2)
    line = threading.Barrier(2)

    def send_both(first: User, second: User) -> None:
        with transaction.atomic():
            sending.send(to=first, title="first")
            line.wait(deadline(PATIENCE))
            sending.send(to=second, title="second")

    together(lambda: send_both(a, b), lambda: send_both(b, a))

    assert lock_failures == []
    assert counts(a) == counts(b) == (2, 2)


@only_postgres
def test_a_slow_caller_does_not_hold_up_anybodys_inbox(lock_failures):
    [ada] = people(1)
    notice = deliver(ada)
    with transaction.atomic():
        sending.send(to=ada, title="slow")
        with threads() as beside:
            result(beside.start(sending.send, to=ada, title="quick"))
            result(beside.start(sending.mark, key(ada), "read", ids=[notice.pk]))
            assert counts(ada) == (1, 1)
    assert counts(ada) == (2, 2)
    assert lock_failures == []


@only_postgres
def test_recalls_marks_fan_outs_and_deletions_at_once_do_not_deadlock(lock_failures):
    users = people(20)
    old = deliver_many(users, 6)

    together(
        *(lambda one=one: sending.carry_out(one.pk) for one in [batch(users), batch(users[::-1])]),
        *(lambda notice=notice: sending.recall(notice) for notice in old[:3]),
        lambda: [sending.mark(key(user), "read", ids=ids(old)) for user in users],
        lambda: [sending.mark(key(user), "seen", ids=ids(old)) for user in reversed(users)],
        lambda: [upkeep.delete_rows(key(user), [old[5].pk]) for user in users],
        lambda: [upkeep.acknowledge({key(user): 3 for user in users}) for _ in range(10)],
        lambda: [upkeep.recount(key(user)) for user in users],
        upkeep.renew_all_epochs,
    )
    work_off()

    assert all(counts(user) == recounted(user) == (2, 2) for user in users)
    assert set(lock_failures) <= {DEADLOCK}  # the renewal of all epochs takes no order


# Versions


class Follower:
    """Polls what changed, as a client that is never told anything."""

    def __init__(self, users: list[User]) -> None:
        self.cursors: dict[str, Cursor | None] = {key(user): None for user in users}
        self.rows: dict[str, dict[int, int]] = {key(user): {} for user in users}
        self.polls = 0

    def poll(self) -> None:
        self.polls += 1
        for found in reading.changes(list(self.cursors.items())):
            assert found is not None
            user = found.user
            if found.reset:
                assert self.cursors[user] is None
                self.rows[user] = {}
            else:
                assert found.since == (self.cursors[user] or Cursor("", -1)).since
            for row in found.rows:
                assert row["version"] > self.rows[user].get(row["id"], 0)
                self.rows[user][row["id"]] = row["version"]
            self.cursors[user] = Cursor(found.epoch, found.version)


def write_at_random(users: list[User], seed: int, rounds: int) -> None:
    dice = random.Random(seed)  # noqa: S311  the same dice in each run
    for n in range(rounds):
        user = dice.choice(users)
        what = dice.randrange(6)
        if what <= 1:
            sending.send(to=dice.sample(users, 2), title=f"{seed} {n}")
        elif what == 2:
            with transaction.atomic():
                sending.send(to=users, title="never", data={"seed": seed})
                transaction.set_rollback(True)
        elif what == 3:
            known = list(user.notify_notifications.values_list("notice", flat=True)[:20])
            if known:
                mark = dice.choice(protocol.MARKS)
                sending.mark(key(user), mark, ids=dice.choices(known, k=3))
        elif what == 4:
            known = list(user.notify_notifications.values_list("notice", flat=True)[:5])
            with transaction.atomic():  # the inbox is locked until the rollback
                marking.mark_ids(key(user), "read", known)
                transaction.set_rollback(True)
        else:
            with transaction.atomic():
                sending.send(to=user, title=f"{seed} {n} a")
                sending.send(to=dice.choice(users), title=f"{seed} {n} b")


def test_no_cursor_skips_a_row_and_no_version_is_missing_while_many_write(announced):
    users = people(3)
    writers, rounds = (12, 12) if connection.vendor == "postgresql" else (4, 6)
    follower = Follower(users)
    follower.poll()  # what it reads first is a window, and leaves out what is archived by then
    done = threading.Event()

    def follow() -> None:
        while not done.is_set():
            follower.poll()

    with threads() as beside:
        following = [beside.start(follow)]
        writing = [beside.start(write_at_random, users, n, rounds) for n in range(writers)]
        try:
            for future in writing:
                result(future)
        finally:
            done.set()
        for future in following:
            result(future)

    follower.poll()
    assert follower.polls > 2
    for user in users:
        truth = dict(user.notify_notifications.values_list("notice", "version"))
        assert follower.rows[key(user)] == truth
        assert counts(user) == recounted(user)
        arrived = Counter(user.notify_notifications.values_list("arrived", flat=True))
        assert set(arrived.values()) <= {1}
    assert_gap_free(announced.changes, users)
    assert not Notice.objects.filter(title="never").exists()


@only_postgres
def test_the_later_version_is_not_seen_before_the_earlier_one(hold_append):
    [ada] = people(1)
    first, second = batch([ada], "first"), batch([ada], "second")
    with threads() as beside:
        slow = beside.start(sending.carry_out, first.pk)
        hold_append.until_reached()
        quick = beside.start(sending.carry_out, second.pk)
        somebody_waits()
        assert reading.heads([key(ada)]) == {}
        hold_append.let_go()
        result(slow)
        result(quick)
    assert copy_of(ada, first.notice).arrived == 1
    assert copy_of(ada, second.notice).arrived == 2


def test_an_inbox_that_several_make_at_once_is_one():
    [ada] = people(1)
    one = batch([ada])

    [found, *others] = together(
        *(lambda: reading.changes([(key(ada), None)])[0] for _ in range(4)),
        lambda: sending.carry_out(one.pk),
        lambda: marking.mark_ids(key(ada), "read", [one.notice_id]),
    )

    assert {found.epoch, *(other.epoch for other in others[:3])} == {cursor_of(ada).epoch}
    assert inbox_of(ada).version >= 1


# Batches


def test_workers_on_the_same_batch_carry_it_out_once(announced):
    users = people(20)
    one = batch(users)

    done = together(*(lambda: sending.carry_out(one.pk) for _ in range(6)))

    assert sorted(done) == [False] * 5 + [True]
    assert len(announced.changes) == 1
    assert {inbox_of(user).version for user in users} == {1}


def test_workers_that_take_what_is_next_carry_each_out_once(announced):
    users = people(6)
    left_alone(users * 5)  # the same user in several batches of a notice: still one copy

    together(*(work_off for _ in range(4)))

    assert Batch.objects.filter(state="done").count() == 30
    assert Notification.objects.count() == 6
    assert sum(Batch.objects.values_list("appended", flat=True)) == 6
    assert_gap_free(announced.changes, users)


@only_postgres
def test_a_batch_that_somebody_has_is_skipped_and_not_waited_for(hold_append):
    ada, bob = people(2)
    first, second = left_alone([ada], "first"), left_alone([bob], "second")
    with threads() as beside:
        slow = beside.start(work.carry_out_next)  # the newest comes first
        hold_append.until_reached()
        assert work.carry_out_next().notice_id == first.pk
        assert work.carry_out_next() is None
        assert batch_of(second).state == "pending"
        hold_append.let_go()
        assert result(slow).notice_id == second.pk
    assert batch_of(second).state == "done"


@only_postgres
def test_a_worker_that_dies_in_the_middle_leaves_the_batch_as_it_was(hold_append):
    [ada] = people(1)
    notice = left_alone([ada])
    with threads() as beside:
        dying = beside.start(outcome(work.carry_out_next))
        hold_append.until_reached()
        sql.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
            " datname = current_database() AND state = 'idle in transaction'"
        )
        hold_append.let_go()
        assert isinstance(result(dying).__cause__, DatabaseError)

    assert not Notification.objects.exists()
    assert batch_of(notice).state == "pending"
    Batch.objects.update(due=F("due") - timedelta(seconds=60))
    assert work.carry_out_next().notice_id == notice.pk
    assert counts(ada) == (1, 1)


# Users who go


@only_postgres
@pytest.mark.parametrize("has_inbox", [True, False])
def test_a_user_who_is_deleted_during_a_fan_out_is_skipped(has_inbox):
    ada, bob = people(2)
    if has_inbox:
        deliver(ada)
    one = batch([ada, bob])
    with threads() as beside:
        with transaction.atomic():
            User.objects.get(pk=ada.pk).delete()
            fan_out = beside.start(work.carry_out, one.pk)
            somebody_waits()
        done = result(fan_out)

    assert [step.user for step in done.change.steps] == [key(bob)]
    one.refresh_from_db()
    assert (one.appended, one.skipped, one.state) == (1, 1, "done")


@only_postgres
def test_a_user_may_be_deleted_in_the_middle_of_a_fan_out(hold_append):
    ada, bob = people(2)
    reading.resets([key(ada), key(bob)])
    one = batch([ada, bob])
    with threads() as beside:
        fan_out = beside.start(sending.carry_out, one.pk)
        hold_append.until_reached()
        deleting = beside.start(User.objects.get(pk=ada.pk).delete)
        somebody_waits()
        hold_append.let_go()
        assert result(fan_out) is True
        result(deleting)
    assert not User.objects.filter(pk=ada.pk).exists()
    assert list(Notification.objects.values_list("user", flat=True)) == [bob.pk]


# What people want


def test_what_is_chosen_in_several_windows_at_once_is_all_kept():
    [ada] = people(1)
    prefer = partial(sending.prefer, ada)
    together(
        *(partial(prefer, f"category:{n}", value=bool(n % 2)) for n in range(4)),
        *(partial(prefer, "all", value=False) for _ in range(3)),
    )
    chosen = dict(Preference.objects.values_list("scope", "value"))
    assert chosen == {"all": False} | {f"category:{n}": bool(n % 2) for n in range(4)}
    assert Preference.objects.count() == 5


def following(*users: User) -> None:
    Subscription.objects.bulk_create(Subscription(user=user, topic="post:3") for user in users)


def of_topic(title: str) -> Notice:
    return sending.send(to=topic("post:3"), title=title)


def recipients_of(notice: Notice) -> list[tuple[Any, Any]]:
    copies = Notification.objects.filter(notice=notice).order_by("user")
    return list(copies.values_list("user", "reason"))


@only_postgres
@pytest.mark.parametrize("one_statement", [True, False])
def test_who_follows_while_a_send_waits_gets_the_next_and_who_leaves_still_gets_this(
    settings, announced, one_statement
):
    settings.NOTIFY_ONE_STATEMENT = one_statement
    ada, bob = people(2)
    reading.resets([key(ada)])
    following(ada)
    with threads() as beside:
        with transaction.atomic():
            Inbox.objects.select_for_update().get(pk=ada.pk)
            waiting = beside.start(of_topic, "while they come and go")
            somebody_waits()
            assert result(beside.start(sending.follow, bob, "post:3"))
            assert result(beside.start(sending.unfollow, ada, "post:3"))
        notice = result(waiting)

    assert recipients_of(notice) == [(ada.pk, Reason.TOPIC)]
    assert recipients_of(of_topic("afterwards")) == [(bob.pk, Reason.TOPIC)]
    assert_gap_free(announced.changes, [ada, bob])
    assert counts(ada) == recounted(ada) == counts(bob) == recounted(bob) == (1, 1)


def test_who_follows_while_it_is_appended_gets_the_next(hold_append):
    """SQLite has one writer: there, following waits for the commit of the send."""
    ada, bob = people(2)
    following(ada)
    with threads() as beside:
        appending = beside.start(of_topic, "while bob comes")
        hold_append.until_reached()
        coming = beside.start(sending.follow, bob, "post:3")
        if sql.is_postgresql():
            assert result(coming)
        hold_append.let_go()
        notice = result(appending)
        assert result(coming)

    assert recipients_of(notice) == [(ada.pk, Reason.TOPIC)]
    assert recipients_of(of_topic("afterwards")) == [
        (ada.pk, Reason.TOPIC),
        (bob.pk, Reason.TOPIC),
    ]


@only_postgres
@pytest.mark.parametrize("last", ["comes", "goes"])
def test_the_followers_are_those_when_the_append_reads_them(monkeypatch, settings, last):
    """Between the statement that counts the recipients and the one that appends."""
    settings.NOTIFY_ONE_STATEMENT = False
    ada, bob = people(2)
    following(ada)
    hold, count = Hold(), statements.count_up_to

    def stop(*args: Any) -> int:
        found = count(*args)
        hold.here()
        return found

    monkeypatch.setattr(statements, "count_up_to", stop)
    with threads() as beside:
        send = beside.start(outcome(lambda: of_topic("in between")))
        hold.until_reached()
        if last == "comes":
            sending.follow(bob, "post:3")
        else:
            sending.unfollow(ada, "post:3")
        hold.let_go()
        notice = result(send)

    if last == "comes":
        assert recipients_of(notice) == [(ada.pk, Reason.TOPIC), (bob.pk, Reason.TOPIC)]
    else:
        assert isinstance(notice, EmptyAudience)
        assert not Notice.objects.exists()


def test_one_who_follows_in_several_windows_follows_once():
    [ada] = people(1)
    together(*(lambda: sending.follow(ada, "post:3") for _ in range(4)))
    assert Subscription.objects.count() == 1
    assert recipients_of(of_topic("Hello")) == [(ada.pk, Reason.TOPIC)]


# Recall


@only_postgres
def test_a_recall_waits_for_the_batch_that_is_being_appended_and_takes_it_out(hold_append):
    [ada] = people(1)
    one = batch([ada])
    with threads() as beside:
        appending = beside.start(sending.carry_out, one.pk)
        hold_append.until_reached()
        recalling = beside.start(sending.recall, one.notice_id)
        somebody_waits()
        hold_append.let_go()
        assert result(appending) is True
        assert result(recalling) == 1

    assert counts(ada) == (0, 0)
    assert copy_of(ada, one.notice).recalled is not None


def test_a_recall_in_the_middle_of_a_fan_out_leaves_nothing_live(announced):
    users = people(10)
    for seed in range(4):
        notice = left_alone(users, f"{seed}")
        dice = random.Random(seed)  # noqa: S311  the same dice in each run
        pause = threading.Event()

        def recall_soon(notice=notice, dice=dice, pause=pause) -> int:
            pause.wait(dice.uniform(0, 0.06))
            return sending.recall(notice)

        together(work_off, work_off, recall_soon)
        Batch.objects.update(due=F("due") - timedelta(seconds=31))
        work_off()

        assert set(states(notice)) <= {"done", "closed"}
        assert not Notification.objects.filter(notice=notice).exclude(place=Place.RECALLED).exists()
    assert all(recounted(user) == (0, 0) for user in users)
    assert all(counts(user) == (0, 0) for user in users if Inbox.objects.filter(pk=user.pk))


def test_several_recalls_at_once_are_one():
    users = people(5)
    notice = deliver(users)
    assert sorted(together(*(lambda: sending.recall(notice) for _ in range(4)))) == [0, 0, 0, 5]
    assert {counts(user) for user in users} == {(0, 0)}


# Counts


def test_two_tabs_that_mark_the_same_count_it_once(announced):
    [ada] = people(1)
    notices = deliver_many(ada, 5)
    announced.changes.clear()

    together(*(lambda: sending.mark(key(ada), "read", ids=ids(notices[:3]) * 2) for _ in range(6)))

    assert counts(ada) == recounted(ada) == (2, 2)
    assert len(announced.changes) == 1
    assert inbox_of(ada).version == 6


def test_marks_of_all_sorts_at_once_leave_the_counts_exact():
    [ada] = people(1)
    notices = deliver_many(ada, 20)
    epoch = cursor_of(ada).epoch
    dice = random.Random(3)  # noqa: S311  the same dice in each run

    def some() -> list[int]:
        return ids(dice.choices(notices, k=8))

    def mark(as_: str) -> Callable[[], Any]:
        chosen = [some() for _ in range(4)]
        return lambda: [sending.mark(key(ada), as_, ids=one) for one in chosen]

    together(
        *(mark(as_) for as_ in protocol.MARKS),
        outcome(lambda: sending.mark_through(key(ada), "seen", epoch=epoch, through=12)),
        outcome(lambda: sending.mark_through(key(ada), "archived", epoch=epoch, through=4)),
        lambda: deliver_many(ada, 4),
        lambda: sending.recall(notices[0]),
        *(partial(sending.open_bell, key(ada), epoch=epoch, through=n) for n in (9, 14, 60)),
    )
    work_off()

    assert counts(ada) == recounted(ada)
    assert badge(ada) == inbox_of(ada).badge


def badge(user: User) -> int:
    """The bell's number, as the rows say."""
    live = Notification.objects.filter(user=user, place=Place.INBOX, seen=None)
    return live.filter(arrived__gt=inbox_of(user).opened).count()


@only_postgres
@pytest.mark.parametrize("one_statement_or_not", [True, False])
@pytest.mark.parametrize("first", ["opened", "seen", "arrived"])
@pytest.mark.parametrize("then", ["opened", "seen", "arrived"])
def test_the_bell_and_what_waits_for_it_leave_its_number_exact(
    settings, first, then, one_statement_or_not
):
    settings.NOTIFY_ONE_STATEMENT = one_statement_or_not
    [ada] = people(1)
    notices = deliver_many(ada, 3)
    epoch, late = cursor_of(ada).epoch, batch([ada], "late")
    later = batch([ada], "later")

    def do(what: str, notice: Notice, arriving: Batch) -> None:
        if what == "opened":
            sending.open_bell(key(ada), epoch=epoch, through=3)
        elif what == "seen":
            sending.mark(key(ada), "seen", ids=[notice.pk])
        else:
            sending.carry_out(arriving.pk)

    with threads() as beside:
        with transaction.atomic():
            do(first, notices[0], late)
            waiting = beside.start(do, then, notices[1], later)
            somebody_waits()
        result(waiting)

    both = [first, then]
    rings = 0 if "opened" in both else 3 - both.count("seen")
    assert badge(ada) == inbox_of(ada).badge == rings + both.count("arrived")


def test_one_mark_of_everything_at_a_time_per_user(monkeypatch, announced):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    [ada] = people(1)
    deliver_many(ada, 12)
    epoch = cursor_of(ada).epoch
    announced.changes.clear()

    done = together(
        *(
            outcome(lambda: sending.mark_through(key(ada), "read", epoch=epoch, through=12))
            for _ in range(4)
        )
    )

    assert counts(ada) == recounted(ada) == (0, 0)
    assert inbox_of(ada).version == 12 + 6
    assert all(isinstance(one, Busy) or one == 18 for one in done)
    assert 18 in done
    assert inbox_of(ada).marking is None


# Keys


def test_the_insert_decides_whose_key_it_is(announced):
    [ada] = people(1)

    notices = together(*(lambda: sending.send(to=ada, title="Hello", key="k") for _ in range(8)))

    assert len({notice.pk for notice in notices}) == 1
    assert sorted(notice.repeated for notice in notices) == [False] + [True] * 7
    assert counts(ada) == (1, 1)
    assert len(announced.changes) == 1


@only_postgres
@pytest.mark.parametrize("commits", [True, False])
def test_a_second_use_of_a_key_waits_for_the_first_to_commit_or_not(commits):
    [ada] = people(1)
    with threads() as beside:
        with transaction.atomic():
            first = sending.send(to=ada, title="Hello", key="k")
            second = beside.start(sending.send, to=ada, title="Hello", key="k")
            conflict = beside.start(outcome(lambda: sending.send(to=ada, title="Other", key="k")))
            eventually(lambda: lock_waits() == 2, PATIENCE, what="both waiting")
            transaction.set_rollback(not commits)
        if commits:
            assert result(second).pk == first.pk
            assert isinstance(result(conflict), KeyConflict)
        else:  # one of the two that waited has it now
            said = [outcome(lambda: result(second))(), result(conflict)]
            assert sum(isinstance(one, KeyConflict) for one in said) == 1
    assert Notice.objects.count() == 1
    assert counts(ada) == (1, 1)


# Waiting


@contextmanager
def locked(user: User) -> Iterator[None]:
    with transaction.atomic():
        Inbox.objects.select_for_update().get(pk=user.pk)
        yield


@only_postgres
def test_a_lock_that_cannot_be_had_is_tried_again_and_then_busy(monkeypatch, lock_failures):
    monkeypatch.setattr(waits, "LIMIT_S", 0.02)
    [ada] = people(1)
    notice = deliver(ada)
    with threads() as beside, locked(ada):
        marking = beside.start(outcome(lambda: sending.mark(key(ada), "read", ids=[notice.pk])))
        assert isinstance(result(marking), Busy)
    assert set(lock_failures) == {"55P03"}
    assert counts(ada) == (1, 1)


@only_postgres
@pytest.mark.parametrize("meanwhile", ["marked", "acknowledged"])
def test_a_mark_that_waited_for_the_inbox_is_of_what_it_holds_then(
    meanwhile, announced, monkeypatch
):
    """A statement that waited sees its tables as they were before. Who has written what a client
    has applied has changed none, and the statement goes on."""
    if meanwhile == "acknowledged":
        monkeypatch.delattr(marking, "_mark_ids")
    [ada] = people(1)
    notice = deliver(ada)
    version = sending.mark(key(ada), "read", ids=[notice.pk])
    other = deliver(ada)
    with threads() as beside:
        with transaction.atomic():
            if meanwhile == "marked":
                sending.mark(key(ada), "unread", ids=[notice.pk])
            else:
                upkeep.acknowledge({key(ada): version})
                upkeep.renew_all_epochs()
            marked = ids([notice, other])
            waiting = beside.start(sending.mark, key(ada), "read", ids=marked)
            eventually(lambda: lock_waits() == 1, PATIENCE, what="the mark waiting")
        assert result(waiting) == version + (3 if meanwhile == "marked" else 2)
    assert counts(ada) == (0, 0) == recounted(ada)
    assert inbox_of(ada).acknowledged == (version if meanwhile == "acknowledged" else 0)
    assert announced.last.steps[0].epoch == cursor_of(ada).epoch


@only_postgres
def test_an_undo_that_waited_for_a_mark_leaves_what_that_has_changed(announced):
    [ada] = people(1)
    marked_again, untouched = deliver(ada), deliver(ada)
    epoch = cursor_of(ada).epoch
    sending.mark_through(key(ada), "read", epoch=epoch, through=2, ref="m")

    def undo() -> int:
        return sending.undo(key(ada), ref="m", epoch=epoch, since=2)

    with threads() as beside:
        with transaction.atomic():
            sending.mark(key(ada), "unread", ids=[marked_again.pk])
            sending.mark(key(ada), "read", ids=[marked_again.pk])
            waiting = beside.start(undo)
            somebody_waits()
        assert result(waiting) == 6

    assert copy_of(ada, marked_again).read is not None
    assert copy_of(ada, untouched).read is None
    assert counts(ada) == recounted(ada) == (1, 1)
    assert_gap_free(announced.changes, [ada])


@only_postgres
def test_control_an_undo_in_the_statement_that_locks_takes_back_what_was_changed_meanwhile():
    """It finds the row by what it was when the statement began."""
    [ada] = people(1)
    notice = deliver(ada)
    sending.mark(key(ada), "read", ids=[notice.pk], ref="m")

    def undo() -> int:
        return sql.execute(
            """WITH locked AS MATERIALIZED (
                SELECT user_id FROM notify_inbox WHERE user_id = %s FOR UPDATE
            ), copy AS MATERIALIZED (
                SELECT notice_id, user_id FROM notify_notification JOIN locked USING (user_id)
                WHERE mark_key = version + %s
            )
            UPDATE notify_notification AS found SET read = NULL FROM copy
            WHERE found.notice_id = copy.notice_id AND found.user_id = copy.user_id""",
            [ada.pk, key_of("m")],
        )

    with threads() as beside:
        with transaction.atomic():
            sending.mark(key(ada), "unread", ids=[notice.pk])
            sending.mark(key(ada), "read", ids=[notice.pk])
            waiting = beside.start(undo)
            somebody_waits()
        assert result(waiting) == 1

    assert copy_of(ada, notice).read is None


@only_postgres
def test_a_notice_for_an_inbox_that_is_locked_is_stored_and_not_lost(monkeypatch):
    monkeypatch.setattr(waits, "LIMIT_S", 0.02)
    [ada] = people(1)
    deliver(ada)
    with threads() as beside, locked(ada):
        notice = result(beside.start(sending.send, to=ada, title="Hello"))
        assert batch_of(notice).state == Batch.State.PENDING
    assert sending.carry_out(batch_of(notice).pk)
    assert counts(ada) == (2, 2)


@only_postgres
def test_a_user_who_is_locked_at_the_commit_is_sent_to_all_the_same(monkeypatch):
    """The references of the rows are checked by the commit, under the same time-out."""
    monkeypatch.setattr(waits, "LIMIT_S", 0.02)
    [ada] = people(1)
    deliver(ada)
    with threads() as beside, transaction.atomic():
        User.objects.select_for_update().get(pk=ada.pk)
        notice = result(beside.start(sending.send, to=ada, title="once"))
        assert batch_of(notice).state == Batch.State.PENDING
    assert sending.carry_out(batch_of(notice).pk)
    assert counts(ada) == (2, 2)
    assert Notice.objects.filter(title="once").count() == 1


@only_postgres
def test_a_batch_that_cannot_have_its_locks_is_put_off(monkeypatch):
    monkeypatch.setattr(waits, "LIMIT_S", 0.02)
    ada, bob = people(2)
    deliver(ada)
    free, stuck = left_alone([bob], "free"), left_alone([ada], "stuck")
    with threads() as beside, locked(ada):
        # It has its turn first, and then the next one has.
        turns = Turns()
        failure = result(beside.start(outcome(partial(work.carry_out_next, turns))))
        assert isinstance(failure, Postponed)
        assert isinstance(failure.__cause__, Busy)
        assert result(beside.start(work.carry_out_next, turns)).notice_id == free.pk
        assert (batch_of(stuck).state, batch_of(stuck).attempts) == ("pending", 1)
        assert result(beside.start(work.carry_out_next)) is None
        came_due = Batch.objects.filter(notice=stuck)
        result(beside.start(came_due.update, due=F("due") - timedelta(seconds=5)))
        alone = result(beside.start(outcome(work.carry_out_next)))
        assert isinstance(alone.__cause__, Busy)
    Batch.objects.filter(notice=stuck).update(due=F("due") - timedelta(seconds=5))
    assert work.carry_out_next().notice_id == stuck.pk


@only_postgres
def test_a_notice_that_somebody_has_is_passed_over_and_not_waited_for():
    ada, bob = people(2)
    free, taken = left_alone([bob], "free"), left_alone([ada], "taken")
    with threads() as beside, transaction.atomic():
        Notice.objects.select_for_update().get(pk=taken.pk)
        began = time.monotonic()
        assert result(beside.start(work.carry_out_next)).notice_id == free.pk
        assert time.monotonic() - began < waits.LIMIT_S
    assert batch_of(taken).attempts == 1


@only_postgres
def test_putting_off_waits_for_nobody():
    [ada] = people(1)
    notice = left_alone([ada])
    batch_id = batch_of(notice).pk
    with threads() as beside:
        with transaction.atomic():
            Batch.objects.select_for_update().get(pk=batch_id)
            result(beside.start(work._postpone, [batch_id]))
        assert batch_of(notice).attempts == 0
        result(beside.start(work._postpone, [batch_id]))
        assert batch_of(notice).attempts == 1


@only_postgres
def test_an_expired_notice_whose_batches_somebody_has_holds_up_no_other():
    ada, bob = people(2)
    with transaction.atomic():  # so that it has a batch
        taken = sending.send(to=ada, title="taken")
    free = deliver(bob, "free")
    Notice.objects.filter(pk=taken.pk).update(expires=Now() - timedelta(seconds=2))
    Notice.objects.filter(pk=free.pk).update(expires=Now() - timedelta(seconds=1))
    with threads() as beside, transaction.atomic():
        Batch.objects.select_for_update().get(notice=taken)
        assert result(beside.start(sending.recall_expired)) == (2, 1)
    assert Notice.objects.get(recalled__isnull=False) == free
    assert sending.recall_expired() == (1, 1)


@only_postgres
def test_a_real_deadlock_is_tried_again(lock_failures):
    """With a transaction of the project's that takes the locks in another order."""
    ada, bob = people(2)
    deliver([ada, bob])
    one = batch([ada, bob])
    with threads() as beside:
        with transaction.atomic():
            Inbox.objects.select_for_update().get(pk=bob.pk)
            fan_out = beside.start(sending.carry_out, one.pk)
            somebody_waits()  # it has ada's and waits for bob's
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL deadlock_timeout = '10s'")  # so the other one is it
                cursor.execute("SELECT 1 FROM notify_inbox WHERE user_id = %s FOR UPDATE", [ada.pk])
        assert result(fan_out) is True
    assert lock_failures in ([DEADLOCK], ["55P03"])
    assert counts(ada) == counts(bob) == (2, 2)


@only_postgres
def test_an_acknowledgement_does_not_wait_for_an_inbox():
    ada, bob = people(2)
    deliver([ada, bob])
    with threads() as beside, locked(ada):
        written = beside.start(upkeep.acknowledge, {key(ada): 1, key(bob): 1})
        assert result(written) == {key(bob)}
    assert (inbox_of(ada).acknowledged, inbox_of(bob).acknowledged) == (0, 1)
    assert upkeep.acknowledge({key(ada): 1}) == {key(ada)}


@only_postgres
def test_reading_does_not_wait_for_a_writer():
    [ada] = people(1)
    deliver(ada)
    at = cursor_of(ada)
    with threads() as beside, locked(ada):
        assert result(beside.start(reading.changes, [(key(ada), at)]))[0].version == 1
        assert result(beside.start(reading.page, key(ada))).version == 1

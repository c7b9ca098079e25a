"""A batch or a mark in one statement leaves the same rows as several statements do."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from notify import protocol, sending
from notify.inbox import one_statement, stepping
from notify.inbox.marks import MARKS
from notify.models import Batch, Inbox, Notice, Notification, Place
from notify.readers.defaults import asked_of
from notify.sql import database
from tests.unit.inbox.helpers import (
    batch_of,
    copy_of,
    counts,
    ids,
    inbox_of,
    key,
    people,
    recounted,
)

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ada():
    [ada] = people(1)
    sending.send(to=ada, title="makes the inbox")
    return ada


# Batches


@pytest.mark.parametrize("which", ["one", "several", "somebody is gone", "without an inbox"])
def test_a_batch_is_appended_as_by_several_statements(ada, announced, settings, which):
    users = [ada, *people(0 if which == "one" else 3, "others")]
    if which != "without an inbox":
        sending.send(to=users, title="makes the inboxes")
    of_each_way = []
    for one_statement_or_not in (True, False):
        settings.NOTIFY_ONE_STATEMENT = one_statement_or_not
        Inbox.objects.exclude(pk=ada.pk).filter(version=1).delete()
        Inbox.objects.update(version=5, unseen=2, unread=3)
        with transaction.atomic():
            notice = sending.send(to=users, title="Hello")
            if which == "somebody is gone":
                gone = people(1, f"gone {one_statement_or_not}")[0]
                Batch.objects.filter(notice=notice).update(
                    recipients=[*batch_of(notice).recipients, gone.pk], size=len(users) + 1
                )
                gone.delete()
        batch, change = batch_of(notice), announced.last
        assert batch.finished is not None
        copies = Notification.objects.filter(notice=notice).order_by("user")
        of_each_way.append(
            (
                (batch.state, batch.size, batch.appended, batch.skipped),
                [(copy.user_id, copy.arrived, copy.version, copy.place) for copy in copies],
                sorted((step.user, step.start, step.to, step[4:]) for step in change.steps),
                change.arrivals[0] | {"id": 0, "created": ""},
                [(counts(user), recounted(user)[0] > 0) for user in users],
            )
        )
    assert of_each_way[0] == of_each_way[1]


def test_a_batch_that_is_not_to_be_appended_is_left(ada, announced):
    with transaction.atomic():
        notice = sending.send(to=ada, title="Hello")
        sending.pause(notice)
    assert one_statement.append(batch_of(notice).pk, asked_of(notice)).records == []
    assert batch_of(notice).state == "paused"
    assert counts(ada) == (1, 1)


def test_who_has_the_notice_already_does_not_get_it_again(ada, announced):
    notice = Notice.objects.get()
    [bob] = people(1, "bob")
    with transaction.atomic():
        batch = Batch.objects.create(
            notice=notice, recipients=[ada.pk, bob.pk], size=2, due=database.now()
        )
    assert sending.carry_out(batch.pk)
    assert (counts(ada), counts(bob)) == ((1, 1), (1, 1))
    batch.refresh_from_db()
    assert (batch.state, batch.appended, batch.skipped) == ("done", 1, 1)


# Marks


def notices_in_every_state(ada: User) -> list[Notice]:
    """Notifications in all states: new, seen, read, archived, filed unread, read and unread
    again, recalled, and recalled after being seen."""
    sending.recall(Notice.objects.get())  # the one of the fixture
    notices = [sending.send(to=ada, title=f"n{n}", data={"n": n}) for n in range(8)]
    _new, seen, read, archived, unread_archived, unread, recalled, seen_recalled = notices
    sending.mark(key(ada), "seen", ids=ids([seen, seen_recalled]))
    sending.mark(key(ada), "read", ids=ids([read, unread]))
    sending.mark(key(ada), "archived", ids=ids([archived, unread_archived]))
    Notification.objects.filter(notice=unread_archived).update(
        read=None, seen=None, place=Place.FILED
    )
    sending.mark(key(ada), "unread", ids=[unread.pk])
    sending.recall(recalled)
    sending.recall(seen_recalled)
    return notices


def state_of(ada: User) -> list[dict[str, Any]]:
    """The inbox and its rows, as the database has them."""
    copies = Notification.objects.filter(user=ada).order_by("arrived")
    return [model_to_dict(inbox_of(ada)), *(model_to_dict(copy) for copy in copies)]


@pytest.mark.parametrize("as_", protocol.MARKS)
def test_a_mark_writes_the_same_rows_as_several_statements(
    ada, announced, settings, monkeypatch, as_
):
    notices = notices_in_every_state(ada)
    now = database.now()
    monkeypatch.setattr(database, "now", lambda: now)
    wanted = [*ids(notices), notices[0].pk, 10**15]
    before = inbox_of(ada), list(Notification.objects.filter(user=ada))
    of_each_way = []
    for one_statement_or_not in (True, False):
        settings.NOTIFY_ONE_STATEMENT = one_statement_or_not
        for row in (before[0], *before[1]):
            row.save()
        with CaptureQueriesContext(connection) as queries:
            version = sending.mark(key(ada), as_, ids=wanted, ref="m")
        assert (len(queries) == 1) is one_statement_or_not, [query["sql"] for query in queries]
        assert announced.last.steps[0].to == version
        of_each_way.append((version, announced.last, state_of(ada)))
    assert of_each_way[0] == of_each_way[1]
    assert inbox_of(ada).version == before[0].version + 1


def test_the_store_knows_the_marks_of_the_protocol():
    assert tuple(MARKS) == protocol.MARKS


def test_a_mark_that_changes_nothing_is_one_statement_too(ada, announced):
    [notice] = Notice.objects.all()
    version = sending.mark(key(ada), "read", ids=[notice.pk])
    before, announced_before = state_of(ada), len(announced.changes)
    with CaptureQueriesContext(connection) as queries:
        assert sending.mark(key(ada), "read", ids=[notice.pk, 10**15]) == version
    assert len(queries) == 1
    assert state_of(ada) == before
    assert len(announced.changes) == announced_before


def test_a_mark_with_parameters_bound_by_the_server(ada, bound_by_the_server):
    notices = [sending.send(to=ada, title="Hello") for _ in range(3)]
    with CaptureQueriesContext(connection) as queries:
        sending.mark(key(ada), "archived", ids=ids(notices))
    assert len(queries) == 1
    assert counts(ada) == (1, 1) == recounted(ada)


def test_a_mark_changes_only_the_users_own_inbox(ada):
    [bob] = people(1, prefix="bob")
    notice = sending.send(to=[ada, bob], title="to both")
    sending.mark(key(ada), "read", ids=[notice.pk])
    assert copy_of(ada, notice).read
    assert not copy_of(bob, notice).read
    assert counts(bob) == (1, 1)


def test_without_an_inbox_it_does_not_mark():
    [ada] = people(1)
    assert one_statement.mark(key(ada), MARKS["read"], [1]) is None
    assert not Inbox.objects.exists()
    assert sending.mark(key(ada), "read", ids=[1]) == 0


def test_a_mark_of_many_rows_does_not_carry_them(ada, announced, monkeypatch):
    monkeypatch.setattr(stepping, "MAX_ROWS_IN_CHANGE", 2)
    notices = [sending.send(to=ada, title="Hello") for _ in range(3)]
    sending.mark(key(ada), "read", ids=ids(notices))
    sending.mark(key(ada), "unread", ids=ids(notices[:2]))
    of_many, of_few = announced.changes[-2:]
    assert of_many.rows is None
    assert [row["id"] for row in of_few.rows] == ids(notices[:2])


def test_a_mark_in_a_transaction_is_a_part_of_it(ada):
    [notice] = Notice.objects.all()
    with transaction.atomic():
        assert one_statement.mark(key(ada), MARKS["read"], [notice.pk]) is None
        sending.mark(key(ada), "read", ids=[notice.pk])
        transaction.set_rollback(True)
    assert counts(ada) == (1, 1)

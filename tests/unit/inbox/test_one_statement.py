"""A send or mark in one statement leaves the same rows as several statements do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notify import protocol, sending
from notify.bus.publisher import publisher
from notify.inbox import one_statement, stepping
from notify.inbox.marks import MARKS
from notify.models import Batch, Inbox, Notice, Notification
from notify.sending import rows
from notify.sql import database
from tests.unit.inbox.helpers import (
    Announced,
    batch_of,
    copy_of,
    counts,
    ids,
    inbox_of,
    key,
    people,
    recounted,
    sent_notices,
)

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ITS_OWN = {"id", "notice_id", "created", "due", "finished"}


@pytest.fixture(autouse=True)
def announced(monkeypatch):
    announced = Announced()
    monkeypatch.setattr(publisher, "publish", announced.take)
    return announced


@pytest.fixture
def ada():
    [ada] = people(1)
    sending.send(to=ada, title="makes the inbox")
    return ada


def written(row: Any) -> dict[str, Any]:
    """All columns except those that differ in every row, read from the database."""
    row.refresh_from_db()
    names = {field.attname for field in row._meta.concrete_fields} - ITS_OWN
    return {name: getattr(row, name) for name in names}


def said_in_full(ada: Any, bob: Any) -> dict[str, Any]:
    return {
        "to": ada,
        "title": "100 % of “it”; %s, %(name)s and '); DROP TABLE x; --",
        "body": "back\\slash\nand 🦉",
        "level": "warning",
        "category": "orders",
        "kind": "order.paid",
        "url": "/orders/7?a=%20b",
        "actor": bob,
        "actions": [{"label": "See '%'", "url": "/orders/7"}],
        "data": {"n": 7, "deep": [{"%s": None, "quote": "'\""}], "float": 0.1},
        "expires": timezone.now() + timedelta(days=1),
        "sender": bob,
    }


@pytest.mark.parametrize("full", [False, True])
def test_it_writes_the_same_rows_as_several_statements(ada, announced, settings, full):
    [bob] = people(1, prefix="bob")
    said = said_in_full(ada, bob) if full else {"to": ada, "title": "Hello"}
    of_each_way = []
    for one_statement_or_not in (True, False):
        settings.NOTIFY_ONE_STATEMENT = one_statement_or_not
        Inbox.objects.filter(pk=ada.pk).update(version=5, unseen=2, unread=3)
        with CaptureQueriesContext(connection) as queries:
            notice = sending.send(**said)
        assert (len(queries) == 1) is one_statement_or_not, [query["sql"] for query in queries]
        batch, copy, inbox = batch_of(notice), copy_of(ada, notice), inbox_of(ada)
        assert batch.due == batch.finished
        change = announced.last
        [row] = change.arrivals
        assert row.pop("id") == notice.pk
        row.pop("created")
        rows = [*map(written, (notice, batch, copy, inbox))]
        of_each_way.append((rows, change.steps, row))
    assert of_each_way[0] == of_each_way[1]
    assert inbox.version == copy.version == copy.arrived == 6


@pytest.fixture
def bound_by_the_server(ada, monkeypatch):
    connection.close()
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "server_side_binding", True)
    monkeypatch.setattr(connection.features, "uses_server_side_binding", True)
    yield
    connection.close()


def test_with_parameters_bound_by_the_server(ada, bound_by_the_server):
    [bob] = people(1, prefix="bob")
    notice = sending.send(**said_in_full(ada, bob))
    with CaptureQueriesContext(connection) as queries:
        sending.send(to=ada, title="Hello")
    assert len(queries) == 1
    notice.refresh_from_db()
    assert notice.data == said_in_full(ada, bob)["data"]
    assert counts(ada) == (3, 3)


@pytest.mark.parametrize("one_statement_or_not", [True, False])
def test_nothing_is_written_if_the_commit_is_refused(ada, settings, one_statement_or_not):
    settings.NOTIFY_ONE_STATEMENT = one_statement_or_not
    [bob] = people(1, prefix="bob")
    gone = User.objects.get(pk=bob.pk)
    bob.delete()
    with pytest.raises(IntegrityError):
        sending.send(to=ada, title="Hello", actor=gone)
    assert Notice.objects.count() == 1
    assert counts(ada) == (1, 1)


def test_in_a_transaction_it_is_not_used(ada):
    with transaction.atomic():
        assert one_statement.append(rows.done_batch(Notice(title="x"), [ada.pk])) is None
    assert counts(ada) == (1, 1)


def test_the_returned_notice_is_saved(ada):
    with sent_notices() as sent:
        notice = sending.send(to=ada, title="Hello")
    assert sent == [notice]
    assert notice == Notice.objects.latest("pk")
    assert not notice._state.adding
    assert not notice.repeated
    notice.title = "an update, not a second one"
    notice.save()
    assert Notice.objects.count() == 2
    sending.recall(notice)
    assert counts(ada) == (1, 1)


@pytest.mark.parametrize("is_a_user", [True, False])
def test_without_an_inbox_nothing_is_written(is_a_user):
    key = people(1)[0].pk if is_a_user else 0
    notice = Notice(title="Hello")
    assert one_statement.append(rows.done_batch(notice, [key])) is None
    assert notice.pk is None
    for model in (Notice, Batch, Notification, Inbox):
        assert not model._default_manager.exists()


def test_it_is_not_used_for_several_people(ada):
    before = model_to_dict(inbox_of(ada))
    assert one_statement.append(rows.done_batch(Notice(title="x"), [ada.pk, 0])) is None
    assert model_to_dict(inbox_of(ada)) == before


# Marks


def notices_in_every_state(ada: User) -> list[Notice]:
    """Notifications in all states: new, seen, read, archived, archived unread, read and unread
    again, recalled, and recalled after being seen."""
    sending.recall(Notice.objects.get())  # the one of the fixture
    notices = [sending.send(to=ada, title=f"n{n}", data={"n": n}) for n in range(8)]
    _new, seen, read, archived, unread_archived, unread, recalled, seen_recalled = notices
    sending.mark(key(ada), "seen", ids=ids([seen, seen_recalled]))
    sending.mark(key(ada), "read", ids=ids([read, unread]))
    sending.mark(key(ada), "archived", ids=ids([archived, unread_archived]))
    Notification.objects.filter(notice=unread_archived).update(read=None, seen=None)
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
            version = sending.mark(key(ada), as_, ids=wanted)
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

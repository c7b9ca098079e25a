"""A notice written in one statement leaves the same rows as several statements do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notify import sending
from notify.models import Batch, Inbox, Mute, Notice, Notification, Preference, Subscription
from notify.readers.targets import topic
from notify.sql import waits
from tests.unit.inbox.helpers import (
    copy_of,
    counts,
    inbox_of,
    key,
    people,
    sent_notices,
)

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ITS_OWN = {"id", "notice_id", "created", "key", "fingerprint", "epoch"}


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


@pytest.mark.parametrize("said", ["little", "all", "little, with a key", "all, with a key"])
@pytest.mark.parametrize("to", ["one", "several", "a group"])
def test_it_appends_the_same_rows_as_several_statements(ada, announced, settings, said, to):
    [bob] = people(1, prefix="bob")
    others = people(2, "others")
    group = Group.objects.create(name="crew")
    group.user_set.set([ada, *others])
    keyed = "key" in said
    fields = said_in_full(ada, bob) if "all" in said else {"title": "Hello"}
    fields["to"] = {"one": ada, "several": [ada, *others], "a group": group}[to]
    of_each_way = []
    for one_statement_or_not in (True, False):
        settings.NOTIFY_ONE_STATEMENT = one_statement_or_not
        Inbox.objects.exclude(pk=ada.pk).delete()
        Inbox.objects.filter(pk=ada.pk).update(version=5, unseen=2, unread=3)
        key: dict[str, Any] = {"key": f"k{one_statement_or_not}"} if keyed else {}
        with CaptureQueriesContext(connection) as queries:
            notice = sending.send(**fields, **key)
        assert (len(queries) == 1) is one_statement_or_not, [query["sql"] for query in queries]
        assert not Batch.objects.exists()
        copies = Notification.objects.filter(notice=notice).order_by("user")
        inboxes = Inbox.objects.order_by("pk")
        change = announced.last
        [row] = change.arrivals
        assert row.pop("id") == notice.pk
        row.pop("created")
        rows = [*map(written, (notice, *copies, *inboxes))]
        steps = sorted(step._replace(epoch="") for step in change.steps)
        of_each_way.append((rows, steps, row))
    assert of_each_way[0] == of_each_way[1]
    assert copy_of(ada, notice).arrived == inbox_of(ada).version == 6


@pytest.mark.parametrize("to", ["named", "named, in a group and following"])
def test_it_files_and_gives_reasons_as_several_statements(ada, announced, settings, to):
    users = [ada, *people(4, "others")]
    group = Group.objects.create(name="crew")
    group.user_set.set(users[1:3])
    Subscription.objects.create(user=users[2], topic="post:3")
    Subscription.objects.create(user=users[3], topic="post:3")
    Preference.objects.create(user=users[1], scope="category:news", value=False)
    Mute.objects.create(user=users[3], target="topic:post:3")
    recipients = users if to == "named" else [ada, group, topic("post:3")]
    sending.send(to=users, title="opens the inboxes")
    of_each_way = []
    for way in ("first", "one statement", "several"):
        settings.NOTIFY_ONE_STATEMENT = way != "several"
        Inbox.objects.update(version=1, unseen=1, unread=1)
        with CaptureQueriesContext(connection) as queries:
            notice = sending.send(to=recipients, title="Hello", category="news")
        if way == "one statement":
            assert len(queries) == 1  # the process knows by now that somebody has set something
        copies = Notification.objects.filter(notice=notice).order_by("user")
        of_each_way.append(
            (
                [(copy.user_id, copy.place, copy.placed is None, copy.reason) for copy in copies],
                announced.last.filed,
                {(step.user, step.to - step.start, step.unseen) for step in announced.last.steps},
            )
        )
        copies.delete()
    assert of_each_way[0] == of_each_way[1] == of_each_way[2]
    filed = {key(users[1])} if to == "named" else {key(users[1]), key(users[3])}
    assert of_each_way[0][1] == filed
    assert [reason for _, _, _, reason in of_each_way[0][0]] == (
        [1] * 5 if to == "named" else [1, 2, 2, 4]
    )


@pytest.mark.parametrize("to", ["named, in a group", "a group"])
def test_a_batch_keeps_the_reason_of_each_of_its_recipients(ada, announced, settings, to):
    users = [ada, *people(3, "others")]
    group = Group.objects.create(name="crew")
    group.user_set.set(users[1:])
    with transaction.atomic():
        notice = sending.send(to=[ada, users[2], group] if "named" in to else group, title="Hello")
    copies = Notification.objects.filter(notice=notice).order_by("user")
    expected = [1, 2, 1, 2] if "named" in to else [2, 2, 2]
    assert list(copies.values_list("reason", flat=True)) == expected
    assert notice.batch_set.get().reasons == ([1, 2, 1, 2] if "named" in to else [2])


@pytest.mark.parametrize("to", ["one", "a group of several batches", "a group", "scheduled"])
def test_in_a_transaction_it_writes_the_same_rows(ada, announced, settings, to):
    group = Group.objects.create(name="crew")
    group.user_set.set([ada, *people(4, "others")])
    if to == "a group of several batches":
        settings.NOTIFY_BATCH_SIZE = 2
    said: dict[str, Any] = {"to": ada if to == "one" else group}
    if to == "scheduled":
        said["send_at"] = timezone.now() + timedelta(hours=1)
    of_each_way = []
    for one_statement_or_not in (True, False):
        settings.NOTIFY_ONE_STATEMENT = one_statement_or_not
        with transaction.atomic():
            connection.cursor().execute("SET LOCAL lock_timeout = '7777ms'")
            with CaptureQueriesContext(connection) as queries:
                notice = sending.send(title="Hello", level="critical", **said)
            assert (len(queries) == 1) is one_statement_or_not, [one["sql"] for one in queries]
            with connection.cursor() as cursor:
                cursor.execute("SHOW lock_timeout")
                assert cursor.fetchone() == ("7777ms",)
            batches = notice.batch_set.order_by("pk")
            due = {round((batch.due - timezone.now()).total_seconds() / 10) for batch in batches}
            columns = [(one.recipients, one.size, one.state, one.urgent) for one in batches]
            transaction.set_rollback(True)
        of_each_way.append((columns, due))
    assert of_each_way[0] == of_each_way[1]
    assert len(of_each_way[0][0]) == (3 if to == "a group of several batches" else 1)


def test_a_refusal_leaves_the_callers_transaction_and_its_limit(ada, announced):
    with transaction.atomic():
        connection.cursor().execute("SET LOCAL lock_timeout = '7777ms'")
        with pytest.raises(DatabaseError):
            waits.fetch_in_savepoint("SELECT 1/0", [])
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("7777ms",)
        sending.send(to=ada, title="Hello")
    assert counts(ada) == (2, 2)


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

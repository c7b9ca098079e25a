from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import notify
from notify import NewNotice
from notify.exceptions import EmptyAudience, InvalidNotice, KeyConflict, UnknownUsers
from notify.inbox import appending
from notify.models import Batch, Inbox, Notice, Notification
from tests.unit.inbox.helpers import (
    batch_of,
    committed,
    counts,
    ids,
    inbox_of,
    key,
    people,
    recounted,
    sent_notices,
)

pytestmark = pytest.mark.django_db


def send_each(users, **fields):
    return notify.send_many(
        NewNotice(to=user, title=f"Invoice {n}", **fields) for n, user in enumerate(users)
    )


def arrived(user):
    rows = Notification.objects.filter(user=user).order_by("arrived")
    return [(row.notice.title, row.arrived) for row in rows.select_related("notice")]


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_each_person_gets_theirs_and_no_batch_is_left(announced):
    users = people(3)
    with sent_notices() as sent:
        notices = send_each(users)

    assert [notice.title for notice in notices] == ["Invoice 0", "Invoice 1", "Invoice 2"]
    assert sent == notices == list(Notice.objects.order_by("pk"))
    assert [arrived(user) for user in users] == [[(f"Invoice {n}", 1)] for n in range(3)]
    assert not Batch.objects.exists()
    [change] = announced.changes
    assert sorted(step.user for step in change.steps) == sorted(map(key, users))
    assert (list(change.arrivals), change.rows) == ([], None)  # clients read them


@pytest.mark.django_db(transaction=True)
def test_who_gets_several_gets_them_in_order_as_one_change(announced):
    ada, bob = people(2)
    notify.send(to=ada, title="before")
    announced.changes.clear()
    send_each([ada, bob, ada, [ada, bob]])

    assert arrived(ada) == [("before", 1), ("Invoice 0", 2), ("Invoice 2", 3), ("Invoice 3", 4)]
    assert arrived(bob) == [("Invoice 1", 1), ("Invoice 3", 2)]
    [change] = announced.changes
    assert {(step.user, step.start, step.to, step.unseen) for step in change.steps} == {
        (key(ada), 1, 4, 4),
        (key(bob), 0, 2, 2),
    }
    assert counts(ada) == recounted(ada) == (4, 4)


@pytest.mark.parametrize("everyone", [False, True])
def test_several_to_the_same_people_are_one_change_with_their_rows(announced, everyone):
    users = people(3)
    to = notify.everyone() if everyone else users
    with committed():
        notices = send_each([to] * 4)
    [change] = announced.changes
    assert [row["id"] for row in change.arrivals] == ids(notices)
    assert {(step.start, step.to) for step in change.steps} == {(0, 4)}
    assert arrived(users[0]) == [(f"Invoice {n}", n + 1) for n in range(4)]


def test_in_a_transaction_they_arrive_after_its_commit(ada, bob, announced):
    with committed(), transaction.atomic():
        notices = send_each([ada, bob, ada])
        assert not Notification.objects.exists()
        assert [batch_of(notice).state for notice in notices] == ["pending"] * 3
        assert announced.changes == []

    assert arrived(ada) == [("Invoice 0", 1), ("Invoice 2", 2)]
    assert len(announced.changes) == 1
    for notice in notices:
        batch = batch_of(notice)
        assert (batch.state, batch.appended, batch.skipped) == ("done", 1, 0)
        assert batch.finished is not None


def test_a_rollback_leaves_nothing(ada, announced):
    with committed(), transaction.atomic():
        send_each([ada, ada])
        transaction.set_rollback(True)
    assert not Notice.objects.exists()
    assert announced.changes == []


def test_who_is_deleted_before_the_commit_is_skipped(ada, bob, announced):
    with committed(), transaction.atomic():
        notices = send_each([ada, bob, [ada, bob]])
        bob.delete()

    found = [(batch_of(one).appended, batch_of(one).skipped) for one in notices]
    assert found == [(1, 0), (0, 1), (1, 1)]
    assert arrived(ada) == [("Invoice 0", 1), ("Invoice 2", 2)]


def test_they_are_appended_in_chunks(announced, monkeypatch):
    monkeypatch.setattr(appending, "MAX_COPIES", 2)
    users = people(5)
    with committed():
        send_each(users)
    assert [len(change.steps) for change in announced.changes] == [2, 2, 1]


@pytest.mark.django_db(transaction=True)
def test_more_than_a_chunk_is_stored_first(announced, monkeypatch):
    monkeypatch.setattr(appending, "MAX_COPIES", 2)
    users = people(3)
    send_each(users)
    assert Batch.objects.filter(state="done").count() == 3
    assert Inbox.objects.filter(unread=1).count() == 3


def test_groups_and_scheduled_ones_are_sent_as_by_send(ada, bob, announced, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    group = Group.objects.create(name="crew")
    group.user_set.set([ada, bob])
    later = timezone.now() + timedelta(hours=1)
    with committed():
        to_group, to_one, scheduled = notify.send_many(
            [
                NewNotice(to=group, title="to a group"),
                NewNotice(to=ada, title="to one"),
                NewNotice(to=ada, title="later", send_at=later),
            ]
        )
    assert arrived(ada) == [("to one", 1)]
    assert announced.work == 1
    assert to_group.batch_set.count() == 2
    assert (batch_of(scheduled).state, to_one.status) == ("pending", "sent")
    assert batch_of(scheduled).due == scheduled.send_at


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"title": ""}, InvalidNotice, r"notices\[1\]: title: must contain a visible character"),
        ({"to": 10**9}, UnknownUsers, r"notices\[1\]: to: no such user: 1000000000"),
        ({"to": []}, EmptyAudience, r"notices\[1\]: to: matches no users"),
        ({"url": "javascript:x"}, InvalidNotice, r"notices\[1\]: url: "),
        ({"to": Group(name="not saved")}, InvalidNotice, r"notices\[1\]: to: the group"),
    ],
)
def test_an_error_names_the_index_and_nothing_is_written(ada, bob, wrong, error, says):
    with pytest.raises(error, match=says) as caught:
        notify.send_many(
            [
                NewNotice(to=ada, title="right"),
                NewNotice(**({"to": bob, "title": "wrong"} | wrong)),
                NewNotice(to=bob, title="right"),
            ]
        )
    assert caught.value.index == 1
    assert not Notice.objects.exists()


def test_an_empty_group_is_named_too(ada):
    group = Group.objects.create(name="empty")
    with pytest.raises(EmptyAudience) as caught:
        notify.send_many([NewNotice(to=ada, title="x"), NewNotice(to=group, title="x")])
    assert caught.value.index == 1
    assert not Notice.objects.exists()


def test_keys_make_each_of_them_idempotent(ada, bob, announced):
    def invoices(*names):
        with committed():
            return notify.send_many(NewNotice(to=ada, title=name, key=name) for name in names)

    [first] = invoices("a")
    again, second, twice = invoices("a", "b", "b")
    assert (again.pk, again.repeated) == (first.pk, True)
    assert second == twice
    assert [title for title, _ in arrived(ada)] == ["a", "b"]
    with pytest.raises(KeyConflict, match=r"notices\[1\]: key 'b'") as caught:
        notify.send_many(
            [
                NewNotice(to=ada, title="c", key="c"),
                NewNotice(to=bob, title="b", key="b"),
            ]
        )
    assert caught.value.index == 1
    assert Notice.objects.count() == 2


def test_none_is_nothing(announced):
    assert notify.send_many([]) == []
    assert announced.changes == []


def test_a_few_statements_send_many(django_assert_max_num_queries):
    users = people(1000)
    with django_assert_max_num_queries(40):
        notices = send_each(users)
    assert len(ids(notices)) == 1000


@pytest.mark.django_db(transaction=True)
def test_a_few_statements_append_them(announced):
    users = people(300)
    with CaptureQueriesContext(connection) as queries:
        send_each(users)
    inserted = [one["sql"] for one in queries if "INSERT" in one["sql"]]
    assert len([one for one in inserted if "notify_notice" not in one]) == 2
    assert inbox_of(users[-1]).unread == 1


def test_a_key_that_two_different_notices_of_a_call_have_is_refused(ada):
    with pytest.raises(InvalidNotice, match=r"notices\[1\]: key: 'k' is used twice") as caught:
        notify.send_many(NewNotice(to=ada, title=title, key="k") for title in "ab")
    assert caught.value.index == 1
    assert not Notice.objects.exists()

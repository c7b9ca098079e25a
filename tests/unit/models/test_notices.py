from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext

from notify import sending
from notify.inbox import marking, upkeep
from notify.models import Batch, Inbox, Notice, Notification
from tests.unit.inbox.helpers import deliver, deliver_many, key, people

pytestmark = pytest.mark.django_db


def with_counts(notice):
    found: Any = Notice.objects.with_counts().get(pk=notice.pk)
    return found.delivered, found.seen, found.read


# Notices


def test_a_notice_counts_who_received_saw_and_read_it():
    users = people(4)
    first, second = deliver_many(users, 2)
    upkeep.acknowledge({key(users[0]): 2, key(users[1]): 1})
    marking.mark_ids(key(users[0]), "seen", [first.pk])
    marking.mark_ids(key(users[1]), "read", [first.pk, second.pk])

    assert with_counts(first) == (2, 2, 1)
    assert with_counts(second) == (2, 1, 1)  # who has read it has received it


def test_the_counts_do_not_multiply_with_the_batches(settings):
    settings.NOTIFY_BATCH_SIZE = 1
    users = people(3)
    notice = deliver(users)
    while sending.carry_out_next():
        pass
    marking.mark_ids(key(users[0]), "seen", [notice.pk])
    upkeep.acknowledge(dict.fromkeys(map(key, users), 1))

    found: Any = Notice.objects.with_counts().with_progress().get()

    assert (found.delivered, found.seen, found.read) == (3, 1, 0)
    assert (found.recipients, found.appended, found.skipped) == (3, 3, 0)
    assert (found.batches, found.batches_open) == (3, 0)


def test_a_notice_without_recipients_counts_0():
    notice = Notice.objects.create(title="nobody")
    assert with_counts(notice) == (0, 0, 0)


def test_the_status_follows_the_batches(settings, django_assert_num_queries):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = deliver(people(2))
    assert str(notice.status) == "pending"
    sending.carry_out_next()
    assert str(notice.status) == "sending"
    sending.carry_out_next()
    assert str(notice.status) == "sent"
    with django_assert_num_queries(1):
        assert Notice.objects.with_progress().get().status == Notice.Status.SENT
    sending.recall(notice)
    assert Notice.objects.get().status == Notice.Status.RECALLED


def test_a_notice_in_somebodys_inbox_is_protected():
    notice = deliver(people(1))
    with pytest.raises(ProtectedError):
        notice.delete()
    with pytest.raises(ProtectedError):
        Notice.objects.all().delete()


def test_one_copy_of_a_notice_per_user():
    notice = deliver(people(1))
    copy = Notification.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Notification.objects.create(user=copy.user, notice=notice, arrived=9, version=9)


def test_a_key_is_unique_per_sender_and_notices_without_a_key_do_not_conflict():
    Notice.objects.create(title="a", sender="user:1", key="k")
    Notice.objects.create(title="a", sender="user:2", key="k")
    Notice.objects.create(title="a", sender="", key="k")
    Notice.objects.create(title="a")
    Notice.objects.create(title="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(title="b", sender="", key="k")


# Deleting a user


def test_deleting_a_user_deletes_the_inbox_and_keeps_the_notice():
    ada, bob = people(2)
    notice = deliver([ada, bob], actor=people(1, "actor")[0])
    ada.delete()
    assert list(Notification.objects.values_list("user", flat=True)) == [bob.pk]
    assert list(Inbox.objects.values_list("pk", flat=True)) == [bob.pk]
    User.objects.get(username="actor-0").delete()
    notice.refresh_from_db()
    assert notice.actor is None
    assert notice.actor_name == "actor-0"


def test_deleting_a_user_takes_one_statement_per_table():
    """With a deletion receiver for all models, Django would load all these rows first."""
    [ada] = people(1)
    deliver_many(ada, 30)
    with CaptureQueriesContext(connection) as queries:
        ada.delete()
    assert not [one["sql"] for one in queries if '"notify_notification"."arrived"' in one["sql"]]
    assert sum("DELETE FROM" in one["sql"] for one in queries) < 15


# Texts


def test_each_row_has_a_text():
    [ada] = people(1)
    notice = deliver(ada)
    assert str(notice) == "Hello"
    assert str(Batch.objects.get()) == f"1 recipients of notice {notice.pk}"

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notify import sending
from notify.inbox import marking, upkeep
from notify.models import (
    ApiToken,
    Batch,
    EndedSession,
    Inbox,
    KnownDevice,
    Notice,
    Notification,
    hash_token,
    user_pk,
)
from tests.unit.inbox.helpers import deliver, deliver_many, key, people

pytestmark = pytest.mark.django_db

MODELS = "notify.models"


def with_counts(notice):
    found: Any = Notice.objects.with_counts().get(pk=notice.pk)
    return found.delivered, found.seen, found.read


# Names


def test_what_the_user_model_gets_of_ours_has_our_prefix():
    fields = User._meta.get_fields(include_hidden=True)
    ours = [one for one in fields if getattr(one.related_model, "__module__", "") == MODELS]
    assert len(ours) >= 4
    for relation in ours:
        assert relation.is_relation
        if not relation.hidden:
            assert relation.get_accessor_name().startswith("notify_")
            assert relation.name.startswith("notify_")  # of a query


# Notices


def test_a_notice_counts_to_whom_it_was_delivered_and_who_saw_and_read_it():
    users = people(4)
    first, second = deliver_many(users, 2)
    upkeep.acknowledge({key(users[0]): 2, key(users[1]): 1})
    marking.mark_ids(key(users[0]), "seen", [first.pk])
    marking.mark_ids(key(users[1]), "read", [first.pk, second.pk])

    assert with_counts(first) == (2, 2, 1)
    assert with_counts(second) == (1, 1, 1)


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


def test_a_notice_without_a_reader_counts_0():
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


def test_a_notice_that_somebody_has_is_protected():
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


def test_a_key_is_unique_per_sender_and_no_key_is_no_value():
    Notice.objects.create(title="a", sender="user:1", key="k")
    Notice.objects.create(title="a", sender="user:2", key="k")
    Notice.objects.create(title="a", sender="", key="k")
    Notice.objects.create(title="a")
    Notice.objects.create(title="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(title="b", sender="", key="k")


def test_the_counts_of_an_inbox_are_not_negative():
    [ada] = people(1)
    for field in ("unseen", "unread"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Inbox.objects.create(user=ada, epoch="e", **{field: -1})


# What goes with a user


def test_with_a_user_goes_the_inbox_and_the_notice_stays():
    ada, bob = people(2)
    notice = deliver([ada, bob], actor=people(1, "actor")[0])
    ada.delete()
    assert list(Notification.objects.values_list("user", flat=True)) == [bob.pk]
    assert list(Inbox.objects.values_list("pk", flat=True)) == [bob.pk]
    User.objects.get(username="actor-0").delete()
    notice.refresh_from_db()
    assert notice.actor is None
    assert notice.actor_name == "actor-0"


def test_what_goes_with_a_user_goes_in_one_statement_a_table():
    """A receiver of every model's deletion would have Django load all those rows first."""
    [ada] = people(1)
    deliver_many(ada, 30)
    with CaptureQueriesContext(connection) as queries:
        ada.delete()
    assert not [one["sql"] for one in queries if '"notify_notification"."arrived"' in one["sql"]]
    assert sum("DELETE FROM" in one["sql"] for one in queries) < 15


def test_a_users_key_is_read_from_its_text():
    [ada] = people(1)
    assert user_pk(str(ada.pk)) == ada.pk


# API tokens


def test_a_token_is_told_once_and_kept_as_a_hash():
    [ada] = people(1)
    token, plain = ApiToken.objects.issue(ada, "script", ["send", "inbox"])

    assert plain.startswith("ntf_")
    assert len(plain) >= 40
    assert token.scopes == ["inbox", "send"]
    assert token.token_hash == hash_token(plain)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notify_apitoken")
        assert plain not in str(cursor.fetchall())
    assert ApiToken.objects.authenticate(plain) == token
    assert plain not in f"{token} {token!r}"


def test_a_token_that_is_revoked_unknown_or_of_an_inactive_user_is_none():
    [ada] = people(1)
    token, plain = ApiToken.objects.issue(ada, "script", ["send"])
    assert ApiToken.objects.authenticate("ntf_guess") is None
    assert ApiToken.objects.authenticate("") is None

    User.objects.update(is_active=False)
    assert ApiToken.objects.authenticate(plain) is None
    User.objects.update(is_active=True)
    ApiToken.objects.filter(pk=token.pk).update(revoked=timezone.now() - timedelta(days=1))
    assert ApiToken.objects.authenticate(plain) is None


# The rest


def test_everything_says_what_it_is():
    [ada] = people(1)
    notice = deliver(ada)
    assert str(notice) == "Hello"
    assert str(Batch.objects.get()) == f"1 recipients of notice {notice.pk}"
    assert str(Inbox.objects.get()) == f"inbox of {ada.pk}"
    assert str(Notification.objects.get()) == f"notice {notice.pk} for {ada.pk}"
    assert str(EndedSession(key_hash="abc")) == "abc"
    assert str(KnownDevice(user=ada)) == f"a device of {ada.pk}"


def test_there_are_permissions_to_send_and_to_watch():
    codes = {code for code, _ in Notice._meta.permissions}
    assert codes == {"send_notice", "view_operations"}


class Replicated:
    def db_for_read(self, model, **hints):
        return "replica"

    def db_for_write(self, model, **hints):
        return "primary"


@pytest.mark.parametrize("model", [*apps.get_app_config("notify").get_models()], ids=str)
def test_every_model_is_read_where_it_is_written(settings, model):
    settings.DATABASE_ROUTERS = [Replicated()]
    for manager in (model.objects, model._default_manager, model._base_manager):
        assert manager.all().db == "primary"
        assert manager.using("replica").db == "replica"
        assert manager.db_manager("replica").all().db == "replica"

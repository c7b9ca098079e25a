from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

import notify
from notify.exceptions import EmptyAudience, KeyConflict, UnknownUsers
from notify.models import Batch, Notice, Notification
from notify.sending import statements
from tests.unit.inbox.helpers import batch_of, committed, counts, deliver

pytestmark = pytest.mark.django_db


def test_only_the_notice_and_its_batches_are_written_before_the_commit(ada, announced):
    with committed():
        notice = notify.send(to=ada, title="Hello")

        assert notice.pk is not None
        assert notice.status == "pending"
        assert batch_of(notice).size == 1
        assert not Notification.objects.exists()
        assert not hasattr(User.objects.get(pk=ada.pk), "notify_inbox")
        assert announced.changes == []

    assert notice.status == "sent"
    assert counts(ada) == (1, 1)
    assert len(announced.changes) == 1


def test_a_rollback_leaves_nothing(ada, announced):
    with committed(), transaction.atomic():
        notify.send(to=ada, title="Hello")
        transaction.set_rollback(True)

    assert Notice.objects.count() == Batch.objects.count() == 0
    assert announced.changes == []


def test_an_inner_transaction_that_is_rolled_back_takes_only_its_own(ada, announced):
    def fail():
        with transaction.atomic():
            notify.send(to=ada, title="inner")
            raise LookupError

    with committed(), transaction.atomic():
        notify.send(to=ada, title="outer")
        with pytest.raises(LookupError):
            fail()

    assert Notice.objects.get().title == "outer"
    assert len(announced.changes) == 1


def test_an_error_in_the_audience_leaves_the_callers_transaction_usable(ada):
    with committed(), transaction.atomic():
        with pytest.raises(UnknownUsers):
            notify.send(to=[ada, 10**9], title="Hello")
        with pytest.raises(EmptyAudience):
            notify.send(to=[], title="Hello")
        notify.send(to=ada, title="Hello")
    assert Notice.objects.count() == 1


# Idempotency keys


def test_the_same_key_is_one_notice(ada):
    first = deliver(ada, key="order-7")
    second = deliver(ada, key="order-7")

    assert first == second
    assert (first.repeated, second.repeated) == (False, True)
    assert counts(ada) == (1, 1)
    assert Batch.objects.count() == 1


def test_the_same_key_within_one_transaction_is_one_notice(ada):
    with committed(), transaction.atomic():
        first = notify.send(to=ada, title="Hello", key="k")
        assert notify.send(to=ada, title="Hello", key="k") == first
    assert counts(ada) == (1, 1)


def test_each_sender_has_keys_of_its_own(ada, bob):
    notices = {
        deliver(ada, key="k"),
        deliver(ada, key="k", sender=bob),
        deliver(ada, key="k", sender=ada),
    }
    assert len(notices) == 3


OTHER_CONTENT = {
    "title": {"title": "Another"},
    "body": {"body": "More"},
    "level": {"level": "error"},
    "category": {"category": "orders"},
    "url": {"url": "/"},
    "kind": {"kind": "order"},
    "data": {"data": {"a": 1}},
    "actions": {"actions": [{"label": "Open", "url": "/"}]},
    "expires": {"expires": timezone.now() + timedelta(days=1)},
    "send_at": {"send_at": timezone.now() + timedelta(days=1)},
}


@pytest.mark.parametrize("other", OTHER_CONTENT.values(), ids=OTHER_CONTENT)
def test_the_same_key_with_other_content_is_a_conflict(ada, other):
    first = deliver(ada, key="order-7")
    with pytest.raises(KeyConflict) as caught:
        notify.send(**({"to": ada, "title": "Hello", "key": "order-7"} | other))
    assert caught.value.notice_id == first.pk
    assert "new key" in str(caught.value)
    assert Notice.objects.count() == 1


def test_the_same_key_for_others_or_by_another_is_a_conflict(ada, bob):
    deliver(ada, key="k")
    for other in ({"to": bob}, {"to": [ada, bob]}, {"to": notify.everyone()}, {"actor": bob}):
        with pytest.raises(KeyConflict):
            notify.send(**({"to": ada, "title": "Hello", "key": "k"} | other))


def test_a_conflict_leaves_the_callers_transaction_usable(ada):
    deliver(ada, key="k")
    with committed(), transaction.atomic():
        with pytest.raises(KeyConflict):
            notify.send(to=ada, title="Another", key="k")
        notify.send(to=ada, title="Another")
    assert counts(ada) == (2, 2)


def test_another_order_of_recipients_and_data_is_the_same_content(ada, bob):
    first = deliver([ada, bob], key="k", data={"a": 1, "b": 2})
    assert deliver([bob.pk, str(ada.pk)], key="k", data={"b": 2, "a": 1}) == first


def test_a_group_with_a_new_member_is_the_same_content(ada, bob):
    group = Group.objects.create(name="crew")
    group.user_set.add(ada)
    first = deliver(group, key="k")
    group.user_set.add(bob)
    assert deliver(group, key="k") == first
    assert not bob.notify_notifications.exists()


def test_a_refused_send_does_not_use_its_key_up(ada):
    with pytest.raises(EmptyAudience):
        notify.send(to=[], title="Hello", key="k")
    assert deliver(ada, key="k").repeated is False


def test_a_retry_with_the_same_key_resumes_what_is_unfinished(ada, announced):
    notify.send(to=ada, title="Hello", key="k")  # the process dies before its commit's work
    assert not Notification.objects.exists()

    again = deliver(ada, key="k")

    assert again.repeated
    assert counts(ada) == (1, 1)
    assert again.status == "sent"


def test_a_retry_resumes_several_batches_by_waking_the_workers(ada, bob, announced, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    with transaction.atomic():
        notify.send(to=[ada, bob], title="Hello", key="k")
    deliver([ada, bob], key="k")
    assert announced.work == 1


def test_a_retry_of_a_scheduled_notice_does_not_send_it_early(ada):
    moment = timezone.now() + timedelta(seconds=20)
    deliver(ada, key="k", send_at=moment)
    deliver(ada, key="k", send_at=moment)
    assert not Notification.objects.exists()


@pytest.mark.parametrize(("ahead_s", "is_due"), [(-1, True), (0, True), (0.05, True), (1, False)])
def test_the_callers_now_is_now_though_the_clocks_differ(ahead_s, is_due):
    created = timezone.now()
    notice = Notice(created=created, send_at=created + timedelta(seconds=ahead_s))
    assert statements.is_due(notice) is is_due

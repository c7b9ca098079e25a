from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import transaction

import notify
from notify.exceptions import EmptyAudience, UnknownUsers
from notify.models import Batch, Notice, Notification
from tests.unit.inbox.helpers import batch_of, committed, counts

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

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from notify.models import Message, Notice, OutboxItem, Reach
from notify.models.outbox import new_message_id
from tests.unit.inbox.helpers import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return people(1, "ada")[0]


def item(user, notice, **fields):
    now = timezone.now()
    return OutboxItem.objects.create(
        user=user, notice=notice, channel="email", ripe=now, made=now, **fields
    )


def message(user):
    now = timezone.now()
    return Message.objects.create(
        user=user, channel="email", address="a@x.org", language="en", zone="UTC", created=now,
        lease=now,
    )  # fmt: skip


def test_a_message_has_an_id_that_no_restored_database_gives_again(ada):
    ids = {new_message_id() for _ in range(100)} | {message(ada).pk, message(ada).pk}
    assert len(ids) == 102
    assert all(len(key) == 32 and key.isalnum() for key in ids)


def test_a_copy_goes_out_once_by_a_channel(ada):
    notice = Notice.objects.create(title="T")
    item(ada, notice)
    with pytest.raises(IntegrityError), transaction.atomic():
        item(ada, notice)
    item(ada, notice, repeat=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        item(ada, notice, repeat=1)


def test_an_address_is_known_once_by_person_and_channel(ada):
    Reach.objects.create(user=ada, channel="email", address="a@x.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        Reach.objects.create(user=ada, channel="email", address="b@x.org")


def test_all_of_it_goes_with_the_person_and_items_with_the_notice(ada):
    notice, other = Notice.objects.create(title="T"), Notice.objects.create(title="U")
    item(ada, other, message=message(ada))
    item(ada, notice)
    Reach.objects.create(user=ada, channel="email", address="a@x.org")
    notice.delete()
    assert OutboxItem.objects.get().notice == other
    ada.delete()
    for model in (OutboxItem, Message, Reach):
        assert not model.objects.exists()


def test_an_item_outlives_its_message(ada):
    item(ada, Notice.objects.create(title="T"), message=message(ada))
    Message.objects.all().delete()
    assert OutboxItem.objects.get().message is None


def test_they_name_themselves(ada):
    one = message(ada)
    assert str(one) == f"email {one.pk}: claimed"
    notice = Notice.objects.create(title="T")
    found = item(ada, notice)
    assert str(found) == f"notice {notice.pk} for {ada.pk} by email: waiting"
    assert str(Reach(user=ada, channel="email")) == f"email of {ada.pk}: 0 failures"

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from notify.models import Inbox, Notice, Notification, Place
from tests.unit.inbox.helpers import deliver, people

pytestmark = pytest.mark.django_db


def test_the_counts_of_an_inbox_are_not_negative():
    [ada] = people(1)
    for field in ("unseen", "unread"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Inbox.objects.create(user=ada, epoch="e", **{field: -1})


def test_nobody_has_a_notice_twice():
    [ada] = people(1)
    notice = deliver(ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        Notification.objects.create(notice=notice, user=ada, arrived=2, version=2)


@pytest.mark.parametrize(
    ("place", "archived", "recalled"),
    [
        (Place.INBOX, False, False),
        (Place.ARCHIVED, True, False),
        (Place.FILED, True, False),
        (Place.RECALLED, False, True),
    ],
)
def test_the_place_says_what_its_time_is_of(place, archived, recalled):
    now = timezone.now()
    copy = Notification(place=place, placed=now)
    assert copy.archived == (now if archived else None)
    assert copy.recalled == (now if recalled else None)


def test_rows_have_texts():
    [ada] = people(1)
    notice = deliver(ada)
    assert str(Inbox.objects.get()) == f"inbox of {ada.pk}"
    assert str(Notification.objects.get()) == f"notice {notice.pk} for {ada.pk}"
    assert Notice.objects.get().notifications.get().pk == (notice.pk, ada.pk)

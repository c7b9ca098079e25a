from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from notify import sending
from notify.inbox import marking, reading, stepping, upkeep
from notify.models import Inbox, Notification
from tests.unit.inbox.helpers import (
    changes_since,
    counts,
    cursor_of,
    deliver,
    deliver_many,
    ids,
    inbox_of,
    key,
    mark,
    people,
    recounted,
)

pytestmark = pytest.mark.django_db


def test_the_counts_cannot_fall_below_0(ada):
    deliver(ada)
    for field in ("unseen", "unread"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Inbox.objects.filter(pk=ada.pk).update(**{field: F(field) - 2})


def test_a_change_of_many_rows_is_one_version_and_carries_none(ada, monkeypatch):
    monkeypatch.setattr(stepping, "MAX_ROWS_IN_CHANGE", 2)
    notices = deliver_many(ada, 3)
    before = cursor_of(ada)

    version, change = mark(ada, "read", *notices)

    assert version == 4
    assert change.rows is None
    assert [row["version"] for row in changes_since(ada, before).rows] == [4, 4, 4]


@pytest.mark.parametrize("one_statement", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda user, notices: marking.mark_ids(user, "read", ids(notices[:2])),
        lambda user, notices: marking.mark_ids(user, "archived", ids(notices)),
        lambda user, notices: [*marking.mark_through(user, "read", epoch_of(user), 4)],
        lambda user, notices: upkeep.delete_rows(user, copies_of(user)[:2]),
        lambda user, notices: sending.recall(notices[0]),
    ],
    ids=["some", "all", "through", "deletion", "recall"],
)
def test_counts_that_would_fall_below_0_are_counted_anew(
    transactional_db, settings, change, one_statement
):
    settings.NOTIFY_ONE_STATEMENT = one_statement
    ada, bob = people(2)
    notices = [sending.send(to=[ada, bob], title=f"{n}") for n in range(4)]
    for user in (ada, bob):
        marking.mark_ids(key(user), "read", ids(notices))
    # Other code changes the rows, but not their inbox.
    Notification.objects.filter(user=ada, notice__in=notices[:3]).update(read=None, seen=None)

    change(key(ada), notices)

    assert inbox_of(ada).version == 6
    assert counts(ada) == recounted(ada)
    assert counts(bob) == recounted(bob) == (0, 0)


def copies_of(user):
    return list(Notification.objects.filter(user=user).values_list("pk", flat=True))


def epoch_of(user):
    return reading.heads([user])[user].epoch

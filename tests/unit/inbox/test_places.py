from __future__ import annotations

import itertools

import pytest

from notify import sending
from notify.inbox import places
from notify.models import Notification, Place
from tests.unit.inbox.helpers import committed, copy_of, counts, deliver, key, recounted

pytestmark = pytest.mark.django_db

MOVES = {
    "archive": lambda user, notice: sending.mark(key(user), "archived", ids=[notice.pk]),
    "unarchive": lambda user, notice: sending.mark(key(user), "unarchived", ids=[notice.pk]),
    "recall": lambda _, notice: sending.recall(notice),
}


def put(user, notice, place):
    """As if it had come there; archived ones are read."""
    inbox = user.notify_inbox
    copy = Notification.objects.filter(user=user, notice=notice)
    copy.update(place=place)
    if place == Place.ARCHIVED:
        copy.update(seen=notice.created, read=notice.created)
    if place != Place.INBOX:
        inbox.unseen = inbox.unread = 0
        inbox.save()


@pytest.mark.parametrize(("start", "move"), list(itertools.product(Place, MOVES)))
def test_a_notification_moves_as_the_table_says_and_is_counted_in_the_inbox_only(ada, start, move):
    notice = deliver(ada)
    put(ada, notice, start)
    with committed():
        MOVES[move](ada, notice)

    expected = places.MOVES.get((start, move), start)
    copy = copy_of(ada, notice)
    assert copy.place == expected
    assert counts(ada) == recounted(ada)
    counted = (expected, start) in {(Place.INBOX, Place.INBOX), (Place.INBOX, Place.FILED)}
    assert counts(ada) == ((start == Place.INBOX, 1) if counted else (0, 0))
    if expected != start:
        assert copy.placed is not None
        assert (copy.archived is not None) is (expected in {Place.ARCHIVED, Place.FILED})
        assert (copy.recalled is not None) is (expected == Place.RECALLED)


def test_nothing_leaves_a_recall():
    assert not [move for place, move in places.MOVES if place == Place.RECALLED]

"""What a user's devices have confirmed, and the way of their newest notifications."""

from __future__ import annotations

import pytest

import notify
from notify import sending
from notify.admin import receipts
from notify.admin.formatting import EMPTY
from notify.inbox import upkeep
from notify.models import Inbox
from tests.unit.inbox.helpers import inbox_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def confirmed(user):
    text = receipts.confirmed_text(inbox_of(user))
    return text.partition(", as of")[0]


def test_what_the_devices_have_confirmed(ada, monkeypatch):
    assert receipts.confirmed_text(None) == "nothing yet"
    notify.send(to=ada, title="One")
    assert confirmed(ada) == "nothing yet"
    upkeep.acknowledge({str(ada.pk): 1})
    assert confirmed(ada) == "everything"
    two = notify.send(to=ada, title="Two")
    assert confirmed(ada) == "all but the newest"
    notify.send(to=ada, title="Three")
    assert confirmed(ada) == "all but the newest 2"
    sending.mark(str(ada.pk), "read", ids=[two.pk])  # its version is higher now
    assert confirmed(ada) == "all but the newest 2"
    monkeypatch.setattr(receipts, "MAX_MISSING", 2)
    assert confirmed(ada) == "all but the newest 2 or more"


def test_the_ten_newest_with_their_way(ada):
    notices = [notify.send(to=ada, title=f"Notice {n}") for n in range(12)]
    upkeep.acknowledge({str(ada.pk): 11})
    sending.mark(str(ada.pk), "archived", ids=[notices[9].pk])
    sending.mark(str(ada.pk), "seen", ids=[notices[11].pk])
    ways = receipts.newest(Inbox.objects.get(pk=ada.pk))
    titles = [way.notification.notice.title for way in ways]
    assert titles == [f"Notice {n}" for n in range(11, 1, -1)]
    seen, delivered, archived = ways[0], ways[1], ways[2]
    assert (seen.delivered, seen.read, seen.place) == ("yes", EMPTY, EMPTY)
    assert seen.seen != EMPTY
    assert (delivered.delivered, delivered.seen) == ("yes", EMPTY)
    assert archived.place == "archived"
    notify.send(to=ada, title="Too new")
    assert receipts.newest(Inbox.objects.get(pk=ada.pk))[0].delivered == "no"


def test_a_user_without_an_inbox_has_none():
    assert receipts.newest(None) == []

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from notify.inbox import control
from notify.models import Message, Notice, Preference
from notify.outbox import claiming, last_look
from notify.outbox.claiming import claim
from notify.sql import database
from tests.unit.inbox.helpers import mark
from tests.unit.outbox.out import due, messages, states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced", "declared")]


@pytest.fixture
def claimed(ada):
    due(ada, "first")
    due(ada, "second")
    return claim(str(ada.pk), "kept")


def look(claimed, told=None):
    return last_look.look(claimed.message.pk, claimed.told if told is None else told)


def test_what_is_still_unread_is_sending(claimed):
    assert look(claimed) is claimed.told
    message = Message.objects.get()
    assert message.state == "sending"
    assert abs(message.sending - database.now()) < timedelta(seconds=5)
    assert message.ended is None
    assert message.lease > claimed.message.lease  # it has its time from now on


def test_what_was_read_meanwhile_is_dropped_and_the_rest_is_looked_at_again(ada, claimed):
    newer, older = claimed.told
    mark(ada, "read", newer.item.notice)
    left = look(claimed)
    assert left == [older]
    assert states(newer.item.notice) == [("skipped", "read")]
    assert Message.objects.get().state == "claimed"
    assert look(claimed, left) is left
    assert Message.objects.get().state == "sending"


def test_what_was_deleted_meanwhile_is_not_told(claimed):
    newer, older = claimed.told
    newer.item.delete()  # as retention does, with its notice
    left = look(claimed)
    assert left == [older]
    assert look(claimed, left) is left
    older.item.delete()
    Message.objects.update(state="claimed")
    assert look(claimed, left) is None


@pytest.mark.parametrize("how", ["read", "archived", "recalled", "expired", "unsubscribed"])
def test_nothing_left_is_nothing_sent(ada, claimed, how):
    notices = [one.item.notice for one in claimed.told]
    match how:
        case "read" | "archived":
            mark(ada, how, *notices)
        case "recalled":
            for notice in notices:
                control.start_recall(notice.pk)
        case "expired":
            Notice.objects.update(expires=database.now() - timedelta(seconds=1))
        case _:
            Preference.objects.create(user=ada, scope="category:news", channel="kept", value=False)
            how = "unwanted"
    assert look(claimed) is None
    assert messages() == ["dropped"]
    assert [states(notice) for notice in notices] == [[("skipped", how)]] * 2
    assert look(claimed) is None


def test_a_lease_that_has_ended_sends_nothing(claimed):
    Message.objects.update(lease=F("lease") - claiming.LEASE - timedelta(seconds=1))
    assert look(claimed) is None
    assert Message.objects.get().state == "claimed"


@pytest.mark.parametrize("state", ["sending", "unknown", "dropped"])
def test_a_message_that_is_not_claimed_sends_nothing(claimed, state):
    Message.objects.update(state=state)
    assert look(claimed) is None
    Message.objects.all().delete()
    assert look(claimed) is None

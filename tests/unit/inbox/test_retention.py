from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from notify import sending
from notify.changes import Change
from notify.inbox import marking, retention, upkeep
from notify.inbox.retention import Pruned
from notify.models import (
    Batch,
    EndedSession,
    Message,
    Notice,
    Notification,
    OutboxItem,
    SpentTicket,
)
from tests.unit.inbox.helpers import (
    changes_since,
    committed,
    counts,
    cursor_of,
    deliver,
    deliver_many,
    inbox_of,
    key,
    people,
    recounted,
)

pytestmark = pytest.mark.django_db

MONTH = timedelta(days=30)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(retention, "PAUSE_S", 0)


def age(*notices, days=31):
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(
        created=F("created") - timedelta(days=days)
    )


def prune(state="all", announce=lambda change: None):
    return retention.prune(MONTH, state, announce=announce, pause_s=0)


def test_older_notices_are_deleted_and_others_stay(ada, bob):
    old, young = deliver_many([ada, bob], 2)
    age(old)

    assert prune() == Pruned(notifications=2, notices=1)

    assert list(Notice.objects.all()) == [young]
    assert counts(ada) == counts(bob) == (1, 1) == recounted(ada)


def test_a_deletion_raises_the_floor_to_the_new_version_and_is_announced(ada, bob, announced):
    old, _young = deliver_many(ada, 2)
    deliver(bob)
    age(old)
    before = cursor_of(ada)
    announced.changes.clear()

    prune(announce=announced.take)

    assert (inbox_of(ada).version, inbox_of(ada).floor) == (3, 3)
    assert (inbox_of(bob).version, inbox_of(bob).floor) == (1, 0)
    [change] = announced.changes
    assert [(step.user, step.start, step.to) for step in change.steps] == [(key(ada), 2, 3)]
    assert changes_since(ada, before).reset
    assert not changes_since(ada, cursor_of(ada)).reset


def test_many_rows_are_deleted_in_chunks_each_its_own_change(ada, monkeypatch):
    monkeypatch.setattr(retention, "ROWS_PER_CHUNK", 2)
    age(*deliver_many(ada, 5))
    changes: list[Change] = []

    assert prune(announce=changes.append) == Pruned(notifications=5, notices=5)

    assert len(changes) == 3
    assert inbox_of(ada).floor == 8
    assert counts(ada) == (0, 0)


@pytest.mark.parametrize("state", ["read", "archived", "recalled"])
def test_only_notifications_in_a_state_are_deleted(ada, state):
    notices = deliver_many(ada, 4)
    age(*notices)
    marking.mark_ids(key(ada), "read", [notices[0].pk])
    marking.mark_ids(key(ada), "archived", [notices[1].pk])
    with committed():
        sending.recall(notices[2])

    pruned = prune(state)

    kept = set(Notice.objects.values_list("title", flat=True))
    gone = {"read": {0, 1}, "archived": {1}, "recalled": {2}}[state]
    assert pruned.notifications == len(gone)
    assert kept == {f"Notice {n}" for n in range(4) if n not in gone}
    assert counts(ada) == recounted(ada)


def test_a_notice_is_deleted_when_nobody_has_it_any_more(ada, bob):
    notice = deliver([ada, bob])
    age(notice)
    marking.mark_ids(key(ada), "read", [notice.pk])

    assert prune("read") == Pruned(notifications=1, notices=0)
    assert prune() == Pruned(notifications=1, notices=1)
    assert Batch.objects.count() == 0


def test_a_notice_that_still_waits_to_be_sent_stays(ada):
    notice = deliver(ada, send_at=timezone.now() + timedelta(hours=1))
    age(notice, days=90)
    assert prune() == Pruned()
    assert Notice.objects.get() == notice


def test_a_notice_whose_recall_is_under_way_stays(ada):
    notice = deliver(ada)
    age(notice)
    sending.recall(notice)
    upkeep.delete_rows(key(ada), [notice.pk])

    assert prune().notices == 0

    sending.carry_out(Batch.objects.get(state="recalling").pk)
    assert prune().notices == 1


def test_notices_of_deleted_users_are_deleted(ada):
    notice = deliver(ada)
    age(notice)
    ada.delete()
    assert prune() == Pruned(notices=1)


def test_spent_tickets_and_ended_sessions_are_deleted():
    now = timezone.now()
    SpentTicket.objects.create(nonce="old", spent=now - timedelta(hours=2))
    SpentTicket.objects.create(nonce="young", spent=now - timedelta(minutes=2))
    EndedSession.objects.create(key_hash="old", ended=now - timedelta(days=61))
    EndedSession.objects.create(key_hash="young", ended=now - timedelta(days=20))

    assert prune().others == 2

    assert SpentTicket.objects.get().nonce == "young"
    assert EndedSession.objects.get().key_hash == "young"


@pytest.mark.parametrize(
    ("cookie_age", "days"), [(14, 60), (59, 60), (60, 61), (365, 366)], ids=lambda days: f"{days} d"
)
def test_an_ended_session_is_kept_for_longer_than_its_cookie_is_good(settings, cookie_age, days):
    settings.SESSION_COOKIE_AGE = cookie_age * 86400
    now = timezone.now()
    EndedSession.objects.create(key_hash="old", ended=now - timedelta(days=days, hours=1))
    EndedSession.objects.create(key_hash="young", ended=now - timedelta(days=days, hours=-1))

    assert retention.prune_ended(pause_s=0) == 1

    assert EndedSession.objects.get().key_hash == "young"


def test_spent_tickets_are_deleted_in_chunks_and_two_queries_suffice_without_any(
    monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(retention, "ROWS_PER_CHUNK", 2)
    old = timezone.now() - timedelta(hours=2)
    SpentTicket.objects.bulk_create(SpentTicket(nonce=f"{n}", spent=old) for n in range(5))
    pauses: list[float] = []

    assert retention.prune_ended(sleep=pauses.append) == 5
    assert len(pauses) == 3
    with django_assert_num_queries(2):
        assert retention.prune_ended(sleep=pauses.append) == 0
    assert len(pauses) == 3


def test_an_old_message_is_deleted_with_the_last_notice_that_it_is_about(ada):
    old, young = deliver_many(ada, 2)
    month = timezone.now() - timedelta(days=31)
    message, of_young = (
        Message.objects.create(
            user=ada, channel="email", state="handed", created=month, lease=month, ended=month
        )
        for _ in range(2)
    )
    for notice, its in ((old, message), (young, of_young)):
        OutboxItem.objects.create(
            user=ada, channel="email", notice=notice, ripe=month, made=month, message=its
        )
    Message.objects.create(user=ada, channel="email", created=month, lease=month)  # under way
    age(old)
    assert prune() == Pruned(notifications=1, notices=1, messages=1)
    assert not Message.objects.filter(pk=message.pk).exists()
    assert OutboxItem.objects.get().message == of_young


def test_nothing_to_do_writes_nothing(ada, django_assert_num_queries):
    deliver(people(3))
    with django_assert_num_queries(5):
        assert prune() == Pruned()
    assert Notification.objects.count() == 3

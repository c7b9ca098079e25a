from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import transaction
from django.utils.functional import SimpleLazyObject

import notify
from notify import protocol, sending, signals
from notify.exceptions import EmptyAudience, EpochChanged, InvalidNotice, NotifyError
from notify.inbox import marking
from notify.models import Notice, Notification
from tests.unit.inbox.helpers import (
    committed,
    copy_of,
    counts,
    cursor_of,
    deliver,
    deliver_many,
    ids,
    key,
    people,
)

pytestmark = pytest.mark.django_db


# The facade


def test_the_facade_has_all_of_its_names():
    for name in notify.__all__:
        assert getattr(notify, name) is not None
    assert notify.send is sending.send
    with pytest.raises(AttributeError, match="no attribute 'sent'"):
        notify.sent  # noqa: B018


def test_all_arguments_but_a_kind_are_keyword_only(ada):
    with pytest.raises(TypeError, match="positional"):
        notify.send(None, ada, "Hello")  # type: ignore[call-overload]


# Whom it is for


def test_the_actor_is_left_out(ada, bob):
    deliver([ada, bob], actor=ada)
    assert [row.user for row in Notification.objects.all()] == [bob]


def test_the_actor_is_included_on_request(ada, bob):
    deliver([ada, bob], actor=ada, include_actor=True)
    assert Notification.objects.count() == 2


def test_an_audience_of_the_actor_alone_is_empty(ada):
    with pytest.raises(EmptyAudience):
        notify.send(to=ada, actor=ada, title="Hello")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"first_name": "Ada", "last_name": "Lovelace"}, "Ada Lovelace"),
        ({}, "actor-0"),
    ],
)
def test_the_actor_has_a_name(ada, fields, name):
    [actor] = people(1, "actor")
    User.objects.filter(pk=actor.pk).update(**fields)
    notice = deliver(ada, actor=SimpleLazyObject(lambda: User.objects.get(pk=actor.pk)))
    assert (notice.actor_id, notice.actor_name) == (actor.pk, name)


def test_an_anonymous_actor_is_none(ada):
    notice = deliver(ada, actor=AnonymousUser())
    assert (notice.actor_id, notice.actor_name) == (None, "")


def test_everyone_and_groups(ada, bob):
    group = Group.objects.create(name="crew")
    group.user_set.add(bob)
    deliver(notify.everyone(), "for all")
    deliver(group, "for the crew")
    assert (counts(ada), counts(bob)) == ((1, 1), (2, 2))


def test_a_user_who_becomes_active_later_does_not_receive_it(ada, bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    deliver(notify.everyone())
    User.objects.update(is_active=True)
    assert not bob.notify_notifications.exists()


# What is refused


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "a" * 201}, "title"),
        ({"level": "loud"}, "level"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"to": "ada"}, "to"),
        ({"to": []}, "to"),
        ({"to": [10**9]}, "to"),
        ({"key": ""}, "key"),
    ],
)
def test_a_refusal_names_the_field_and_sends_nothing(ada, fields, field):
    with pytest.raises(InvalidNotice) as caught:
        notify.send(**({"to": ada, "title": "Hello"} | fields))
    assert caught.value.field == field
    assert isinstance(caught.value, NotifyError)
    assert not Notice.objects.exists()


def test_an_unknown_argument_is_refused(ada):
    with pytest.raises(TypeError):
        notify.send(to=ada, title="Hello", urgency=3)  # type: ignore[call-overload]


# Recalls


def test_recall_takes_a_notice_or_its_id(ada, announced):
    first, second = deliver_many(ada, 2)
    with committed():
        assert notify.recall(first) == 1
        assert notify.recall(second.pk) == 1
    assert counts(ada) == (0, 0)
    assert len(announced.changes) == 4


def test_a_recall_of_an_unknown_notice_returns_0():
    with committed():
        assert notify.recall(10**15) == 0


def test_the_signal_of_a_recall_is_sent_once(ada):
    received = []

    def note(sender, notice_id, **kwargs):
        received.append(notice_id)

    signals.notice_recalled.connect(note)
    notice = deliver(ada)
    try:
        with committed():
            notify.recall(notice)
        with committed():
            notify.recall(notice)
            notify.recall(10**15)
    finally:
        signals.notice_recalled.disconnect(note)
    assert received == [notice.pk]


# Marks


def test_a_mark_is_announced_on_commit(ada, announced):
    notices = deliver_many(ada, 3)
    announced.changes.clear()
    with committed(), transaction.atomic():
        assert sending.mark(key(ada), "read", ids=ids(notices)) == 4
        assert announced.changes == []
    [change] = announced.changes
    assert [(step.start, step.to, step.unread) for step in change.steps] == [(3, 4, 0)]
    assert [row["id"] for row in change.rows] == ids(notices)


def test_a_mark_that_changes_nothing_is_not_announced(ada, announced):
    notice = deliver(ada)
    announced.changes.clear()
    with committed():
        assert sending.mark(key(ada), "unread", ids=[notice.pk]) == 1
    assert announced.changes == []


def test_a_mark_through_announces_each_of_its_changes(ada, announced, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    deliver_many(ada, 3)
    announced.changes.clear()
    epoch = cursor_of(ada).epoch
    with committed():
        assert sending.mark_through(key(ada), "read", epoch=epoch, through=3) == 5
    assert [change.steps[0].to for change in announced.changes] == [4, 5]


def test_the_bell_is_announced_where_its_number_changes(ada, announced):
    deliver_many(ada, 2)
    announced.changes.clear()
    cursor = cursor_of(ada)
    with committed():
        for _ in range(2):
            assert sending.open_bell(key(ada), epoch=cursor.epoch, through=cursor.since) == 3
    [change] = announced.changes
    assert [(step.start, step.to, step.unseen, step.badge) for step in change.steps] == [
        (2, 3, 2, 0)
    ]


def test_a_mark_through_of_another_epoch_is_refused(ada):
    deliver(ada)
    with pytest.raises(EpochChanged):
        sending.mark_through(key(ada), "read", epoch="other", through=1)


def test_an_undo_announces_each_of_its_changes(ada, announced, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    deliver_many(ada, 3)
    epoch = cursor_of(ada).epoch
    with committed():
        sending.mark_through(key(ada), "read", epoch=epoch, through=3, ref="m")
    announced.changes.clear()
    with committed():
        assert sending.undo(key(ada), ref="m", epoch=epoch, since=3) == 7
    assert [(one.steps[0].to, one.steps[0].unread) for one in announced.changes] == [(6, 2), (7, 3)]


def test_how_many_a_frame_has_changed_is_told_after_each_commit(ada, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    deliver_many(ada, 3)
    epoch = cursor_of(ada).epoch
    told: list[int] = []
    sending.carry_out_command(key(ada), protocol.MarkThrough("m", "read", epoch, 3), told.append)
    sending.carry_out_command(key(ada), protocol.Undo("u", "m", epoch, 3), told.append)
    assert told == [2, 1, 2, 1]


def test_a_frame_may_archive_only_what_is_read(ada):
    unread, read = deliver_many(ada, 2)
    epoch = cursor_of(ada).epoch
    frame = protocol.MarkThrough("m1", "archived", epoch, 2, only_read=True)
    with committed():
        sending.mark(key(ada), "read", ids=[read.pk])
        assert sending.carry_out_command(key(ada), frame) == 4
        assert (copy_of(ada, unread).archived, counts(ada)) == (None, (1, 1))
        assert copy_of(ada, read).archived is not None
        assert sending.carry_out_command(key(ada), protocol.Undo("m2", "m1", epoch, 3)) == 5
    assert copy_of(ada, read).archived is None


@pytest.mark.parametrize("by", ["ids", "through"])
def test_a_mark_frame_is_undone_by_its_ref(ada, by):
    notice = deliver(ada)
    epoch = cursor_of(ada).epoch
    frame = (
        protocol.MarkIds("m1", "archived", [notice.pk])
        if by == "ids"
        else protocol.MarkThrough("m1", "archived", epoch, 1)
    )
    with committed():
        assert sending.carry_out_command(key(ada), frame) == 2
        assert sending.carry_out_command(key(ada), protocol.Undo("m2", "m1", epoch, 1)) == 3
    assert counts(ada) == (1, 1)

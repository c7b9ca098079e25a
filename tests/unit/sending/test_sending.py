from __future__ import annotations

import inspect
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import transaction
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

import notify
from notify import sending, signals
from notify.bus.publisher import publisher
from notify.exceptions import (
    EmptyAudience,
    EpochChanged,
    InvalidNotice,
    KeyConflict,
    NotifyError,
    UnknownUsers,
)
from notify.inbox import appending, claiming, marking, work
from notify.models import Batch, Notice, Notification
from tests.unit.inbox.helpers import (
    Announced,
    batch_of,
    committed,
    counts,
    cursor_of,
    deliver,
    deliver_many,
    ids,
    inbox_of,
    key,
    people,
    something_is_due,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def announced(monkeypatch):
    announced = Announced()
    monkeypatch.setattr(publisher, "publish", announced.take)
    monkeypatch.setattr(publisher, "publish_work", announced.take_work)
    return announced


@pytest.fixture
def ada(db):
    return people(1, "ada")[0]


@pytest.fixture
def bob(db):
    return people(1, "bob")[0]


# The facade


def test_the_facade_is_what_it_says():
    for name in notify.__all__:
        assert getattr(notify, name) is not None
    assert notify.send is sending.send
    with pytest.raises(AttributeError, match="no attribute 'sent'"):
        notify.sent  # noqa: B018


def test_everything_is_said_by_name():
    parameters = inspect.signature(notify.send).parameters.values()
    assert {one.kind for one in parameters} == {inspect.Parameter.KEYWORD_ONLY}


# In the caller's transaction, and on commit


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


def test_what_one_transaction_sends_to_the_same_people_arrives_as_one_change(ada, bob, announced):
    deliver(ada)
    announced.changes.clear()
    with committed(), transaction.atomic():
        notices = [notify.send(to=[ada, bob], title=f"Notice {n}") for n in range(3)]

    [change] = announced.changes
    assert {
        (step.user, step.start, step.to, step.unseen, step.unread) for step in change.steps
    } == {
        (key(ada), 1, 4, 4, 4),
        (key(bob), 0, 3, 3, 3),
    }
    assert [row["id"] for row in change.arrivals] == ids(notices)
    rows = Notification.objects.filter(user=ada, notice__in=notices).order_by("arrived")
    assert [(row.notice_id, row.arrived, row.version) for row in rows] == [
        (notice.pk, n, n) for n, notice in enumerate(notices, 2)
    ]
    for notice in notices:
        batch = batch_of(notice)
        assert (batch.state, batch.appended, batch.skipped) == ("done", 2, 0)
        assert batch.finished is not None


def test_what_it_sends_to_others_arrives_in_its_order(ada, bob, announced):
    with committed(), transaction.atomic():
        notices = [notify.send(to=to, title="Hello") for to in (ada, ada, bob, [ada, bob], ada)]

    told = [[row["id"] for row in change.arrivals] for change in announced.changes]
    first, second, *others = ids(notices)
    assert told == [[first, second], *([one] for one in others)]
    assert counts(ada) == (4, 4)
    assert counts(bob) == (2, 2)


@pytest.mark.parametrize(
    ("verb", "state"),
    [(sending.recall, "closed"), (sending.pause, "paused"), (sending.cancel, "cancelled")],
)
def test_one_of_them_that_is_held_back_does_not_arrive(ada, announced, verb, state):
    with committed(), transaction.atomic():
        before, held, after = (notify.send(to=ada, title="Hello") for _ in range(3))
        verb(held)

    assert [row.notice for row in Notification.objects.order_by("arrived")] == [before, after]
    assert (batch_of(held).state, batch_of(held).appended) == (state, 0)
    assert counts(ada) == (2, 2)
    assert [len(change.arrivals) for change in announced.changes] == [2]


def test_one_that_somebody_pauses_at_the_last_moment_does_not_arrive(ada, monkeypatch):
    alike = claiming.grouped

    def pause_first(batch_ids):
        runs = alike(batch_ids)
        sending.pause(held)
        return runs

    monkeypatch.setattr(claiming, "grouped", pause_first)
    with committed(), transaction.atomic():
        held, *others = (notify.send(to=ada, title="Hello") for _ in range(3))

    assert [row.notice for row in Notification.objects.order_by("arrived")] == others
    assert (batch_of(held).state, batch_of(held).appended) == ("paused", 0)


def test_a_scheduled_one_with_the_id_of_one_that_was_rolled_back_waits(ada):
    batches = sending._sent.batches
    scheduled = deliver(ada, "Tomorrow", send_at=timezone.now() + timedelta(days=1))
    with committed(), transaction.atomic():
        sending._sent.batches = [*batches, batch_of(scheduled).pk]  # SQLite gives it out again
        now = notify.send(to=ada, title="Now")

    assert Notification.objects.get().notice == now
    assert batch_of(scheduled).state == "pending"


def test_what_was_rolled_back_is_forgotten_by_what_is_sent_next(ada, announced):
    with committed(), transaction.atomic():
        notify.send(to=ada, title="Never")
        transaction.set_rollback(True)
    deliver(ada, "Then")

    assert Notification.objects.get().notice.title == "Then"
    assert len(announced.changes) == 1


def test_where_they_fail_together_each_is_tried_by_itself(ada, monkeypatch, caplog):
    def fail(batch_ids):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(work, "carry_out_together", fail)
    with committed(), transaction.atomic():
        notices = [notify.send(to=ada, title="Hello") for _ in range(3)]

    assert [row.notice for row in Notification.objects.order_by("arrived")] == notices
    assert "Not together, so one by one: RuntimeError('broken on purpose')" in caplog.text


def test_not_too_much_is_one_change(ada, bob, announced, monkeypatch):
    monkeypatch.setattr(claiming, "MAX_NOTICES_TOGETHER", 3)
    monkeypatch.setattr(claiming, "MAX_ROWS_TOGETHER", 4)
    with committed(), transaction.atomic():
        for to in ([ada], [ada, bob]):
            for _ in range(4):
                notify.send(to=to, title="Hello")

    assert [len(change.arrivals) for change in announced.changes] == [3, 1, 2, 2]


def test_several_batches_are_for_the_workers(ada, bob, announced, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = deliver([ada, bob])
    assert announced.work == 1
    assert announced.changes == []
    assert notice.status == "pending"
    assert sending.carry_out_next()
    assert sending.carry_out_next()
    assert not sending.carry_out_next()
    assert len(announced.changes) == 2


def test_an_audience_of_exactly_one_batch_is_carried_out_here(announced, settings):
    settings.NOTIFY_BATCH_SIZE = 2
    assert deliver(people(2)).status == "sent"
    assert announced.work == 0


def test_what_fails_after_the_commit_is_left_to_a_worker(ada, monkeypatch, caplog):
    def fail(batch):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(appending, "append_batches", fail)

    notice = deliver(ada)

    assert notice.status == "pending"
    assert f"Notice {notice.pk} is stored; a worker will carry it out." in caplog.text
    assert batch_of(notice).state == "pending"


def test_a_failing_announcement_does_not_reach_the_caller(ada, monkeypatch, caplog):
    def fail(change):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(publisher, "publish", fail)
    assert deliver(ada).status == "sent"
    assert "broken on purpose" in caplog.text


def test_the_project_is_told_after_the_commit_and_cannot_break_it(ada):
    told = []

    def note(sender, notice, **kwargs):
        told.append(notice)
        raise RuntimeError("a receiver of the project")

    signals.notice_sent.connect(note)
    try:
        with committed():
            notice = notify.send(to=ada, title="Hello")
            assert told == []
        with committed():
            notify.send(to=ada, title="With a key", key="k")
            notify.send(to=ada, title="With a key", key="k")
    finally:
        signals.notice_sent.disconnect(note)
    assert told[0] == notice
    assert len(told) == 2
    assert counts(ada) == (2, 2)


# Whom it is for


def test_the_actor_is_left_out(ada, bob):
    deliver([ada, bob], actor=ada)
    assert [row.user for row in Notification.objects.all()] == [bob]


def test_the_actor_is_told_where_asked_for(ada, bob):
    deliver([ada, bob], actor=ada, include_actor=True)
    assert Notification.objects.count() == 2


def test_the_actor_alone_is_nobody(ada):
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


def test_a_user_who_becomes_active_later_has_not_got_it(ada, bob):
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


def test_what_it_does_not_know_is_refused(ada):
    with pytest.raises(TypeError):
        notify.send(to=ada, title="Hello", urgency=3)  # type: ignore[call-arg]


# Keys


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


def test_the_order_of_recipients_and_of_data_is_no_other_content(ada, bob):
    first = deliver([ada, bob], key="k", data={"a": 1, "b": 2})
    assert deliver([bob.pk, str(ada.pk)], key="k", data={"b": 2, "a": 1}) == first


def test_who_joined_a_group_since_is_no_other_content(ada, bob):
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


# Recalls


def test_recall_takes_a_notice_or_its_id(ada, announced):
    first, second = deliver_many(ada, 2)
    with committed():
        assert notify.recall(first) == 1
        assert notify.recall(second.pk) == 1
    assert counts(ada) == (0, 0)
    assert len(announced.changes) == 4


def test_a_recall_of_what_does_not_exist_is_0():
    with committed():
        assert notify.recall(10**15) == 0


def test_the_project_is_told_of_a_recall_once(ada):
    told = []

    def note(sender, notice_id, **kwargs):
        told.append(notice_id)

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
    assert told == [notice.pk]


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


def test_a_mark_through_of_another_epoch_is_refused(ada):
    deliver(ada)
    with pytest.raises(EpochChanged):
        sending.mark_through(key(ada), "read", epoch="other", through=1)


# Work


def test_carrying_out_says_whether_there_was_anything_to_do(ada):
    notify.send(to=ada, title="Hello")
    batch = Batch.objects.get()
    assert sending.carry_out(batch.pk) is True
    assert sending.carry_out(batch.pk) is False
    assert inbox_of(ada).version == 1
    assert not something_is_due()

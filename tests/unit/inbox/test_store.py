from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from notify import protocol, sending
from notify.changes import Cursor
from notify.exceptions import Busy, EpochChanged
from notify.inbox import reading, store
from notify.models import Inbox, Notification
from tests.unit.inbox.helpers import (
    batch_of,
    changes_since,
    copy_of,
    counts,
    cursor_of,
    deliver,
    deliver_many,
    ids,
    inbox_of,
    key,
    people,
    recounted,
)

pytestmark = pytest.mark.django_db


def mark(user, as_, *notices):
    with transaction.atomic():
        return store.mark_ids(key(user), as_, ids(notices))


# Arriving


def test_an_arrival_adds_one_to_version_and_counts_and_stamps_the_row(ada):
    first, second = deliver_many(ada, 2)

    inbox = inbox_of(ada)
    assert (inbox.version, inbox.unseen, inbox.unread) == (2, 2, 2)
    assert (copy_of(ada, first).arrived, copy_of(ada, first).version) == (1, 1)
    assert (copy_of(ada, second).arrived, copy_of(ada, second).version) == (2, 2)


def test_one_arrival_is_told_with_one_step_per_recipient_and_the_notice_once(announced):
    users = people(3)

    notice = deliver(users, "For all")

    [change] = announced.changes
    assert [step.user for step in change.steps] == [key(user) for user in users]
    assert {(step.start, step.to, step.unseen, step.unread) for step in change.steps} == {
        (0, 1, 1, 1)
    }
    assert {step.epoch for step in change.steps} == {cursor_of(user).epoch for user in users}
    assert [row["id"] for row in change.arrivals] == [notice.pk]
    assert change.rows is None


def test_what_is_announced_is_what_is_read_later(ada, announced):
    actor = people(1, "actor")[0]
    User.objects.filter(pk=actor.pk).update(first_name="Grace", last_name="Hopper")
    actor.refresh_from_db()
    notice = deliver(
        ada,
        "Order “7” 🐝",
        body="Zwei\nZeilen",
        level="error",
        category="orders",
        kind="order.late",
        url="/orders/7/",
        actor=actor,
        actions=[{"label": "Öffnen", "url": "https://example.org/7?a=b#c"}],
        data={"total": 1.5, "lines": [1, {"deep": None}], "ok": True},
        expires=timezone.now() + timedelta(days=400, microseconds=1234),
    )

    [arrival] = announced.last.arrivals
    announced_row = arrival | {"arrived": 1, "version": 1}
    [row] = reading.page(key(ada)).rows
    assert row == announced_row
    assert row["actor"] == {"id": key(actor), "name": "Grace Hopper"}
    assert row["id"] == notice.pk


def test_missing_inboxes_are_made(announced):
    users = people(3)
    deliver(users[1])

    deliver(users)

    assert [inbox_of(user).version for user in users] == [1, 2, 1]
    epochs = set(Inbox.objects.values_list("epoch", flat=True))
    assert len(epochs) == 3
    assert {len(epoch) for epoch in epochs} == {16}


def test_users_who_are_gone_are_skipped_and_counted(django_capture_on_commit_callbacks):
    users = people(4)
    with django_capture_on_commit_callbacks() as waiting:
        notice = sending.send(to=users, title="Hello")
    users[0].delete()
    users[2].delete()

    for callback in waiting:
        callback()

    batch = batch_of(notice)
    assert (batch.size, batch.appended, batch.skipped) == (4, 2, 2)
    assert batch.state == "done"
    assert Notification.objects.count() == 2


def test_a_batch_that_is_appended_again_changes_nobody(ada, announced):
    notice = deliver(ada)
    batch = batch_of(notice)

    with transaction.atomic():
        change = store.append(batch)

    assert change.steps == []
    assert inbox_of(ada).version == 1


def test_the_counts_cannot_fall_below_0(ada):
    deliver(ada)
    for field in ("unseen", "unread"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Inbox.objects.filter(pk=ada.pk).update(**{field: F(field) - 2})


def test_a_notice_that_somebody_has_cannot_be_deleted(ada):
    notice = deliver(ada)
    with pytest.raises(IntegrityError):
        notice.delete()


# Marks by ids


def test_seen_moves_unseen_only(ada, announced):
    notice, _other = deliver_many(ada, 2)

    version, change = mark(ada, "seen", notice)

    assert version == 3
    assert counts(ada) == (1, 2) == recounted(ada)
    row = copy_of(ada, notice)
    assert row.seen is not None
    assert row.read is None
    assert (row.arrived, row.version) == (1, 3)
    [told] = change.rows
    assert (told["id"], told["version"]) == (notice.pk, 3)
    assert told["seen"] is not None


def test_read_implies_seen(ada):
    notice = deliver(ada)

    mark(ada, "read", notice)

    row = copy_of(ada, notice)
    assert row.read == row.seen is not None
    assert counts(ada) == (0, 0) == recounted(ada)


def test_read_leaves_the_time_of_seeing(ada):
    notice = deliver(ada)
    mark(ada, "seen", notice)
    seen = copy_of(ada, notice).seen
    Notification.objects.update(seen=seen - timedelta(hours=1))

    mark(ada, "read", notice)

    assert copy_of(ada, notice).seen == seen - timedelta(hours=1)


def test_archived_implies_read(ada):
    notice = deliver(ada)

    mark(ada, "archived", notice)

    row = copy_of(ada, notice)
    assert row.archived == row.read == row.seen is not None
    assert counts(ada) == (0, 0) == recounted(ada)


def test_unread_keeps_it_seen(ada):
    notice = deliver(ada)
    mark(ada, "read", notice)

    mark(ada, "unread", notice)

    row = copy_of(ada, notice)
    assert row.read is None
    assert row.seen is not None
    assert counts(ada) == (0, 1) == recounted(ada)


def test_unread_on_an_archived_or_recalled_one_does_nothing(ada):
    archived, recalled = deliver_many(ada, 2)
    mark(ada, "read", recalled)
    mark(ada, "archived", archived)
    sending.recall(recalled)
    sending.carry_out(batch_of(recalled).pk)
    version = inbox_of(ada).version

    assert mark(ada, "unread", archived, recalled) == (version, None)
    assert counts(ada) == (0, 0) == recounted(ada)


def test_unarchived_comes_back_as_read(ada):
    notice = deliver(ada)
    mark(ada, "archived", notice)

    mark(ada, "unarchived", notice)

    row = copy_of(ada, notice)
    assert row.archived is None
    assert row.read is not None
    assert counts(ada) == (0, 0) == recounted(ada)


@pytest.mark.parametrize("as_", protocol.MARKS)
def test_marks_of_a_recalled_one_leave_the_counts(ada, as_):
    notice, _other = deliver_many(ada, 2)
    sending.recall(notice)
    sending.carry_out(batch_of(notice).pk)

    mark(ada, as_, notice)

    assert counts(ada) == (1, 1) == recounted(ada)


@pytest.mark.parametrize("as_", ["seen", "read", "archived"])
def test_a_mark_that_changes_nothing_leaves_version_and_times_alone(ada, as_):
    notice = deliver(ada)
    version, _ = mark(ada, as_, notice)
    before = copy_of(ada, notice)

    assert mark(ada, as_, notice) == (version, None)

    after = copy_of(ada, notice)
    assert (after.version, after.seen, after.read, after.archived) == (
        before.version,
        before.seen,
        before.read,
        before.archived,
    )


def test_an_id_that_is_named_twice_counts_once(ada):
    notice, _other = deliver_many(ada, 2)

    version, change = mark(ada, "read", notice, notice)

    assert version == 3
    assert len(change.rows) == 1
    assert counts(ada) == (1, 1) == recounted(ada)


def test_ids_that_are_not_in_the_inbox_are_ignored(ada, bob):
    of_bob = deliver(bob)
    deliver(ada)

    assert store.mark_ids(key(ada), "read", [of_bob.pk, 10**15]) == (1, None)
    assert copy_of(bob, of_bob).read is None
    assert counts(bob) == (1, 1)


def test_a_mark_of_nothing_does_nothing(ada):
    deliver(ada)
    assert store.mark_ids(key(ada), "read", []) == (1, None)


def test_many_rows_are_one_version_which_does_not_carry_them(ada, monkeypatch):
    monkeypatch.setattr(store, "ROWS_IN_A_CHANGE", 2)
    notices = deliver_many(ada, 3)
    before = cursor_of(ada)

    version, change = mark(ada, "read", *notices)

    assert version == 4
    assert change.rows is None
    assert [row["version"] for row in changes_since(ada, before).rows] == [4, 4, 4]


def test_a_first_mark_makes_the_inbox(ada):
    assert store.mark_ids(key(ada), "read", [1]) == (0, None)
    assert counts(ada) == (0, 0)


# Marks of all that arrived at or before a version


def through(user, as_, epoch, version):
    return list(store.mark_through(key(user), as_, epoch, version))


@pytest.mark.parametrize("as_", protocol.MARKS_THROUGH)
def test_through_marks_what_arrived_at_or_before_it(ada, as_):
    notices = deliver_many(ada, 3)
    epoch = cursor_of(ada).epoch

    through(ada, as_, epoch, 2)

    assert [getattr(copy_of(ada, notice), as_) is not None for notice in notices] == [
        True,
        True,
        False,
    ]
    assert counts(ada) == recounted(ada)


def test_through_goes_by_arrival_and_not_by_the_last_change(ada):
    first, second = deliver_many(ada, 2)
    mark(ada, "seen", first)  # its version is 3 now, and still it arrived as 1

    through(ada, "read", cursor_of(ada).epoch, 1)

    assert copy_of(ada, first).read is not None
    assert copy_of(ada, second).read is None


def test_through_works_in_batches_each_its_own_change(ada, monkeypatch):
    monkeypatch.setattr(store, "ROWS_A_CHANGE", 2)
    deliver_many(ada, 5)

    changes = through(ada, "read", cursor_of(ada).epoch, 5)

    assert [(version, len(change.rows)) for version, change in changes] == [(6, 2), (7, 2), (8, 1)]
    assert [change.steps[0].unread for _, change in changes] == [3, 1, 0]
    assert counts(ada) == (0, 0) == recounted(ada)
    assert inbox_of(ada).marking is None


def test_through_ends_where_the_last_batch_was_full(ada, monkeypatch):
    monkeypatch.setattr(store, "ROWS_A_CHANGE", 2)
    deliver_many(ada, 4)

    changes = through(ada, "read", cursor_of(ada).epoch, 4)

    assert [version for version, _ in changes] == [5, 6, 6]
    assert changes[-1][1] is None
    assert inbox_of(ada).marking is None


def test_one_mark_through_at_a_time_per_user(ada, bob, monkeypatch):
    monkeypatch.setattr(store, "ROWS_A_CHANGE", 2)
    deliver_many(ada, 5)
    deliver(bob)
    epoch = cursor_of(ada).epoch
    under_way = store.mark_through(key(ada), "seen", epoch, 5)
    next(under_way)

    with pytest.raises(Busy):
        through(ada, "read", epoch, 5)
    through(bob, "read", cursor_of(bob).epoch, 1)

    assert len(list(under_way)) == 2
    through(ada, "read", epoch, 5)
    assert counts(ada) == (0, 0) == recounted(ada)


def test_what_happens_between_its_batches_does_not_let_a_second_one_in(ada, monkeypatch):
    monkeypatch.setattr(store, "ROWS_A_CHANGE", 2)
    notices = deliver_many(ada, 5)
    epoch = cursor_of(ada).epoch
    under_way = store.mark_through(key(ada), "seen", epoch, 5)
    next(under_way)

    mark(ada, "read", notices[0])
    store.delete_rows(key(ada), [copy_of(ada, notices[1]).pk])
    deliver(ada)
    Inbox.objects.filter(pk=ada.pk).update(unread=F("unread") + 1)
    store.recount(key(ada))

    with pytest.raises(Busy):
        through(ada, "read", epoch, 5)
    list(under_way)
    assert counts(ada) == (1, 4) == recounted(ada)


def test_a_mark_through_that_died_is_not_waited_for_for_ever(ada, monkeypatch):
    monkeypatch.setattr(store, "ROWS_A_CHANGE", 2)
    deliver_many(ada, 5)
    epoch = cursor_of(ada).epoch
    next(store.mark_through(key(ada), "read", epoch, 5))
    long_ago = timezone.now() - timedelta(seconds=store.MARK_STALLED_S + 1)
    Inbox.objects.filter(pk=ada.pk).update(marking=long_ago)

    through(ada, "read", epoch, 5)

    assert counts(ada) == (0, 0)


def test_arrivals_during_a_mark_through_are_left_alone(ada, monkeypatch):
    monkeypatch.setattr(store, "ROWS_A_CHANGE", 2)
    deliver_many(ada, 3)
    under_way = store.mark_through(key(ada), "read", cursor_of(ada).epoch, 3)
    next(under_way)

    late = deliver(ada, "late")
    list(under_way)

    assert copy_of(ada, late).read is None
    assert counts(ada) == (1, 1) == recounted(ada)


def test_through_with_another_epoch_marks_nothing(ada):
    deliver(ada)
    with pytest.raises(EpochChanged):
        through(ada, "read", "0123456789abcdef", 1)
    assert counts(ada) == (1, 1)


# Recalls


def test_a_recall_takes_the_notice_out_of_every_inbox_and_count(announced):
    users = people(3)
    gone, stays = deliver_many(users, 2)
    mark(users[1], "seen", gone)
    mark(users[2], "archived", gone)

    sending.recall(gone)
    sending.carry_out(batch_of(gone).pk)

    assert [counts(user) for user in users] == [(1, 1)] * 3
    assert [recounted(user) for user in users] == [(1, 1)] * 3
    for user in users:
        row = copy_of(user, gone)
        assert row.recalled is not None
        assert row.version == inbox_of(user).version
        assert copy_of(user, stays).recalled is None
    assert len(announced.last.steps) == 3
    assert batch_of(gone).state == "closed"


def test_a_recalled_one_is_told_without_its_words(ada):
    notice = deliver(
        ada,
        "Secret",
        body="words",
        url="/secret/",
        actor=people(1, "actor")[0],
        data={"secret": 1},
        actions=[{"label": "Secret", "url": "/"}],
        category="orders",
    )
    before = cursor_of(ada)

    sending.recall(notice)
    sending.carry_out(batch_of(notice).pk)

    [row] = changes_since(ada, before).rows
    assert row["recalled"] is not None
    assert (row["title"], row["body"], row["url"], row["actor"]) == ("", "", None, None)
    assert (row["data"], row["actions"]) == ({}, [])
    assert (row["id"], row["arrived"], row["category"]) == (notice.pk, 1, "orders")
    assert reading.page(key(ada)).rows == []


# Deleting rows, recounting


def test_a_deletion_is_a_change_whose_version_is_the_floor(ada):
    keep, drop = deliver_many(ada, 2)
    old = cursor_of(ada)

    change = store.delete_rows(key(ada), [copy_of(ada, drop).pk])

    inbox = inbox_of(ada)
    assert (inbox.version, inbox.floor) == (3, 3)
    assert counts(ada) == (1, 1) == recounted(ada)
    assert change.rows is None
    told = changes_since(ada, old)
    assert told.reset
    assert [row["id"] for row in told.rows] == [keep.pk]


def test_a_cursor_at_the_floor_is_good(ada):
    drop, _ = deliver_many(ada, 2)
    store.delete_rows(key(ada), [copy_of(ada, drop).pk])
    at_the_floor = cursor_of(ada)

    late = deliver(ada)

    told = changes_since(ada, at_the_floor)
    assert not told.reset
    assert [row["id"] for row in told.rows] == [late.pk]


def test_deleting_nothing_changes_nothing(ada, bob):
    of_bob = deliver(bob)
    deliver(ada)
    assert store.delete_rows(key(ada), [copy_of(bob, of_bob).pk]) is None
    assert (inbox_of(ada).version, inbox_of(ada).floor) == (1, 0)


@pytest.mark.parametrize("one_statement", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda user, notices: store.mark_ids(user, "read", ids(notices[:2])),
        lambda user, notices: store.mark_ids(user, "archived", ids(notices)),
        lambda user, notices: [*store.mark_through(user, "read", epoch_of(user), 4)],
        lambda user, notices: store.delete_rows(user, copies_of(user)[:2]),
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
        store.mark_ids(key(user), "read", ids(notices))
    # What others do to the rows, the inbox knows nothing of.
    Notification.objects.filter(user=ada, notice__in=notices[:3]).update(read=None, seen=None)

    change(key(ada), notices)

    assert inbox_of(ada).version == 6
    assert counts(ada) == recounted(ada)
    assert counts(bob) == recounted(bob) == (0, 0)


def epoch_of(user):
    return reading.heads([user])[user].epoch


def copies_of(user):
    return list(Notification.objects.filter(user=user).values_list("pk", flat=True))


def test_a_recount_sets_the_counts_to_what_the_rows_say(ada):
    notices = deliver_many(ada, 4)
    mark(ada, "seen", notices[0])
    mark(ada, "archived", notices[1])
    Inbox.objects.filter(pk=ada.pk).update(unseen=9, unread=0)

    change = store.recount(key(ada))

    assert counts(ada) == (2, 3) == recounted(ada)
    [step] = change.steps
    assert (step.to - step.start, step.unseen, step.unread) == (1, 2, 3)
    assert store.recount(key(ada)) is None


# Acknowledgements and epochs


def test_an_acknowledgement_only_rises_and_never_past_the_version(ada, bob):
    deliver_many([ada, bob], 3)

    assert store.acknowledge({key(ada): 2, key(bob): 9}) == {key(ada), key(bob)}
    assert store.acknowledge({key(ada): 1}) == {key(ada)}

    assert inbox_of(ada).acknowledged == 2
    assert inbox_of(bob).acknowledged == 0


def test_an_acknowledgement_of_somebody_without_an_inbox_is_forgotten(ada):
    assert store.acknowledge({key(ada): 2}) == set()


def test_an_inbox_whose_version_went_back_gets_another_epoch(ada, bob):
    deliver_many([ada, bob], 2)
    before = {user: cursor_of(user) for user in (ada, bob)}

    assert store.renew_epochs({key(ada): 3, key(bob): 2}) == 1

    assert cursor_of(bob) == before[bob]
    assert cursor_of(ada).epoch != before[ada].epoch
    assert changes_since(ada, before[ada]).reset


def test_all_epochs_are_renewed_after_a_restore(ada, bob):
    deliver([ada, bob])
    before = {cursor_of(ada).epoch, cursor_of(bob).epoch}

    assert store.renew_all_epochs() == 2

    after = {cursor_of(ada).epoch, cursor_of(bob).epoch}
    assert len(before | after) == 4


def test_a_new_epoch_voids_every_cursor(ada):
    deliver(ada)
    old = cursor_of(ada)
    store.renew_all_epochs()

    told = changes_since(ada, old)

    assert told.reset
    assert not changes_since(ada, Cursor(told.epoch, told.version)).reset


def test_no_python_object_per_recipient_no_query_per_recipient(django_assert_max_num_queries):
    users = people(300)
    queries = 30 if connection.vendor == "postgresql" else 25
    with django_assert_max_num_queries(queries):
        deliver(users)
    assert Notification.objects.count() == 300

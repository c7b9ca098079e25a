from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from notify import protocol, sending
from notify.exceptions import Busy, EpochChanged
from notify.inbox import marking, upkeep
from notify.models import Inbox, Notification, Place
from notify.sql import database
from tests.unit.inbox.helpers import (
    batch_of,
    copy_of,
    counts,
    cursor_of,
    deliver,
    deliver_many,
    ids,
    inbox_of,
    key,
    mark,
    recounted,
)

pytestmark = pytest.mark.django_db


def test_seen_moves_unseen_only(ada, announced):
    notice, _other = deliver_many(ada, 2)

    version, change = mark(ada, "seen", notice)

    assert version == 3
    assert counts(ada) == (1, 2) == recounted(ada)
    row = copy_of(ada, notice)
    assert row.seen is not None
    assert row.read is None
    assert (row.arrived, row.version) == (1, 3)
    [row] = change.rows
    assert (row["id"], row["version"]) == (notice.pk, 3)
    assert row["seen"] is not None


def test_read_implies_seen(ada):
    notice = deliver(ada)

    mark(ada, "read", notice)

    row = copy_of(ada, notice)
    assert row.read == row.seen is not None
    assert counts(ada) == (0, 0) == recounted(ada)


def test_read_keeps_the_time_of_seen(ada):
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


def test_unread_does_nothing_to_an_archived_or_recalled_copy(ada):
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
def test_marks_of_a_recalled_copy_leave_the_counts(ada, as_):
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

    assert marking.mark_ids(key(ada), "read", [of_bob.pk, 10**15]) == (1, None)
    assert copy_of(bob, of_bob).read is None
    assert counts(bob) == (1, 1)


def test_a_mark_of_nothing_does_nothing(ada):
    deliver(ada)
    assert marking.mark_ids(key(ada), "read", []) == (1, None)


def through(user, as_, epoch, version, **only):
    return list(marking.mark_through(key(user), as_, epoch, version, **only))


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


def test_only_what_is_read_is_archived_and_only_what_had_arrived(ada):
    _unread, seen, read, filed, late = notices = deliver_many(ada, 5)
    mark(ada, "seen", seen)
    mark(ada, "read", read, late)
    Notification.objects.filter(notice=filed).update(place=Place.FILED, read=Now(), placed=Now())
    upkeep.recount(key(ada))
    before = state_of(ada)

    [(version, change)] = through(ada, "archived", cursor_of(ada).epoch, 4, only_read=True)

    assert state_of(ada) == before | {read.pk: (True, True, Place.ARCHIVED)}
    assert [row["id"] for row in change.rows] == [read.pk]
    assert copy_of(ada, read).version == version
    assert counts(ada) == (1, 2) == recounted(ada)
    assert {copy.notice_id for copy in Notification.objects.all()} == set(ids(notices))


def test_only_what_is_read_is_archived_in_batches_that_pass_over_the_unread(ada, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    notices = deliver_many(ada, 8)
    mark(ada, "read", *notices[1::2], notices[0])  # 1, 2, 4, 6, 8
    cursor = cursor_of(ada)

    changes = through(ada, "archived", cursor.epoch, cursor.since, ref="m", only_read=True)

    assert [len(change.rows) for _, change in changes] == [2, 2, 1]
    left = Notification.objects.filter(place=Place.INBOX).order_by("arrived")
    assert [(copy.notice_id, copy.read) for copy in left] == [
        (notice.pk, None) for notice in notices[2::2]
    ]
    assert counts(ada) == (3, 3) == recounted(ada)
    assert inbox_of(ada).marking is None
    undo(ada, cursor.since)
    assert not Notification.objects.exclude(place=Place.INBOX).exists()
    assert Notification.objects.filter(read=None).count() == 3
    assert counts(ada) == (3, 3) == recounted(ada)


def test_what_becomes_read_or_unread_meanwhile_is_judged_when_its_turn_comes(ada, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    notices = deliver_many(ada, 4)
    mark(ada, "read", *notices)
    cursor = cursor_of(ada)
    under_way = marking.mark_through(
        key(ada), "archived", cursor.epoch, cursor.since, only_read=True
    )
    next(under_way)

    mark(ada, "unread", notices[2])
    late = deliver(ada, "late")
    mark(ada, "read", late)
    list(under_way)

    left = Notification.objects.filter(place=Place.INBOX).values_list("notice", flat=True)
    assert set(left) == {notices[2].pk, late.pk}
    assert counts(ada) == (0, 1) == recounted(ada)


def test_archiving_what_is_read_where_nothing_is_leaves_the_version_alone(ada):
    deliver(ada)
    assert through(ada, "archived", cursor_of(ada).epoch, 1, only_read=True) == [(1, None)]


def test_through_compares_the_arrival_and_not_the_last_change(ada):
    first, second = deliver_many(ada, 2)
    mark(ada, "seen", first)  # its version is now 3, but it arrived as 1

    through(ada, "read", cursor_of(ada).epoch, 1)

    assert copy_of(ada, first).read is not None
    assert copy_of(ada, second).read is None


def test_through_works_in_batches_each_its_own_change(ada, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    deliver_many(ada, 5)

    changes = through(ada, "read", cursor_of(ada).epoch, 5)

    assert [(version, len(change.rows)) for version, change in changes] == [(6, 2), (7, 2), (8, 1)]
    assert [change.steps[0].unread for _, change in changes] == [3, 1, 0]
    assert counts(ada) == (0, 0) == recounted(ada)
    assert inbox_of(ada).marking is None


def test_through_ends_where_the_last_batch_was_full(ada, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    deliver_many(ada, 4)

    changes = through(ada, "read", cursor_of(ada).epoch, 4)

    assert [version for version, _ in changes] == [5, 6, 6]
    assert changes[-1][1] is None
    assert inbox_of(ada).marking is None


def test_one_mark_through_at_a_time_per_user(ada, bob, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    deliver_many(ada, 5)
    deliver(bob)
    epoch = cursor_of(ada).epoch
    under_way = marking.mark_through(key(ada), "seen", epoch, 5)
    next(under_way)

    with pytest.raises(Busy):
        through(ada, "read", epoch, 5)
    through(bob, "read", cursor_of(bob).epoch, 1)

    assert len(list(under_way)) == 2
    through(ada, "read", epoch, 5)
    assert counts(ada) == (0, 0) == recounted(ada)


def test_changes_between_its_transactions_do_not_admit_a_second_mark_through(ada, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    notices = deliver_many(ada, 5)
    epoch = cursor_of(ada).epoch
    under_way = marking.mark_through(key(ada), "seen", epoch, 5)
    next(under_way)

    mark(ada, "read", notices[0])
    upkeep.delete_rows(key(ada), [copy_of(ada, notices[1]).pk])
    deliver(ada)
    Inbox.objects.filter(pk=ada.pk).update(unread=F("unread") + 1)
    upkeep.recount(key(ada))

    with pytest.raises(Busy):
        through(ada, "read", epoch, 5)
    list(under_way)
    assert counts(ada) == (1, 4) == recounted(ada)


def test_a_mark_through_that_died_is_not_waited_for_for_ever(ada, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    deliver_many(ada, 5)
    epoch = cursor_of(ada).epoch
    next(marking.mark_through(key(ada), "read", epoch, 5))
    long_ago = timezone.now() - timedelta(seconds=marking.STALLED_S + 1)
    Inbox.objects.filter(pk=ada.pk).update(marking=long_ago)

    through(ada, "read", epoch, 5)

    assert counts(ada) == (0, 0)


def fail_after(user, steps):
    """Marks everything as read, as "m", and has that fail after so many steps."""
    cursor = cursor_of(user)
    under_way = marking.mark_through(key(user), "read", cursor.epoch, cursor.since, "m")
    changed = [next(under_way)[1].changed for _ in range(steps)]
    inbox = Inbox.objects.filter(pk=user.pk)
    own = inbox.get().epoch
    inbox.update(epoch="0" * 16)
    with pytest.raises(EpochChanged):
        next(under_way)
    inbox.update(epoch=own)
    return changed


@pytest.fixture
def half_read(ada, monkeypatch):
    """Her cursor and her five notices, before a mark of all that has failed after four."""
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    monkeypatch.setattr(marking, "_given_up", {})
    notices, cursor = deliver_many(ada, 5), cursor_of(ada)
    assert fail_after(ada, 2) == [2, 2]
    assert counts(ada) == (1, 1) == recounted(ada)
    return cursor, notices


def test_a_mark_through_that_failed_half_way_is_undone_at_once_and_exactly(ada, half_read):
    cursor, notices = half_read
    mark(ada, "archived", notices[0])

    list(marking.undo(key(ada), "m", cursor.epoch, cursor.since))

    assert counts(ada) == (4, 4) == recounted(ada)
    assert copy_of(ada, notices[0]).archived is not None
    assert inbox_of(ada).marking is None


def test_only_the_process_in_which_a_mark_through_failed_knows_that_it_is_over(ada, half_read):
    cursor, _notices = half_read
    given_up = dict(marking._given_up)
    marking._given_up.clear()  # as in any other
    with pytest.raises(Busy):
        through(ada, "read", cursor.epoch, 5)
    marking._given_up.update(given_up)
    assert [change.changed for _, change in through(ada, "read", cursor.epoch, 5)] == [1]


def test_of_failed_marks_not_too_many_are_remembered(ada, bob, half_read, monkeypatch):
    monkeypatch.setattr(marking, "MAX_GIVEN_UP", 1)
    assert list(marking._given_up) == [key(ada)]
    deliver_many(bob, 3)
    fail_after(bob, 1)
    assert list(marking._given_up) == [key(bob)]


def test_arrivals_during_a_mark_through_are_left_alone(ada, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    deliver_many(ada, 3)
    under_way = marking.mark_through(key(ada), "read", cursor_of(ada).epoch, 3)
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


# Undo


def marked(user, as_, *notices, ref="m"):
    """Marks some by id; the version before."""
    since = inbox_of(user).version
    with transaction.atomic():
        marking.mark_ids(key(user), as_, ids(notices), ref)
    return since


def marked_through(user, as_, ref="m"):
    """Marks all that has arrived; the version before."""
    cursor = cursor_of(user)
    list(marking.mark_through(key(user), as_, cursor.epoch, cursor.since, ref))
    return cursor.since


def undo(user, since, ref="m"):
    return list(marking.undo(key(user), ref, cursor_of(user).epoch, since))


def state_of(user):
    """What the undo of a mark leaves as it was before the mark, by notice."""
    return {
        copy.notice_id: (copy.seen is not None, copy.read is not None, copy.place)
        for copy in Notification.objects.filter(user=user)
    }


def notices_in_every_state(user):
    _new, seen, read, archived, filed, recalled = notices = deliver_many(user, 6)
    mark(user, "seen", seen)
    mark(user, "read", read)
    mark(user, "archived", archived)
    Notification.objects.filter(notice=filed).update(place=Place.FILED, placed=Now())
    upkeep.recount(key(user))
    sending.recall(recalled)
    sending.carry_out(batch_of(recalled).pk)
    return notices


@pytest.mark.parametrize("as_", protocol.MARKS)
def test_an_undo_brings_back_every_state_and_the_counts(ada, as_):
    notices = notices_in_every_state(ada)
    before, counted = state_of(ada), counts(ada)
    since = marked(ada, as_, *notices)
    assert state_of(ada) != before

    [(version, change)] = undo(ada, since)

    assert state_of(ada) == before
    assert counts(ada) == counted == recounted(ada)
    assert (version, change.steps[0].to) == (since + 2, since + 2)


@pytest.mark.parametrize("as_", protocol.MARKS_THROUGH)
def test_a_mark_of_everything_is_undone_in_batches(ada, monkeypatch, as_):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    deliver_many(ada, 5)
    before = state_of(ada)
    since = marked_through(ada, as_)

    changes = undo(ada, since)

    assert [len(change.rows) for _, change in changes] == [2, 2, 1]
    assert state_of(ada) == before
    assert counts(ada) == (5, 5) == recounted(ada)
    assert inbox_of(ada).marking is None


def test_an_undo_leaves_what_was_changed_since(ada):
    untouched, archived, unread_again, recalled = deliver_many(ada, 4)
    since = marked_through(ada, "read")
    mark(ada, "archived", archived)
    mark(ada, "unread", unread_again)
    mark(ada, "read", unread_again)
    sending.recall(recalled)
    sending.carry_out(batch_of(recalled).pk)
    before = state_of(ada)

    undo(ada, since)

    assert state_of(ada) == before | {untouched.pk: (False, False, Place.INBOX)}
    assert counts(ada) == (1, 1) == recounted(ada)


def test_an_undo_leaves_what_code_that_knows_of_none_has_changed(ada):
    """A process of an earlier release, or a query of the project's own, leaves the key behind."""
    notice = deliver(ada)
    since = marked(ada, "read", notice)
    Notification.objects.update(version=since + 2)
    Inbox.objects.update(version=since + 2)

    assert undo(ada, since) == [(since + 2, None)]
    assert counts(ada) == (0, 0)


def test_an_undo_takes_back_what_its_mark_has_changed_and_no_other(ada):
    first, second = deliver_many(ada, 2)
    since = marked(ada, "read", first, ref="one")
    marked(ada, "read", second, ref="two")

    undo(ada, since, ref="two")

    assert copy_of(ada, first).read is not None
    assert copy_of(ada, second).read is None
    assert copy_of(ada, second).seen is None
    assert counts(ada) == (1, 1) == recounted(ada)


def test_seen_goes_back_only_where_the_mark_had_set_it(ada):
    new, seen = deliver_many(ada, 2)
    mark(ada, "seen", seen)
    when = copy_of(ada, seen).seen
    since = marked(ada, "archived", new, seen)

    undo(ada, since)

    assert copy_of(ada, new).seen is None
    assert copy_of(ada, seen).seen == when
    assert counts(ada) == (1, 2) == recounted(ada)


def test_seen_and_read_in_the_same_moment_are_told_apart(ada, monkeypatch):
    notice = deliver(ada)
    now = database.now()
    monkeypatch.setattr(database, "now", lambda: now)
    mark(ada, "seen", notice)
    since = marked(ada, "read", notice)

    undo(ada, since)

    assert (copy_of(ada, notice).seen, copy_of(ada, notice).read) == (now, None)


def test_an_undo_that_is_repeated_changes_nothing(ada):
    notice = deliver(ada)
    since = marked(ada, "read", notice)
    undo(ada, since)
    before = inbox_of(ada).version

    assert undo(ada, since) == [(before, None)]
    assert counts(ada) == (1, 1)


def test_a_mark_that_is_repeated_can_still_be_undone(ada):
    notice = deliver(ada)
    since = marked(ada, "archived", notice)
    marked(ada, "archived", notice)

    undo(ada, since)

    assert copy_of(ada, notice).archived is None
    assert counts(ada) == (1, 1) == recounted(ada)


def test_a_mark_without_a_ref_cannot_be_undone(ada):
    notice = deliver(ada)
    since = marked(ada, "read", notice, ref="")
    assert undo(ada, since, ref="") == [(since + 1, None)]
    assert counts(ada) == (0, 0)


def test_an_undo_of_another_epoch_changes_nothing(ada):
    notice = deliver(ada)
    since = marked(ada, "read", notice)
    with pytest.raises(EpochChanged):
        list(marking.undo(key(ada), "m", "0123456789abcdef", since))
    assert counts(ada) == (0, 0)


def test_an_undo_waits_for_a_mark_of_everything_that_is_running(ada, monkeypatch):
    monkeypatch.setattr(marking, "MAX_ROWS_PER_CHANGE", 2)
    deliver_many(ada, 3)
    cursor = cursor_of(ada)
    under_way = marking.mark_through(key(ada), "read", cursor.epoch, 3, "m")
    next(under_way)

    with pytest.raises(Busy):
        undo(ada, cursor.since)
    list(under_way)
    undo(ada, cursor.since)

    assert counts(ada) == (3, 3) == recounted(ada)


def test_an_undo_changes_only_the_users_own_inbox(ada, bob):
    notice = deliver([ada, bob])
    since = marked(ada, "read", notice)
    marked(bob, "read", notice)

    undo(ada, since)

    assert copy_of(bob, notice).read is not None


# The language in which it was seen


@pytest.mark.parametrize("as_", ["seen", "read", "archived"])
def test_the_language_of_the_page_is_kept_with_the_first_mark_that_makes_it_seen(ada, as_):
    first, second, third = deliver_many(ada, 3)
    sending.mark(key(ada), as_, ids=[first.pk], language="de", ref="m")
    sending.mark(key(ada), "read", ids=[first.pk, second.pk], language="en")
    cursor = cursor_of(ada)
    list(marking.mark_through(key(ada), as_, cursor.epoch, cursor.since, language="pt-br"))
    assert [copy_of(ada, one).seen_in for one in (first, second, third)] == ["de", "en", "pt-br"]


def test_an_undo_forgets_the_language_with_the_time(ada):
    seen, unseen = deliver_many(ada, 2)
    sending.mark(key(ada), "seen", ids=[seen.pk], language="de")
    since = cursor_of(ada).since
    sending.mark(key(ada), "read", ids=[seen.pk, unseen.pk], language="en", ref="m")
    undo(ada, since)
    assert [copy_of(ada, one).seen_in for one in (seen, unseen)] == ["de", None]


def test_who_does_not_say_a_language_is_not_given_one(ada):
    notice = deliver(ada)
    sending.mark(key(ada), "seen", ids=[notice.pk])
    sending.mark(key(ada), "read", ids=[notice.pk], language="de")  # it was seen before
    assert copy_of(ada, notice).seen_in is None

from __future__ import annotations

import pytest

from notify.changes import Cursor
from notify.inbox import upkeep
from notify.models import Inbox
from tests.unit.inbox.helpers import (
    changes_since,
    copy_of,
    counts,
    cursor_of,
    deliver,
    deliver_many,
    inbox_of,
    key,
    mark,
    recounted,
)

pytestmark = pytest.mark.django_db


def test_a_deletion_is_a_change_whose_version_is_the_floor(ada):
    keep, drop = deliver_many(ada, 2)
    old = cursor_of(ada)

    change = upkeep.delete_rows(key(ada), [copy_of(ada, drop).pk])

    inbox = inbox_of(ada)
    assert (inbox.version, inbox.floor) == (3, 3)
    assert counts(ada) == (1, 1) == recounted(ada)
    assert change.rows is None
    found = changes_since(ada, old)
    assert found.reset
    assert [row["id"] for row in found.rows] == [keep.pk]


def test_a_cursor_at_the_floor_is_good(ada):
    drop, _ = deliver_many(ada, 2)
    upkeep.delete_rows(key(ada), [copy_of(ada, drop).pk])
    at_the_floor = cursor_of(ada)

    late = deliver(ada)

    found = changes_since(ada, at_the_floor)
    assert not found.reset
    assert [row["id"] for row in found.rows] == [late.pk]


def test_deleting_nothing_changes_nothing(ada, bob):
    of_bob = deliver(bob)
    deliver(ada)
    assert upkeep.delete_rows(key(ada), [copy_of(bob, of_bob).pk]) is None
    assert (inbox_of(ada).version, inbox_of(ada).floor) == (1, 0)


def test_a_recount_sets_the_counts_to_what_the_rows_say(ada):
    notices = deliver_many(ada, 4)
    mark(ada, "seen", notices[0])
    mark(ada, "archived", notices[1])
    Inbox.objects.filter(pk=ada.pk).update(unseen=9, unread=0)

    change = upkeep.recount(key(ada))

    assert counts(ada) == (2, 3) == recounted(ada)
    [step] = change.steps
    assert (step.to - step.start, step.unseen, step.unread) == (1, 2, 3)
    assert upkeep.recount(key(ada)) is None


def test_an_acknowledgement_only_rises_and_never_past_the_version(ada, bob):
    deliver_many([ada, bob], 3)

    assert upkeep.acknowledge({key(ada): 2, key(bob): 9}) == {key(ada), key(bob)}
    assert upkeep.acknowledge({key(ada): 1}) == {key(ada)}

    assert inbox_of(ada).acknowledged == 2
    assert inbox_of(bob).acknowledged == 0


def test_an_acknowledgement_without_an_inbox_is_ignored(ada):
    assert upkeep.acknowledge({key(ada): 2}) == set()


def test_an_inbox_whose_version_went_back_gets_a_new_epoch(ada, bob):
    deliver_many([ada, bob], 2)
    before = {user: cursor_of(user) for user in (ada, bob)}

    assert upkeep.renew_epochs({key(ada): 3, key(bob): 2}) == 1

    assert cursor_of(bob) == before[bob]
    assert cursor_of(ada).epoch != before[ada].epoch
    assert changes_since(ada, before[ada]).reset


def test_all_epochs_are_renewed_after_a_restore(ada, bob):
    deliver(ada)
    deliver(bob)
    before = {cursor_of(ada).epoch, cursor_of(bob).epoch}

    assert upkeep.renew_all_epochs() == 2

    after = {cursor_of(ada).epoch, cursor_of(bob).epoch}
    assert len(before | after) == 4


def test_a_new_epoch_voids_every_cursor(ada):
    deliver(ada)
    old = cursor_of(ada)
    upkeep.renew_all_epochs()

    found = changes_since(ada, old)

    assert found.reset
    assert not changes_since(ada, Cursor(found.epoch, found.version)).reset

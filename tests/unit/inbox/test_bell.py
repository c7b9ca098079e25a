"""The bell's number: what has arrived unseen since it was opened, whatever else happens."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from notify import sending, sql
from notify.exceptions import EpochChanged
from notify.inbox import bell, epoch, marking, places, upkeep
from notify.inbox.marks import MARKS, Mark
from notify.models import Inbox, Notice, Notification, Place
from notify.sql import database
from notify.sql.keys import database_key
from tests.unit.inbox.helpers import (
    changes_since,
    copy_of,
    counts,
    cursor_of,
    deliver,
    deliver_many,
    ids,
    inbox_of,
    key,
    recounted,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[True, False], ids=["one statement", "several"], autouse=True)
def one_statement_or_not(request, settings, announced):
    settings.NOTIFY_ONE_STATEMENT = request.param


def open_bell(user: User, through: int | None = None):
    cursor = cursor_of(user)
    return bell.open_bell(key(user), cursor.epoch, cursor.since if through is None else through)


def mark(user: User, as_: str, *notices: Notice):
    return marking.mark_ids(key(user), as_, ids(notices))


def badge(user: User) -> int:
    """As the inbox says, after a comparison with the rows."""
    inbox = inbox_of(user)
    live = Notification.objects.filter(user=user, place=Place.INBOX, seen=None)
    assert inbox.unseen - inbox.overlooked == live.filter(arrived__gt=inbox.opened).count()
    assert counts(user) == recounted(user)
    return inbox.badge


def test_opening_clears_the_number_and_makes_nothing_seen(ada):
    deliver_many(ada, 3)
    before = cursor_of(ada)
    assert badge(ada) == 3

    version, change = open_bell(ada)

    assert badge(ada) == 0
    assert counts(ada) == (3, 3)
    [step] = change.steps
    assert (step.start, step.to, step.unseen, step.badge) == (3, 4, 3, 0)
    assert (version, change.rows) == (4, [])
    found = changes_since(ada, before)
    assert (found.reset, found.rows, found.badge) == (False, [], 0)


def test_the_next_one_rings_alone(ada):
    deliver_many(ada, 3)
    open_bell(ada)
    deliver(ada)
    assert badge(ada) == 1
    assert counts(ada) == (4, 4)


def test_what_the_client_did_not_hold_rings_on(ada):
    deliver_many(ada, 3)
    open_bell(ada, through=2)
    assert badge(ada) == 1


def test_it_never_goes_back_and_never_ahead(ada):
    deliver_many(ada, 3)
    assert open_bell(ada, through=2)[1] is not None
    for again in (2, 1, 0):
        assert open_bell(ada, through=again) == (4, None)
    assert inbox_of(ada).opened == 2
    open_bell(ada, through=2**53 - 1)
    assert inbox_of(ada).opened == 4
    deliver(ada)
    assert badge(ada) == 1


def test_without_a_number_the_version_stays_but_later_it_is_known(ada):
    notice = deliver(ada)
    mark(ada, "seen", notice)
    assert open_bell(ada) == (2, None)
    assert inbox_of(ada).opened == 2


def test_an_inbox_that_nobody_has_opened_before(ada):
    Inbox.objects.create(pk=ada.pk, epoch="e")
    assert bell.open_bell(key(ada), epoch.full("e"), 0) == (0, None)


def test_another_life_of_the_inbox_is_refused(ada):
    deliver(ada)
    with pytest.raises(EpochChanged):
        bell.open_bell(key(ada), "another", 1)
    assert badge(ada) == 1


def test_who_opens_it_has_received_what_it_holds(ada):
    deliver_many(ada, 3)
    open_bell(ada, through=2)
    inbox = inbox_of(ada)
    assert inbox.acknowledged == 2
    assert inbox.acknowledged_at is not None
    upkeep.acknowledge({key(ada): 4})
    open_bell(ada, through=3)
    assert inbox_of(ada).acknowledged == 4


@pytest.mark.parametrize("as_", ["seen", "read", "archived"])
def test_a_mark_takes_off_what_arrived_since(ada, as_):
    old, other_old = deliver_many(ada, 2)
    open_bell(ada)
    new, _other_new = deliver_many(ada, 2)

    mark(ada, as_, old)
    assert badge(ada) == 2
    _, change = mark(ada, as_, new, other_old)
    assert badge(ada) == change.steps[0].badge == 1
    assert inbox_of(ada).unseen == 1


@pytest.mark.parametrize("as_", ["seen", "read", "archived"])
def test_so_does_a_mark_of_all(ada, as_):
    deliver_many(ada, 2)
    open_bell(ada)
    deliver_many(ada, 3)
    sending.mark_through(key(ada), as_, epoch=cursor_of(ada).epoch, through=5)
    assert badge(ada) == 1
    assert inbox_of(ada).unseen == 1


def test_unread_and_unarchived_do_not_ring(ada):
    notice = deliver(ada)
    mark(ada, "archived", notice)
    mark(ada, "unarchived", notice)
    mark(ada, "unread", notice)
    assert badge(ada) == 0
    assert counts(ada) == (0, 1)


def test_what_is_made_unseen_again_rings_only_if_it_arrived_since(ada, monkeypatch):
    counted = f"CASE WHEN {places.COUNTED} THEN 1 ELSE 0 END"
    unseen = Mark("copy.seen IS NOT NULL", "seen = NULL", unseen=counted)
    monkeypatch.setitem(MARKS, "unseen", unseen)
    old = deliver(ada)
    open_bell(ada)
    new = deliver(ada)
    mark(ada, "seen", old, new)
    assert badge(ada) == 0
    _, change = mark(ada, "unseen", old, new)
    assert badge(ada) == change.steps[0].badge == 1
    assert inbox_of(ada).unseen == 2


def test_to_unarchive_what_was_filed_is_to_have_seen_it(ada):
    notice = deliver(ada)
    Notification.objects.update(place=Place.FILED)
    upkeep.recount(key(ada))
    mark(ada, "unarchived", notice)
    assert copy_of(ada, notice).seen is not None
    assert badge(ada) == 0


def test_a_recall_takes_off_what_arrived_since(ada, bob):
    old = deliver([ada, bob])
    open_bell(ada)
    new = deliver([ada, bob])

    sending.recall(old)
    finish()
    assert (badge(ada), badge(bob)) == (1, 1)
    sending.recall(new)
    finish()
    assert (badge(ada), badge(bob)) == (0, 0)


def finish() -> None:
    while sending.carry_out_next():
        pass


def test_a_recall_counts_the_rows_where_the_count_was_wrong(ada):
    old, *_others = deliver_many(ada, 3)
    open_bell(ada)
    Inbox.objects.update(overlooked=0)
    sending.recall(old)
    finish()
    assert badge(ada) == 0
    assert inbox_of(ada).overlooked == 2


def test_a_deletion_takes_off_what_arrived_since(ada):
    old, other_old = deliver_many(ada, 2)
    open_bell(ada)
    new = deliver(ada)
    upkeep.delete_rows(key(ada), [old.pk])
    assert badge(ada) == 1
    upkeep.delete_rows(key(ada), ids([new, other_old]))
    assert badge(ada) == 0


@pytest.mark.parametrize("wrong", [0, 9])
def test_a_recount_corrects_it(ada, wrong):
    deliver_many(ada, 2)
    open_bell(ada)
    deliver(ada)
    Inbox.objects.update(overlooked=wrong)
    change = upkeep.recount(key(ada))
    assert badge(ada) == change.steps[0].badge == 1


def test_a_mark_recounts_where_it_would_fall_below_zero(ada):
    old, _ = deliver_many(ada, 2)
    open_bell(ada)
    Inbox.objects.update(overlooked=0)
    mark(ada, "seen", old)
    assert badge(ada) == 0


def test_what_arrives_rings_even_where_older_code_has_left_the_count_too_high(ada):
    """A process of before this column marks rows as seen, and does not count it down."""
    notices = deliver_many(ada, 4)
    open_bell(ada)
    Notification.objects.filter(notice__in=notices[:3]).update(seen=database.now())
    Inbox.objects.update(unseen=1)
    assert inbox_of(ada).badge == 0
    deliver(ada)
    assert inbox_of(ada).badge == 1
    deliver(ada)
    assert badge(ada) == 2


def test_older_code_writes_inboxes_that_ring(ada):
    sql.execute(
        """INSERT INTO notify_inbox (user_id, epoch, version, floor, acknowledged, unseen, unread)
        VALUES (%s, 'e', 1, 0, 0, 1, 1)""",
        [database_key(ada.pk)],
    )
    inbox = inbox_of(ada)
    assert (inbox.opened, inbox.overlooked, inbox.badge) == (0, 0, 1)

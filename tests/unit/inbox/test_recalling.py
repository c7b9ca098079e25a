from __future__ import annotations

import pytest
from django.utils import timezone

from notify.inbox import control, recalling, work
from notify.models import Batch, Inbox, Notice, Notification, Place
from tests.unit.inbox.helpers import age_batches, counts, deliver, inbox_of, mark, people, recounted

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_at_a_time(monkeypatch):
    monkeypatch.setattr(recalling, "MAX_COPIES", 2)


def start(notice):
    """Starts its recall; returns the id of the batch that is owed."""
    recall = control.start_recall(notice.pk)
    assert recall is not None
    assert recall.batch_id is not None
    return recall.batch_id


def recalled_users(notice):
    copies = Notification.objects.filter(notice=notice, place=Place.RECALLED)
    return list(copies.order_by("user").values_list("user", flat=True))


def test_it_walks_the_copies_by_key_and_keeps_where_it_has_come_to(two_at_a_time):
    users = people(5)
    notice = deliver(users)
    owed = start(notice)
    keys = [user.pk for user in users]

    for reached in (2, 4):
        assert len(work.carry_out(owed).change.steps) == 2
        batch = Batch.objects.get(pk=owed)
        assert (batch.state, batch.reached) == ("recalling", keys[reached - 1])
        assert recalled_users(notice) == keys[:reached]
    assert len(work.carry_out(owed).change.steps) == 1
    assert Batch.objects.get(pk=owed).state == "closed"
    assert work.carry_out(owed) is None
    assert all(counts(user) == recounted(user) == (0, 0) for user in users)


def test_a_last_chunk_that_is_full_is_followed_by_an_empty_one(two_at_a_time):
    notice = deliver(people(2))
    owed = start(notice)
    assert work.carry_out(owed).change is not None
    assert work.carry_out(owed).change is None
    assert Batch.objects.get(pk=owed).state == "closed"


def test_workers_take_the_chunks_in_turn(two_at_a_time):
    notice = deliver(people(5))
    control.start_recall(notice.pk)
    age_batches(31, notice=notice)
    done = [work.carry_out_next() for _ in range(4)]
    assert [one is not None for one in done] == [True, True, True, False]
    assert len(recalled_users(notice)) == 5


def test_copies_are_found_without_batches():
    [ada] = people(1)
    notice = Notice.objects.create(title="no batch", recalled=timezone.now())
    deliver(ada)
    Notification.objects.create(notice=notice, user=ada, arrived=2, version=2)
    found = recalling.recall_copies(notice, None)
    assert [record[0] for record in found.records] == [ada.pk]
    assert found.reached is None
    assert Notification.objects.get(notice=notice).recalled == notice.recalled


def test_marks_decide_what_is_taken_off_the_counts():
    users = people(3)
    notice, _stays = deliver(users), deliver(users)
    mark(users[1], "seen", notice)
    mark(users[2], "archived", notice)
    owed = start(notice)
    work.carry_out(owed)
    assert [counts(user) for user in users] == [(1, 1)] * 3
    assert [inbox_of(user).version for user in users] == [3, 4, 4]


def test_a_copy_without_an_inbox_does_not_stop_the_others():
    users = people(3)
    notice = deliver(users)
    Inbox.objects.filter(pk=users[1].pk).delete()
    work.carry_out(start(notice))
    assert len(recalled_users(notice)) == 3
    assert counts(users[2]) == (0, 0)

"""The order of batches, tested through the code that carries them out."""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import islice

import pytest
from django.db import DatabaseError
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notify import sending
from notify.inbox import appending, work
from notify.inbox.turns import URGENT_IN_A_ROW, Turns
from notify.models import Batch, Notice
from tests.unit.inbox.helpers import committed, deliver, people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_a_batch(settings):
    settings.NOTIFY_BATCH_SIZE = 1


def waiting(batches, title="Hello", **fields):
    """A notice with so many batches, all of them due."""
    fields.setdefault("level", "info")
    notice = Notice.objects.create(title=title, **fields)
    due = timezone.now() - timedelta(seconds=1)
    urgent = notice.level == "critical"
    Batch.objects.bulk_create(
        Batch(notice=notice, recipients=[], size=1, due=due, urgent=urgent) for _ in range(batches)
    )
    return notice


def served(turns, count):
    """The titles of the notices of the next batches."""
    done = (work.carry_out_next(turns) for _ in range(count))
    titles = dict(Notice.objects.values_list("pk", "title"))
    return [titles[one.notice_id] if one else None for one in done]


def test_notices_take_turns_however_many_batches_they_have():
    waiting(50, "big")
    waiting(3, "small")
    waiting(1, "single")
    assert served(Turns(), 7) == ["single", "small", "big", "small", "big", "small", "big"]


def test_a_notice_that_comes_during_a_round_waits_for_its_end_and_no_longer():
    for n in range(4):
        waiting(5, f"old {n}")
    turns = Turns()
    assert served(turns, 2) == ["old 3", "old 2"]
    waiting(5, "new")
    assert served(turns, 4) == ["old 1", "old 0", "new", "old 3"]


def test_a_stream_of_new_notices_does_not_starve_an_old_one():
    waiting(20, "old")
    turns = Turns()
    order = []
    for n in range(30):
        waiting(1, f"new {n}")
        waiting(1, f"more {n}")
        order += served(turns, 1)
    assert order.count("old") == 3  # each round is longer: more come than are sent


def test_critical_ones_go_first_and_leave_every_fourth_turn_to_the_others():
    waiting(50, "backlog")
    turns = Turns()
    assert served(turns, 2) == ["backlog"] * 2
    waiting(8, "fire", level="critical")
    cycle = ["fire"] * URGENT_IN_A_ROW + ["backlog"]
    assert served(turns, 10) == [*cycle, *cycle, "fire", "fire"]
    assert served(turns, 2) == ["backlog"] * 2


def test_critical_ones_take_turns_among_themselves():
    waiting(50, "fire", level="critical")
    waiting(2, "flood", level="critical")
    assert served(Turns(), 4) == ["flood", "fire", "flood", "fire"]


def test_all_batches_of_a_notice_are_due_at_the_same_moment():
    users = people(4)
    with committed():
        several = sending.send(to=users, title="several", level="critical")
        later = sending.send(to=users, title="x", send_at=timezone.now() + timedelta(hours=1))
        past = sending.send(to=users, title="x", send_at=timezone.now() - timedelta(hours=1))
    for notice in (several, later, past):
        assert Batch.objects.filter(notice=notice).values("due").distinct().count() == 1
    assert set(several.batch_set.values_list("urgent", flat=True)) == {True}
    assert set(later.batch_set.values_list("urgent", flat=True)) == {False}
    assert later.batch_set.first().due == later.send_at
    # Otherwise a stream of ever older notices would make a round endless.
    assert past.batch_set.first().due > timezone.now() - timedelta(minutes=1)


def test_a_scheduled_notice_has_its_turn_at_its_time():
    waiting(50, "backlog")
    [ada] = people(1)
    soon = deliver(ada, "soon", send_at=timezone.now() + timedelta(hours=1))
    turns = Turns()
    assert served(turns, 3) == ["backlog"] * 3
    Batch.objects.filter(notice=soon).update(due=Now())
    assert "soon" in served(turns, 2)


def test_a_recall_by_somebody_is_urgent_and_an_expiry_is_not():
    wrong = deliver(people(2, "wrong"), "wrong")
    while sending.carry_out_next():
        pass
    sending.recall(wrong)
    assert set(wrong.batch_set.filter(size=0).values_list("state", "urgent")) == {
        ("recalling", True)
    }

    old = deliver(people(2, "old"), "old", level="critical")
    while sending.carry_out_next():
        pass
    Notice.objects.filter(pk=old.pk).update(expires=Now())
    sending.recall_expired()
    assert set(old.batch_set.filter(size=0).values_list("state", "urgent")) == {
        ("recalling", False)
    }


@pytest.fixture
def broken(monkeypatch, settings):
    """The notices with these ids cannot be appended."""
    settings.NOTIFY_ONE_STATEMENT = False
    broken: set[int] = set()
    append = appending.append

    def maybe(notice_id, to, **how):
        if notice_id in broken:
            raise DatabaseError("broken on purpose")
        return append(notice_id, to, **how)

    monkeypatch.setattr(appending, "append", maybe)
    return broken


def test_a_notice_whose_batches_all_fail_costs_the_others_a_turn_each_time(broken):
    waiting(20, "good")
    bad = waiting(20, "bad")
    broken.add(bad.pk)
    turns, order = Turns(), []
    for _ in range(6):
        try:
            order += served(turns, 1)
        except work.Postponed:
            order.append("failed")
    assert order == ["failed", "good"] * 3


def test_batches_that_are_postponed_together_stay_one_turn(broken):
    bad = waiting(20)
    broken.add(bad.pk)
    began = time.monotonic()
    while bad.batch_set.filter(attempts=0).exists():
        with pytest.raises(work.Postponed):
            work.carry_out_next()
    took_s = time.monotonic() - began
    # One for each second. On a slow machine the first may have been tried again by now.
    tried_once = bad.batch_set.filter(attempts=1)
    assert tried_once.values("due").distinct().count() <= took_s + 2


# For any sequence: a due notice is served before any other of its kind is served a third time.

STORIES = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 6), st.booleans()),
        st.tuples(st.just("work"), st.integers(0, 1), st.just(False)),
    ),
    max_size=40,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STORIES)
def test_nobody_starves(db, story):
    Notice.objects.all().delete()
    workers = [Turns(), Turns()]
    left: dict[int, int] = {}  # batches by notice
    urgent: dict[int, bool] = {}
    passed: dict[tuple[int, int], dict[int, int]] = {}  # by worker and notice: who went first
    in_a_row = [0, 0]

    def work_once(worker):
        done = work.carry_out_next(workers[worker])
        assert (done is None) == (not left)
        if done is None:
            return
        one = done.notice_id
        # Urgent notices first, except in the fourth turn.
        both = len({urgent[notice] for notice in left}) == 2
        if both:
            assert urgent[one] == (in_a_row[worker] < URGENT_IN_A_ROW)
        in_a_row[worker] = in_a_row[worker] + 1 if urgent[one] else 0
        passed.pop((worker, one), None)
        for notice in left:
            if notice != one and urgent[notice] == urgent[one]:
                before = passed.setdefault((worker, notice), {})
                before[one] = before.get(one, 0) + 1
                assert before[one] <= 2, "served a third time before another was served once"
        left[one] -= 1
        if not left[one]:
            del left[one]

    for what, number, is_urgent in story:
        if what == "send":
            notice = waiting(number, level="critical" if is_urgent else "info")
            left[notice.pk], urgent[notice.pk] = number, is_urgent
        else:
            work_once(number)
    for worker in islice([0, 1] * 500, 2 * sum(left.values())):
        work_once(worker)
    assert not left

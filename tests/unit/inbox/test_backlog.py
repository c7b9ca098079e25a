"""What is owed, as live operations and /metrics tell it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notify import sending
from notify.inbox import backlog
from notify.kinds import registry
from notify.models import Batch, Message, OutboxItem
from notify.outbox.handing_out import hand_out
from tests.unit.inbox.helpers import abandoned, batch_of, deliver, mark, people
from tests.unit.outbox import out

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    """Those of a test end with it."""
    monkeypatch.setattr(registry, "_kinds", {})


def due(notice, seconds, **fields):
    """The notice's batches became due so many seconds ago."""
    at = timezone.now() - timedelta(seconds=seconds)
    Batch.objects.filter(notice=notice).update(due=at, **fields)
    return notice


def test_nothing_is_owed_at_rest():
    deliver(people(1))
    assert backlog.figures() == {
        "notify_database_up": 1,
        "notify_batches_open": 0,
        "notify_batches_due": 0,
        "notify_batches_due_age_seconds": 0,
        "notify_batches_failing": 0,
        "notify_notices_sending": 0,
        "notify_notices_paused": 0,
    }
    assert backlog.notices() == []


def test_it_counts_what_waits_and_how_long_the_oldest_has_been_due():
    users = people(3)
    due(abandoned(users), 300)
    due(abandoned(users), 20)
    due(abandoned(users), -3600)  # scheduled
    due(abandoned(users), -30, attempts=2)
    sending.pause(abandoned(users))
    found = backlog.figures()
    assert 299 < found.pop("notify_batches_due_age_seconds") < 330
    assert found == {
        "notify_database_up": 1,
        "notify_batches_open": 4,
        "notify_batches_due": 2,
        "notify_batches_failing": 1,
        "notify_notices_sending": 2,
        "notify_notices_paused": 1,
    }


def test_it_lists_failing_notices_first_then_those_that_wait_longest_then_paused_ones():
    users = people(3)
    later = due(abandoned(users), 20)
    longest = due(abandoned(users), 300)
    failing = due(abandoned(users), -30, attempts=2)
    due(abandoned(users), -3600)  # scheduled
    paused = abandoned(users)
    sending.pause(paused)
    recalled = due(abandoned(users), 10, state=Batch.State.RECALLING, recipients=[], size=0)
    assert [(one["id"], one["state"], one["people"]) for one in backlog.notices()] == [
        (failing.pk, "failing", 3),
        (longest.pk, "sending", 3),
        (later.pk, "sending", 3),
        (recalled.pk, "recalling", 0),
        (paused.pk, "paused", 3),
    ]
    assert batch_of(longest).attempts == 0


def test_it_lists_ten_of_each_kind(monkeypatch):
    monkeypatch.setattr(backlog, "MAX_NOTICES", 2)
    users = people(1)
    for _ in range(3):
        due(abandoned(users), 20)
        sending.pause(abandoned(users))
    assert [one["state"] for one in backlog.notices()] == ["sending"] * 2 + ["paused"] * 2


def test_a_long_sending_that_goes_on_is_not_old(django_assert_num_queries):
    users = people(3)
    notice = due(abandoned(users), 300)
    done = batch_of(notice)
    Batch.objects.create(
        notice=notice, recipients=done.recipients, size=3, due=done.due, state=Batch.State.PENDING
    )
    done.state, done.finished = Batch.State.DONE, timezone.now() - timedelta(seconds=5)
    done.save()
    with django_assert_num_queries(3):
        found = backlog.figures()
    assert found["notify_batches_due"] == 1
    assert 4 < found["notify_batches_due_age_seconds"] < 35


def test_it_tells_what_waits_to_go_out_only_where_something_can():
    with CaptureQueriesContext(connection) as queries:
        assert backlog.outbox_figures() == {}
        assert backlog.outbox_tallies() == {}
    assert len(queries) == 0

    out.declare()
    assert set(backlog.outbox_figures().values()) == {0}
    out.due(people(3))
    OutboxItem.objects.update(ripe=timezone.now() - timedelta(seconds=90))
    found = backlog.outbox_figures()
    assert found["notify_outbox_waiting"] == 3
    assert 89 < found["notify_outbox_due_age_seconds"] < 120


def test_it_tells_what_became_of_messages_within_the_hour_whoever_handed_them_out(announced):
    out.declare()
    [ada] = people(1)
    first, _ = out.due(ada, "1"), out.due(ada, "2")
    mark(ada, "read", first)
    nothing = dict.fromkeys(["handed", "refused", "deferred", "unknown", "dropped"], 0)
    assert backlog.outbox_tallies()["notify_outbox_messages"] == nothing
    hand_out(str(ada.pk), "kept")
    assert backlog.outbox_tallies() == {
        "notify_outbox_messages": nothing | {"handed": 1},
        "notify_outbox_skipped": {"read": 1},
    }
    for model in (Message, OutboxItem):
        model.objects.update(ended=timezone.now() - timedelta(minutes=61))
    assert backlog.outbox_tallies() == {
        "notify_outbox_messages": nothing,
        "notify_outbox_skipped": {},
    }

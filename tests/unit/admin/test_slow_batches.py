"""The batches of a notice that took longest."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

import notify
from notify import sending
from notify.admin.slow_batches import slowest_batches
from notify.models import Batch, Notice
from tests.unit.admin.helpers import LIST, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_what_waits_is_slower_than_what_finished_last(queued_notice):
    first, second, third = Batch.objects.order_by("pk")
    begun = queued_notice.created
    done = {"state": Batch.State.DONE}
    Batch.objects.filter(pk=first.pk).update(finished=begun + timedelta(seconds=3), **done)
    Batch.objects.filter(pk=third.pk).update(finished=begun + timedelta(minutes=4), **done)
    Batch.objects.filter(pk=second.pk).update(attempts=2)
    found = [
        (batch.state, batch.people, batch.attempts) for batch in slowest_batches(queued_notice)
    ]
    assert found == [("Pending", "2 people", 2), ("Done", "2 people", 0), ("Done", "2 people", 0)]
    assert [batch.took for batch in slowest_batches(queued_notice)][1:] == ["4 min", "3 s"]


def test_a_notice_that_is_not_due_has_none(ada):
    later = notify.send(to=ada, title="Hello", send_at=timezone.now() + timedelta(hours=1))
    assert slowest_batches(later) == []


def test_what_was_cancelled_paused_or_recalled_before_it_was_sent_waits_for_nothing(
    queued_notice, make_user
):
    Notice.objects.update(created=timezone.now() - timedelta(minutes=9))
    queued_notice.refresh_from_db()
    sending.carry_out_next()
    sending.pause(queued_notice)
    assert [batch.state for batch in slowest_batches(queued_notice)] == ["Done"]
    sending.cancel(queued_notice)
    assert [batch.state for batch in slowest_batches(queued_notice)] == ["Done"]
    recalled = notify.send(to=[make_user(str(n)) for n in range(4)], title="Recalled")
    sending.recall(recalled)
    assert slowest_batches(recalled) == []


def test_the_page_of_a_notice_shows_them(client, staff, queued_notice):
    sending.carry_out_next()
    Notice.objects.update(created=timezone.now() - timedelta(minutes=9))
    shown = text_of(client.get(f"{LIST}{queued_notice.pk}/change/"))
    assert "Slowest batch: 9 min after it was due" in shown

"""What the panel on the admin's index shows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import notify
from notify import sending
from notify.admin import desk
from notify.models import Batch
from notify.sql import database
from tests.unit.inbox.helpers import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.fixture
def one_of_each(ada, settings):
    """Of each status, by its title."""
    settings.NOTIFY_BATCH_SIZE = 2
    many, tomorrow = people(4), timezone.now() + timedelta(days=1)
    notify.send(to=ada, title="tomorrow", send_at=tomorrow)
    notify.send(to=ada, title="today", send_at=tomorrow - timedelta(hours=20))
    sending.pause(notify.send(to=many, title="paused"))
    notify.send(to=many, title="sending")
    failed = notify.send(to=many, title="failed")
    Batch.objects.filter(notice=failed).update(attempts=1)
    read = notify.send(to=many[:2], title="sent", sender=ada)
    sending.mark(str(many[0].pk), "read", ids=[read.pk])
    sending.cancel(notify.send(to=many, title="cancelled"))
    sending.recall(notify.send(to=ada, title="recalled"))


def shown():
    return {group.status: [line.notice.title for line in group.lines] for group in desk.groups()}


def test_each_notice_is_in_one_group(one_of_each):
    assert shown() == {
        "failed": ["failed"],
        "unfinished": ["sending", "paused"],
        "scheduled": ["today", "tomorrow"],
        "sent": ["sent"],
    }


def test_a_line_says_who_sent_it_how_far_it_is_and_what_can_be_done(one_of_each):
    sending.carry_out_next()
    lines = {line.notice.title: line for group in desk.groups() for line in group.lines}
    sent, going, paused = lines["sent"], lines["sending"], lines["paused"]
    assert (sent.sender, sent.people) == ("ada", "2 people")
    assert sent.bar is not None
    assert sent.bar["text"] == "1 delivered, 1 seen, 1 read of 2"
    assert (going.sender, going.bar) == ("System", None)
    assert {lines["failed"].done, going.done} == {"0 / 4", "2 / 4"}  # one of them had its turn
    assert (going.can_pause, going.can_resume) == (True, False)
    assert (paused.label, paused.can_pause, paused.can_resume) == ("Paused", False, True)


def test_five_of_a_kind_are_shown_in_few_queries(one_of_each, ada, make_user):
    for n in range(7):
        notify.send(to=ada, title=f"Notice {n}", sender=make_user(f"sender {n}"))
    database.facts()  # read once in ten seconds
    with CaptureQueriesContext(connection) as seen:
        *_others, group = desk.groups()
    assert [line.notice.title for line in group.lines] == [f"Notice {n}" for n in (6, 5, 4, 3, 2)]
    assert group.has_more
    assert len(seen) <= 7


def test_receipts_of_a_notice_to_very_many_are_not_counted(ada, monkeypatch):
    notify.send(to=[ada, *people(2)], title="To many")
    monkeypatch.setattr(desk, "MAX_COUNTED", 2)
    [[line]] = [group.lines for group in desk.groups()]
    assert (line.bar, line.people) == (None, "3 people")


def test_nothing_is_shown_of_nothing():
    assert desk.groups() == []

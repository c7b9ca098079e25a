"""Following a notice in the admin: progress, pausing, cancelling, the bar and the chart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

import notify
from notify import sending
from notify.admin import charts
from notify.exceptions import Busy
from notify.models import Notice, Notification
from tests.unit.admin.world import LIST, allow, text_of
from tests.unit.inbox.helpers import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

VERBS = ("pause", "resume", "cancel", "recall")


@pytest.fixture
def waiting(settings):
    """A notice of three batches for six people, none of which is carried out."""
    settings.NOTIFY_BATCH_SIZE = 2
    return notify.send(to=people(6), title="To many")


def do(client, notice, verb):
    return client.post(f"{LIST}{notice.pk}/{verb}/", follow=True)


def progress(client, notice):
    return client.get(f"{LIST}{notice.pk}/progress/").json()


def test_a_notice_is_paused_resumed_and_cancelled(client, staff, waiting):
    sending.carry_out_next()
    assert progress(client, waiting)["status"] == "sending"

    assert "Paused. 4 people wait for it." in text_of(do(client, waiting, "pause"))
    told = progress(client, waiting)
    assert (told["status"], told["label"], told["moving"]) == ("paused", "Paused", False)
    assert told["can"] == {"pause": False, "resume": True, "cancel": True, "recall": True}
    assert not sending.carry_out_next()

    assert "It goes on, to 4 people." in text_of(do(client, waiting, "resume"))
    assert sending.carry_out_next()

    page = text_of(client.get(f"{LIST}{waiting.pk}/cancel/"))
    assert "In the inbox of 4 people already; they keep it. 2 more wait for it" in page
    assert "Cancelled. 2 people will not get it." in text_of(do(client, waiting, "cancel"))
    told = progress(client, waiting)
    assert (told["status"], told["done"], told["of"]) == ("cancelled", 6, 6)
    assert told["counts"]["cancelled"] == "2"
    assert Notification.objects.filter(recalled=None).count() == 4
    messages = [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]
    assert messages == ["Paused.", "Resumed.", "Cancelled."]


def test_what_was_cancelled_can_still_be_recalled(client, staff, waiting):
    sending.carry_out_next()
    do(client, waiting, "cancel")
    assert "Recall from 2 people" in client.get(f"{LIST}{waiting.pk}/recall/").content.decode()
    assert "taken away from 2 people" in text_of(do(client, waiting, "recall"))


def test_what_is_done_says_that_nothing_is_left(client, staff):
    notice = notify.send(to=staff, title="Done")
    assert "nothing left to pause" in text_of(do(client, notice, "pause"))
    assert "was not paused" in text_of(do(client, notice, "resume"))
    assert "nothing left to cancel" in text_of(client.get(f"{LIST}{notice.pk}/cancel/"))
    assert "nothing left to cancel" in text_of(do(client, notice, "cancel"))
    assert not LogEntry.objects.exists()


def test_what_others_hold_is_said_and_left_as_it_is(client, staff, waiting, monkeypatch):
    def busy(notice):
        raise Busy("locked")

    monkeypatch.setattr(sending, "pause", busy)
    assert "Others hold it just now." in text_of(do(client, waiting, "pause"))
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("verb", VERBS)
def test_who_may_only_look_can_change_nothing(client, make_user, waiting, verb):
    client.force_login(allow(make_user("looker", is_staff=True), "view_notice"))
    assert client.get(f"{LIST}{waiting.pk}/progress/").status_code == 200
    assert client.post(f"{LIST}{waiting.pk}/{verb}/").status_code == 403
    assert client.get(f"{LIST}{waiting.pk}/{verb}/").status_code == 403
    assert 'data-verb="pause"' not in client.get(f"{LIST}{waiting.pk}/change/").content.decode()
    assert Notice.objects.get().status == "pending"


def test_who_may_not_even_look_learns_nothing(client, make_user, waiting):
    client.force_login(make_user("other", is_staff=True))
    assert client.get(f"{LIST}{waiting.pk}/progress/").status_code == 403


@pytest.mark.parametrize("verb", VERBS)
def test_changes_come_by_post_with_the_token(staff, waiting, verb):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(staff)
    assert careful.post(f"{LIST}{waiting.pk}/{verb}/").status_code == 403
    careful.get(f"{LIST}{waiting.pk}/{verb}/")
    assert Notice.objects.get().status == "pending"


@pytest.mark.parametrize("verb", [*VERBS, "progress"])
def test_what_does_not_exist_is_404(client, staff, verb):
    assert client.post(f"{LIST}99/{verb}/").status_code == 404


def test_the_bar_shows_how_many_it_reached(client, staff):
    users = people(4)
    notice = notify.send(to=users, title="Hello")
    sending.mark(str(users[0].pk), "read", ids=[notice.pk])
    sending.mark(str(users[1].pk), "seen", ids=[notice.pk])
    counted = Notice.objects.with_progress().with_counts().get()
    bar = charts.bar(counted)
    assert bar["widths"] == {"delivered": 60.0, "seen": 60.0, "read": 30.0}
    assert bar["text"] == "0 delivered, 2 seen, 1 read of 4"


def test_the_chart_adds_up_what_happened_when(client, staff):
    notice = notify.send(to=people(3), title="Hello")
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    notice.batch_set.update(finished=begin)
    rows = list(Notification.objects.order_by("pk"))
    for minutes, row in zip((10, 20, 20), rows, strict=True):
        row.seen = begin + timedelta(minutes=minutes)
        row.save()
    chart = charts.over_time(notice)
    assert [(line.name, line.last) for line in chart.lines] == [
        ("arrived", "3"),
        ("seen", "3"),
        ("read", "0"),
    ]
    assert [(when - begin, counts) for when, counts in chart.rows] == [
        (timedelta(), ["3", "0", "0"]),
        (timedelta(minutes=10), ["3", "1", "0"]),
        (timedelta(minutes=20), ["3", "3", "0"]),
    ]
    seen = chart.lines[1].points.split()
    assert (seen[0], seen[-1]) == ("0,160", "640,0.0")
    assert "320.0,106.7" in seen
    assert "<polyline" in client.get(f"{LIST}{notice.pk}/change/").content.decode()


def test_batches_that_ended_in_the_same_moment_are_all_counted(settings, waiting):
    while sending.carry_out_next():
        pass
    waiting.batch_set.update(finished=datetime(2026, 1, 1, tzinfo=UTC))
    assert charts.over_time(waiting).lines[0].last == "6"


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (timedelta(seconds=30), "second"),
        (timedelta(hours=2), "minute"),
        (timedelta(days=3), "hour"),
        (timedelta(days=30), "day"),
    ],
)
def test_the_chart_has_few_enough_steps(staff, span, step):
    notice = notify.send(to=staff, title="Hello")
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    Notification.objects.update(read=begin + span)
    assert charts._step(begin, Notification.objects.filter(notice=notice)) == step


def test_what_has_arrived_nowhere_has_no_chart(waiting):
    assert charts.over_time(waiting) is None

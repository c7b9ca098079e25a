"""The bar and the chart of a notice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import notify
from notify import sending
from notify.admin import charts
from notify.models import Notice, Notification
from tests.unit.admin.helpers import LIST
from tests.unit.inbox.helpers import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_the_bar_shows_how_many_it_reached(client, staff):
    users = people(4)
    notice = notify.send(to=users, title="Hello")
    sending.mark(str(users[0].pk), "read", ids=[notice.pk])
    sending.mark(str(users[1].pk), "seen", ids=[notice.pk])
    counted = Notice.objects.with_progress().with_counts().get()
    bar = charts.bar(counted)
    assert bar["widths"] == {"delivered": 60.0, "seen": 60.0, "read": 30.0}
    assert bar["text"] == "2 delivered, 2 seen, 1 read of 4"


def test_the_chart_is_cumulative(client, staff):
    notice = notify.send(to=people(3), title="Hello")
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    notice.created = begin
    notice.save()
    rows = list(Notification.objects.order_by("user"))
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


def test_batches_that_ended_in_the_same_moment_are_all_counted(settings, queued_notice):
    while sending.carry_out_next():
        pass
    queued_notice.batch_set.update(finished=datetime(2026, 1, 1, tzinfo=UTC))
    assert charts.over_time(queued_notice).lines[0].last == "6"


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (timedelta(seconds=30), "second"),
        (timedelta(hours=2), "minute"),
        (timedelta(days=3), "hour"),
        (timedelta(days=30), "day"),
    ],
)
def test_a_longer_span_has_a_coarser_unit(staff, span, step):
    notice = notify.send(to=staff, title="Hello")
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    Notification.objects.update(read=begin + span)
    assert charts._time_unit(begin, Notification.objects.filter(notice=notice)) == step


def test_a_notice_that_nobody_has_has_no_chart(queued_notice):
    assert charts.over_time(queued_notice) is None

"""The ten seconds in which a send from the admin can be stopped."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connections
from django.utils import timezone

import notify
from notify import sending
from notify.admin import stopping
from notify.bus.publisher import publisher
from notify.models import Batch, Notice, Notification, Place
from tests.unit.admin.helpers import ADD, LIST, errors_of, form, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.fixture(autouse=True)
def ten_seconds(nobody_stops_it, monkeypatch):
    """As it is outside of tests, with the wake-ups that were asked for."""
    monkeypatch.setattr(stopping, "STOPPABLE_FOR", timedelta(seconds=10))
    woken: list[str] = []
    monkeypatch.setattr(stopping, "wake_workers_when_due", lambda: woken.append("in 10 s"))
    return woken


def send(client, **fields):
    return client.post(ADD, form(usernames="staff", **fields), follow=True)


def progress(client):
    return client.get(f"{LIST}{Notice.objects.get().pk}/progress/").json()


def over():
    """The ten seconds are over."""
    past = timezone.now() - timedelta(seconds=1)
    Notice.objects.update(send_at=past)
    Batch.objects.update(due=past)


def test_nobody_gets_it_before_ten_seconds_are_over(client, staff, ten_seconds):
    page = text_of(send(client))
    assert "Sending to 1 person. Recall" in page
    assert ten_seconds == ["in 10 s"]
    assert not sending.carry_out_next()
    shown = progress(client)
    assert (shown["can"]["stop"], shown["label"]) == (True, "Pending")
    assert 8 < shown["starts_in"] <= 10
    over()
    assert sending.carry_out_next()
    assert Notification.objects.count() == 1
    shown = progress(client)
    assert (shown["can"]["stop"], shown["starts_in"]) == (False, None)


def test_stop_costs_nothing_and_leads_back_to_the_text(client, staff):
    send(client, body="B", level="warning", action_1_label="Open", action_1_url="/a/")
    notice = Notice.objects.get()
    page = client.post(f"{LIST}{notice.pk}/stop/", follow=True)
    assert "Stopped. Nobody received it." in text_of(page)
    assert f"{ADD}?again={notice.pk}" in page.content.decode()
    over()
    assert not sending.carry_out_next()
    assert not Notification.objects.exists()
    assert LogEntry.objects.first().get_change_message() == "Stopped before it was sent."

    again = client.get(ADD, {"again": notice.pk}).context["adminform"].form
    names = ("title", "body", "level", "action_1_label", "action_1_url")
    assert [again[name].value() for name in names] == ["Hello", "B", "warning", "Open", "/a/"]
    # Its key is another, and what was stopped is no duplicate.
    assert "Sending to 1 person." in text_of(send(client, form_key="k2", body="B", level="warning"))


def test_the_notice_of_another_sender_fills_in_no_form(client, staff, ada):
    notice = notify.send(to=ada, title="Private")
    for asked in (notice.pk, "x", "9" * 40):
        page = client.get(ADD, {"again": asked})
        assert page.status_code == 200
        assert not page.context["adminform"].form["title"].value()


def test_a_stop_that_comes_too_late_says_so(client, staff):
    send(client)
    over()
    sending.carry_out_next()
    page = client.post(f"{LIST}{Notice.objects.get().pk}/stop/", follow=True)
    assert "Too late to stop: it's been sent. You can recall it." in text_of(page)
    assert Notification.objects.exclude(place=Place.RECALLED).count() == 1


def test_a_second_send_of_the_same_form_is_recognised(client, staff, ten_seconds):
    send(client)
    assert "Already sent to 1 person." in text_of(send(client))
    assert Notice.objects.count() == 1
    assert ten_seconds == ["in 10 s"]
    refused = client.post(ADD, form(usernames="staff", title="Another"))
    assert "was already used to send notice" in errors_of(refused)["__all__"][0]


def test_the_same_from_another_form_is_asked_about(client, staff):
    send(client)
    asked = text_of(send(client, form_key="k2"))
    assert "You sent this same notice to the same people at" in asked
    assert Notice.objects.count() == 1


@pytest.mark.parametrize("seconds", [-60, 5])
def test_a_time_within_ten_seconds_is_put_off(client, staff, seconds):
    soon = timezone.localtime() + timedelta(seconds=seconds)
    send(client, send_at_0=soon.date().isoformat(), send_at_1=soon.strftime("%H:%M:%S"))
    assert progress(client)["can"]["stop"]


def test_a_later_time_is_kept_and_nobody_counts_down(client, staff, ten_seconds):
    page = send(client, send_at_0="2031-01-01", send_at_1="09:00:00")
    assert "Scheduled for 1 person." in text_of(page)
    shown = progress(client)
    assert (shown["can"]["stop"], shown["label"]) == (False, "Scheduled")
    assert ten_seconds == []


def test_the_workers_are_woken_and_the_thread_keeps_no_connection(monkeypatch):
    started, woken, closed = [], [], []

    class Timer:
        daemon = False

        def __init__(self, seconds, function):
            started.append(seconds)
            self.function = function

        def start(self):
            assert self.daemon
            self.function()

    monkeypatch.setattr(threading, "Timer", Timer)
    monkeypatch.setattr(publisher, "publish_work", lambda: woken.append(1))
    monkeypatch.setattr(connections, "close_all", lambda: closed.append(1))
    stopping._start_timer()
    assert (started, woken, closed) == ([10], [1], [1])

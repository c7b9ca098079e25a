from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

import notify
from notify.exceptions import Busy
from notify.management.commands import notify_work
from notify.models import Batch, Notice, Notification
from notify.sending import carrying_out
from tests.harness.server import database_url
from tests.harness.waiting import deadline, eventually
from tests.unit.management.commands.helpers import make_people, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_it_works_until_idle(make_user, settings):
    settings.NOTIFY_BATCH_SIZE = 2
    make_people(make_user, 5)
    notify.send(to=notify.everyone(), title="T")
    assert not Notification.objects.exists()
    assert "Carried out 3 batches." in run("notify_work", "--until-idle")
    assert Notification.objects.count() == 5
    assert "Carried out 0 batches." in run("notify_work", "--until-idle")


def test_it_leaves_scheduled_notices_alone(make_user):
    notify.send(to=make_user("ada"), title="T", send_at=timezone.now() + timedelta(hours=1))
    assert "Carried out 0 batches." in run("notify_work", "--until-idle")


def test_it_recalls_expired_notices(make_user):
    ada = make_user("ada")
    notify.send(to=ada, title="T", expires=timezone.now() + timedelta(hours=1))
    Notice.objects.update(expires=timezone.now() - timedelta(seconds=1))
    run("notify_work", "--until-idle")
    assert Notification.objects.get().recalled is not None


def test_it_stops_after_the_current_batch(make_user, settings, monkeypatch):
    settings.NOTIFY_BATCH_SIZE = 1
    make_people(make_user, 3)
    notify.send(to=notify.everyone(), title="T")
    stop = threading.Event()
    carry_out_next = carrying_out.carry_out_next

    def carry_out_and_stop(turns):
        stop.set()
        return carry_out_next(turns)

    monkeypatch.setattr(carrying_out, "carry_out_next", carry_out_and_stop)
    assert notify_work.work(stop, until_idle=False) == 1
    assert Notification.objects.count() == 1


def test_a_failing_batch_does_not_stop_it(make_user, monkeypatch, caplog):
    monkeypatch.setattr(notify_work, "IDLE_S", 0.01)
    failures = iter([Busy("locked"), Busy("locked")])
    carry_out_next = carrying_out.carry_out_next

    def fail_twice(turns):
        for failure in failures:
            raise failure
        return carry_out_next(turns)

    Batch.objects.create(
        notice=Notice.objects.create(title="T"),
        recipients=[make_user("ada").pk],
        size=1,
        due=timezone.now() - timedelta(seconds=1),
    )
    monkeypatch.setattr(carrying_out, "carry_out_next", fail_twice)
    assert notify_work.work(threading.Event(), until_idle=True) == 1
    assert caplog.text.count("Carrying out batches failed") == 2


def test_until_idle_gives_up_on_a_database_that_stays_away(monkeypatch):
    monkeypatch.setattr(notify_work, "IDLE_S", 0.01)

    def fail(turns):
        raise Busy("locked")

    monkeypatch.setattr(carrying_out, "carry_out_next", fail)
    with pytest.raises(Busy):
        notify_work.work(threading.Event(), until_idle=True)


def test_the_process_ends_on_sigterm(make_user):
    env = os.environ | {"DATABASE_URL": database_url(), "PYTHONUNBUFFERED": "1"}
    notify.send(to=make_user("ada"), title="T", send_at=timezone.now() + timedelta(seconds=1))
    assert not Notification.objects.exists()
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "notify_work"], env=env, stdout=subprocess.PIPE, text=True
    )
    try:
        eventually(Notification.objects.exists, 20)
        worker.send_signal(signal.SIGTERM)
        out, _ = worker.communicate(timeout=deadline(10))
    finally:
        worker.kill()
    assert worker.returncode == 0
    assert "Carried out 1 batch." in out

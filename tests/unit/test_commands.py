"""The management commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.utils import timezone

import notify
from notify import sending
from notify.exceptions import Busy
from notify.inbox import reading
from notify.management.commands import notify_doctor, notify_work
from notify.models import Batch, Inbox, Notice, Notification
from notify.sending import carrying_out

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _silent(settings):
    settings.NOTIFY_WELCOME = False


def run(command, *arguments, **options):
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=out, **options)
    return out.getvalue()


def make_people(make_user, count):
    return [make_user(f"user{n}") for n in range(count)]


# notify_send


def test_it_sends_to_users_groups_and_everyone(make_user):
    ada, bob, _cleo = (make_user(name) for name in ("ada", "bob", "cleo"))
    Group.objects.create(name="team").user_set.add(ada, bob)
    assert "sent to 2 people" in run("notify_send", "--to", "ada", "bob", "--title", "1")
    assert "sent to 2 people" in run("notify_send", "--to", "ada", "--to", "bob", "--title", "2")
    assert "sent to 2 people" in run("notify_send", "--group", "team", "--title", "3")
    assert "sent to 3 people" in run("notify_send", "--everyone", "--title", "4")
    printed = run("notify_send", "--to", "ada", "--title", "5")
    assert printed == f"Notice {Notice.objects.latest('pk').pk} sent to 1 person.\n"
    assert Notification.objects.filter(user=ada).count() == 5


def test_all_its_options_reach_the_notice(make_user):
    make_user("ada")
    options = "--title T --body B --level error --category c --url /x/ --key k"
    run("notify_send", "--to", "ada", *options.split(), "--expires", "2031-01-31T09:00+01:00")
    notice = Notice.objects.get()
    said = (notice.title, notice.body, notice.level, notice.category, notice.url, notice.key)
    assert said == ("T", "B", "error", "c", "/x/", "k")
    assert notice.expires
    assert notice.expires.isoformat() == "2031-01-31T08:00:00+00:00"
    assert notice.sender == ""


def test_expires_in_counts_from_now(make_user):
    make_user("ada")
    run("notify_send", "--to", "ada", "--title", "T", "--expires-in", "2h")
    expires = Notice.objects.get().expires
    assert expires
    left = expires - timezone.now()
    assert timedelta(minutes=119) < left < timedelta(minutes=121)


def test_many_batches_are_carried_out_without_any_server(make_user, settings):
    settings.NOTIFY_BATCH_SIZE = 2
    make_people(make_user, 5)
    assert "sent to 5 people" in run("notify_send", "--everyone", "--title", "T")
    assert Batch.objects.count() == 3
    assert Notification.objects.count() == 5


def test_the_same_key_sends_once(make_user):
    make_user("ada")
    run("notify_send", "--to", "ada", "--title", "T", "--key", "k")
    assert "was sent before" in run("notify_send", "--to", "ada", "--title", "T", "--key", "k")
    assert Notification.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--title", "T"], "nobody is left"),
        (["--to", "ada", "nobody", "--title", "T"], "no such user: nobody"),
        (["--group", "nogroup", "--title", "T"], "no such group: nogroup"),
        (["--to", "ada", "--title", "x" * 201], "title"),
        (["--to", "ada", "--title", "T", "--url", "javascript:x"], "is not a link"),
        (["--to", "ada", "--title", "T", "--expires-in", "soon"], "is not a duration"),
        (["--to", "ada", "--title", "T", "--expires", "soon"], "is not a time"),
        (["--to", "ada", "--title", "T", "--expires", "2031-13-01T09:00"], "is not a time"),
        (["--to", "ada", "--title", "T", "--key", "k", "--expires-in", "1h"], "Use --expires"),
    ],
)
def test_a_refusal_says_why_and_nothing_is_sent(make_user, arguments, said):
    make_user("ada")
    with pytest.raises(CommandError, match=said):
        run("notify_send", *arguments)
    assert not Notice.objects.exists()


# notify_work


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

    notify.send(to=make_user("ada"), title="T")
    Batch.objects.update(state=Batch.State.PENDING, due=timezone.now() - timedelta(seconds=1))
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
    env = os.environ | {"DATABASE_URL": _url_of_test_database(), "PYTHONUNBUFFERED": "1"}
    notify.send(to=make_user("ada"), title="T", send_at=timezone.now() + timedelta(seconds=1))
    assert not Notification.objects.exists()
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "notify_work"], env=env, stdout=subprocess.PIPE, text=True
    )
    try:
        _wait(Notification.objects.exists)
        worker.send_signal(signal.SIGTERM)
        out, _ = worker.communicate(timeout=10)
    finally:
        worker.kill()
    assert worker.returncode == 0
    assert "Carried out 1 batch." in out


def _wait(condition, seconds=20.0):
    done = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        done.wait(0.05)
    pytest.fail(f"not within {seconds} s")


def _url_of_test_database():
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    base, _, rest = os.environ["DATABASE_URL"].rpartition("/")
    _name, mark, options = rest.partition("?")
    return f"{base}/{settings['NAME']}{mark}{options}"


# notify_demo


def test_demo_users_need_debug(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        run("notify_demo")
    assert not get_user_model().objects.exists()


def test_demo_users_and_their_notices_are_created_once(settings):
    settings.DEBUG = True
    printed = [run("notify_demo") for _ in range(2)]
    users = get_user_model().objects
    assert set(users.values_list("username", flat=True)) == {"ada", "bob", "cleo", "admin"}
    assert users.get(username="ada").check_password("demo")
    assert users.get(username="admin").is_superuser
    assert not users.get(username="ada").is_staff
    assert Notification.objects.filter(user__username="ada").count() == 4
    assert len(set(Notice.objects.values_list("level", flat=True))) == 4
    assert "ada, bob or cleo" in printed[0]
    assert "'demo'" in printed[0]
    assert printed[0] == printed[1]


def test_demo_leaves_an_existing_admin_alone(settings, make_user):
    settings.DEBUG = True
    make_user("admin")
    run("notify_demo")
    assert not get_user_model().objects.get(username="admin").check_password("demo")


# Maintenance


def test_after_a_restore_every_inbox_has_a_new_epoch(make_user):
    ada, bob = make_user("ada"), make_user("bob")
    notify.send(to=[ada, bob], title="T")
    before = reading.heads([str(ada.pk), str(bob.pk)])
    assert "2 inboxes" in run("notify_restored")
    after = reading.heads([str(ada.pk), str(bob.pk)])
    assert {u: h.version for u, h in before.items()} == {u: h.version for u, h in after.items()}
    assert all(before[user].epoch != after[user].epoch for user in before)


def test_the_doctor_corrects_wrong_counts(make_user):
    ada, bob = make_user("ada"), make_user("bob")
    notify.send(to=[ada, bob], title="T")
    Inbox.objects.filter(user=ada).update(unread=F("unread") + 3, unseen=0)
    assert "Recounted 2 inboxes, and corrected 1." in run("notify_doctor", "--recount")
    inbox = Inbox.objects.get(user=ada)
    assert (inbox.unread, inbox.unseen) == (1, 1)
    assert "and corrected 0." in run("notify_doctor", "--recount")


def test_the_doctor_requires_an_option():
    with pytest.raises(CommandError, match="--recount"):
        run("notify_doctor")


BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # loads nobody
    "django.contrib.auth.backends.RemoteUserBackend",
    "django.contrib.auth.backends.ModelBackend",
]


def test_the_doctor_signs_in_by_a_backend_that_loads_the_user(make_user, settings):
    settings.AUTHENTICATION_BACKENDS = BACKENDS
    assert notify_doctor._backend_of(make_user("ada")) == BACKENDS[1]
    with pytest.raises(CommandError, match="is the account active"):
        notify_doctor._backend_of(make_user("bob", is_active=False))


def test_pruning_deletes_old_notifications_in_a_state(make_user):
    ada = make_user("ada")
    old_read, old_unread, new = (notify.send(to=ada, title=t) for t in ("r", "u", "n"))
    sending.mark(str(ada.pk), "read", ids=[old_read.pk, new.pk])
    Notice.objects.exclude(pk=new.pk).update(created=timezone.now() - timedelta(days=10))

    printed = run("notify_prune", "--older-than", "7d", "--state", "read")

    assert "Deleted 1 notifications, 1 notices" in printed
    assert set(Notice.objects.values_list("pk", flat=True)) == {old_unread.pk, new.pk}
    run("notify_prune", "--older-than", "7d")
    assert list(Notice.objects.values_list("pk", flat=True)) == [new.pk]


@pytest.mark.parametrize("wrong", ["", "7", "0d", "7w", "-1d"])
def test_pruning_requires_a_duration(wrong):
    with pytest.raises(CommandError):
        run("notify_prune", f"--older-than={wrong}")

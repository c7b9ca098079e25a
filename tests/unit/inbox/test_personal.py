"""Exporting and erasing everything about a person."""

from __future__ import annotations

import json
from datetime import time, timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone

import notify
from notify import sending
from notify.models import (
    ApiToken,
    Batch,
    Inbox,
    KnownDevice,
    Message,
    Mute,
    Notice,
    Notification,
    OutboxItem,
    Preference,
    Reach,
    Subscription,
)
from notify.readers.profile import Quiet

pytestmark = pytest.mark.django_db(transaction=True)

# Tables that identify nobody: hashes of session keys, and random numbers.
ANONYMOUS = {"EndedSession", "SpentTicket"}


@pytest.fixture(autouse=True)
def _silent(settings):
    settings.NOTIFY_WELCOME = False


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def bob(make_user):
    return make_user("bob")


@pytest.fixture
def life(ada, bob):
    """Gives Ada a row in every table."""
    notify.send(to=ada, title="for ada alone", body="secret of ada")
    notify.send(to=[ada, bob], title="for both")
    notify.send(to=bob, title="from ada", actor=ada, sender=ada, key="ada-key")
    notify.send(to=[ada, bob], title="tomorrow", send_at=timezone.now() + timedelta(days=1))
    KnownDevice.objects.create(user=ada, fingerprint="f" * 64)
    ApiToken.objects.issue(ada, "robot", ["inbox"])
    notify.prefer(ada, "category:news", value=False)
    notify.mute(ada, "topic:secret of ada")
    notify.follow(ada, "post:secret of ada")
    sending.set_reader(ada, {"quiet": Quiet(time(22), time(7))})
    mailed = notify.send(to=ada, title="mailed")
    moment = timezone.now()
    message = Message.objects.create(
        user=ada, channel="email", address="secret of ada@example.org", state="handed",
        language="en", zone="UTC", created=moment, lease=moment, ended=moment,
    )  # fmt: skip
    OutboxItem.objects.create(
        user=ada, channel="email", notice=mailed, state="handed", ripe=moment, made=moment,
        message=message,
    )  # fmt: skip
    Reach.objects.create(user=ada, channel="email", address="secret of ada@example.org")
    notify.mute(bob, ada)
    notify.mute(bob, "topic:of bob")


def run(command, *arguments):
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def test_an_export_includes_every_table(life):
    found = json.loads(run("notify_export", "ada"))
    titles = [row["title"] for row in found["notifications"]]
    assert titles == ["for ada alone", "for both", "mailed"]
    assert found["notifications"][0]["body"] == "secret of ada"
    assert [row["title"] for row in found["written"]] == ["from ada"]
    assert [row["title"] for row in found["waiting_for"]] == ["tomorrow"]
    assert [row["name"] for row in found["api_tokens"]] == ["robot"]
    assert len(found["devices"]) == len(found["inbox"]) == 1
    [preference], [mute], [followed] = (
        found[name] for name in ("preferences", "mutes", "subscriptions")
    )
    assert (preference["scope"], preference["value"]) == ("category:news", False)
    assert (mute["target"], mute["until"]) == ("topic:secret of ada", None)
    assert followed["topic"] == "post:secret of ada"
    assert found["reader"][0]["quiet_start"] == "22:00:00"
    assert {row["reason"] for row in found["notifications"]} == {1}
    [item], [message], [reach] = (found[name] for name in ("outbox", "messages", "reach"))
    assert (item["notice"], item["message"]) == (found["notifications"][2]["id"], message["key"])
    assert item["repeat"] == 0
    assert message["address"] == reach["address"] == "secret of ada@example.org"
    assert "f" * 64 not in json.dumps(found)  # a secret of the server


def test_an_export_includes_nobody_else(life):
    assert "secret of ada" not in run("notify_export", "bob")


def test_erasing_leaves_no_row_that_identifies_the_person(life, ada):
    run("notify_erase", "ada", "--yes")
    for model in apps.get_app_config("notify").get_models():
        if model.__name__ in ANONYMOUS:
            continue
        for row in model._default_manager.values():
            about = {name: value for name, value in row.items() if name.endswith("user_id")}
            assert ada.pk not in about.values(), (model, row)
            assert row.get("actor_id") != ada.pk, row
            assert "ada" not in str(row.get("actor_name", "")), row
            assert row.get("sender") != f"user:{ada.pk}", row
            assert row.get("key") != "ada-key", row
            assert ada.pk not in row.get("recipients", []), row
            assert "secret of ada" not in str(row), row
    assert get_user_model().objects.filter(pk=ada.pk).exists()


def test_erasing_leaves_no_wish_of_theirs_and_no_mute_of_them(life, ada, bob):
    run("notify_erase", "ada", "--yes")
    assert not Preference.objects.exists()
    assert not Subscription.objects.exists()
    assert [(mute.user, mute.target) for mute in Mute.objects.all()] == [(bob, "topic:of bob")]


def test_the_others_in_a_batch_keep_their_reasons(ada, bob):
    group = Group.objects.create(name="crew")
    group.user_set.set([ada, bob])
    later = timezone.now() + timedelta(days=1)
    notice = notify.send(to=[ada, group], title="tomorrow", send_at=later)
    assert notice.batch_set.get().reasons == [1, 2]
    run("notify_erase", "ada", "--yes")
    batch = notice.batch_set.get()
    assert (batch.recipients, batch.reasons) == ([bob.pk], [2])


def test_erasing_takes_the_picture_off_what_the_person_sent(life, ada):
    sent = Notice.objects.filter(sender=f"user:{ada.pk}")
    sent.update(actor=ada, actor_picture="/people/ada/")
    assert "/people/ada/" in run("notify_export", "ada")
    run("notify_erase", "ada", "--yes")
    assert not Notice.objects.exclude(actor_picture="").exists()


def test_erasing_keeps_the_inboxes_of_others(life, bob):
    before = set(Notification.objects.filter(user=bob).values_list("notice__title", flat=True))
    run("notify_erase", "ada", "--yes")
    after = set(Notification.objects.filter(user=bob).values_list("notice__title", flat=True))
    assert before == after == {"for both", "from ada"}


def test_a_queued_notice_does_not_arrive_after_it(life, ada, bob):
    run("notify_erase", "ada", "--yes")
    Batch.objects.filter(state="pending").update(due=timezone.now() - timedelta(hours=1))
    run("notify_work", "--until-idle")
    assert Notice.objects.filter(notifications__user=bob, title="tomorrow").exists()
    assert not Notification.objects.filter(user=ada).exists()


def test_the_inbox_works_after_it_with_a_new_epoch(life, ada):
    epoch = Inbox.objects.get(user=ada).epoch
    run("notify_erase", "ada", "--yes")
    notify.send(to=ada, title="hello again")
    inbox = Inbox.objects.get(user=ada)
    assert (inbox.version, inbox.unread) == (1, 1)
    assert inbox.epoch != epoch


def test_erasing_asks_for_confirmation(life, ada):
    with pytest.raises(CommandError, match="--yes"):
        run("notify_erase", "ada")
    assert Notification.objects.filter(user=ada).exists()


def test_an_unknown_user_is_an_error():
    with pytest.raises(CommandError, match="no user 'nobody'"):
        run("notify_export", "nobody")


def test_what_a_person_stopped_is_exported_and_forgotten(ada, bob):
    paused = notify.send(to=bob, title="1", send_at=timezone.now() + timedelta(days=1))
    recalled = notify.send(to=bob, title="2")
    sending.pause(paused, by=ada)
    sending.recall(recalled, by=ada)
    assert [row["id"] for row in json.loads(run("notify_export", "ada"))["stopped"]] == [
        paused.pk,
        recalled.pk,
    ]
    run("notify_erase", "ada", "--yes")
    assert set(Notice.objects.values_list("recalled_by", "stopped_by")) == {("", "")}
    assert Notice.objects.filter(stopped__isnull=False).get() == paused

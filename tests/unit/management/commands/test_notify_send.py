from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError
from django.utils import timezone

from notify.models import Batch, Notice, Notification
from tests.unit.management.commands.helpers import make_people, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


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
    assert "was already sent" in run("notify_send", "--to", "ada", "--title", "T", "--key", "k")
    assert Notification.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--title", "T"], "matches no users"),
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

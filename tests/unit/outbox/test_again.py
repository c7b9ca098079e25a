"""Sending a message again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notify.models import Message, OutboxItem, Preference, Reach
from notify.outbox import claiming, recording
from notify.outbox.again import send_again
from tests.unit.inbox.helpers import deliver_many, mark, people
from tests.unit.outbox.out import due, states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced")]
HOUR_AGO = timezone.now() - timedelta(hours=1)


def message(state: str, *notices: Any, **fields: Any) -> Message:
    made = Message.objects.create(
        user=fields.pop("user"), channel="email", state=state, address="ada@example.org",
        created=HOUR_AGO, lease=HOUR_AGO, ended=HOUR_AGO, **fields,
    )  # fmt: skip
    for notice in notices:
        OutboxItem.objects.create(
            user=made.user, channel="email", notice=notice, state=state, why="550", tries=2,
            rhythm="daily", ripe=HOUR_AGO, made=HOUR_AGO, ended=HOUR_AGO, message=made,
        )  # fmt: skip
    return made


@pytest.mark.parametrize("state", ["handed", "refused", "unknown"])
def test_what_it_was_about_waits_anew_and_the_message_stays_as_it_is(state: str) -> None:
    [ada] = people(1)
    first, second = deliver_many(ada, 2)
    made = message(state, first, second, user=ada, why="550 no such user")
    Reach.objects.create(user=ada, channel="email", address="ada@example.org", closed=HOUR_AGO)
    before = timezone.now() - timedelta(seconds=1)
    assert send_again(made.pk) == 2
    for notice in (first, second):
        before_it, item = OutboxItem.objects.filter(notice=notice).order_by("repeat")
        assert (before_it.state, before_it.message, before_it.ended) == (state, made, HOUR_AGO)
        assert (item.state, item.why, item.tries, item.rhythm) == ("waiting", "", 0, "")
        assert (item.message, item.ended, item.repeat) == (None, None, 1)
        assert item.ripe > before
    made.refresh_from_db()
    assert (made.state, made.why) == (state, "550 no such user; sent again")
    assert not Reach.objects.exists()  # a closed address would refuse it again
    assert send_again(made.pk) == 0
    assert OutboxItem.objects.count() == 4


def test_the_message_that_went_again_can_be_sent_again_itself() -> None:
    [ada] = people(1)
    [notice] = deliver_many(ada, 1)
    send_again(message("handed", notice, user=ada).pk)
    again = message("handed", user=ada)
    OutboxItem.objects.filter(repeat=1).update(state="handed", message=again)
    assert send_again(again.pk) == 1
    assert list(OutboxItem.objects.order_by("pk").values_list("repeat", flat=True)) == [0, 1, 2]


@pytest.mark.usefixtures("declared")
def test_what_was_mailed_stays_so_where_it_was_read_before_it_goes_again() -> None:
    [ada] = people(1)
    notice = due(ada)
    claimed = claiming.claim(str(ada.pk), "kept")
    assert claimed is not None
    Message.objects.update(state="sending")
    recording.record(claimed.message.pk, recording.Result("hand"))
    assert send_again(claimed.message.pk) == 1
    mark(ada, "read", notice)
    assert claiming.claim(str(ada.pk), "kept") is None
    assert sorted(states(notice)) == [("handed", ""), ("skipped", "read")]
    assert claimed.message.items.get().notice == notice


@pytest.mark.usefixtures("declared")
def test_a_digest_that_is_sent_again_goes_at_once_and_is_not_the_next_one() -> None:
    [ada] = people(1)
    Preference.objects.create(user=ada, scope="all", channel="kept", value=True, rhythm="weekly")
    notice = due(ada)
    made = message("handed", user=ada)
    OutboxItem.objects.update(state="handed", rhythm="weekly", message=made, channel="kept")
    send_again(made.pk)
    claimed = claiming.claim(str(ada.pk), "kept")
    assert claimed is not None
    assert [one.item.notice for one in claimed.told] == [notice]
    assert OutboxItem.objects.get(repeat=1).rhythm == ""


@pytest.mark.parametrize("state", ["claimed", "sending", "deferred", "dropped"])
def test_what_is_under_way_or_waits_already_is_left_alone(state: str) -> None:
    [ada] = people(1)
    [notice] = deliver_many(ada, 1)
    made = message("handed", notice, user=ada)
    Message.objects.update(state=state)
    assert send_again(made.pk) == 0
    assert OutboxItem.objects.get().message == made


def test_a_message_about_nothing_any_more_or_that_is_gone_is_not_sent() -> None:
    [ada] = people(1)
    assert send_again(message("handed", user=ada).pk) == 0
    assert send_again("gone") == 0


@pytest.mark.usefixtures("declared")
def test_what_could_not_go_again_can_be_sent_again_later() -> None:
    [ada] = people(1)
    [notice] = deliver_many(ada, 1)
    made = message("refused", notice, user=ada)
    assert send_again(made.pk) == 1
    OutboxItem.objects.filter(repeat=1).update(state="skipped", why="inactive")
    assert send_again(made.pk) == 1
    assert send_again(made.pk) == 0
    assert list(OutboxItem.objects.order_by("pk").values_list("repeat", flat=True)) == [0, 1, 2]

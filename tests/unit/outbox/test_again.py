"""Sending a message again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notify.models import Message, OutboxItem, Reach
from notify.outbox.again import send_again
from tests.unit.inbox.helpers import deliver_many, people

pytestmark = pytest.mark.django_db
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
    for item in OutboxItem.objects.all():
        assert (item.state, item.why, item.tries, item.rhythm) == ("waiting", "", 0, "")
        assert (item.message, item.ended) == (None, None)
        assert item.ripe > before
    made.refresh_from_db()
    assert (made.state, made.why) == (state, "550 no such user; sent again")
    assert not Reach.objects.exists()  # a closed address would refuse it again
    assert send_again(made.pk) == 0


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

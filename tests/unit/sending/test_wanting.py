"""What people say that they want is in force at once, and told to their open pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

import notify
from notify import sending
from notify.bus.publisher import publisher
from notify.models import Mute, Notification, Place, Preference, Subscription
from tests.unit.inbox.helpers import committed, counts, deliver, key

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(publisher, "publish_preferences", lambda *what: told.append(what))
    return told


def test_each_verb_tells_the_persons_pages_what_has_changed(ada: User, told: Any) -> None:
    with committed():
        notify.prefer(ada, "category:news", value=False)
        notify.mute(ada, notify.About("order", 7), timedelta(hours=1))
        notify.follow(ada, "post:3")
        sending.set_reader(ada, {"zone": "Europe/Berlin"})
        assert told == []
    assert told == [(key(ada), name) for name in ("preferences", "mutes", "follows", "reader")]


def test_what_changes_nothing_is_not_told(ada: User, told: Any) -> None:
    with committed():
        assert not notify.unmute(ada, "actor:3")
        assert not notify.unfollow(ada, "post:3")
    assert told == []


def test_what_is_rolled_back_is_neither_stored_nor_told(ada: User, told: Any) -> None:
    with committed(), transaction.atomic():
        notify.prefer(ada.pk, "all", value=False)
        notify.mute(ada.pk, ada)
        transaction.set_rollback(True)
    assert told == []
    assert not Preference.objects.exists()
    assert not Mute.objects.exists()


def test_a_topic_reaches_those_who_follow_it_now_and_are_active(
    ada: User, bob: User, told: Any
) -> None:
    for user in (ada, bob):
        assert notify.follow(user, "post:3")
    User.objects.filter(pk=bob.pk).update(is_active=False)
    deliver(notify.topic("post:3"))
    assert counts(ada) == (1, 1)
    assert Notification.objects.count() == 1
    notify.unfollow(ada, "post:3")
    with pytest.raises(notify.EmptyAudience):
        deliver(notify.topic("post:3"))


def test_who_follows_after_the_send_but_before_its_commit_does_not_get_it(
    ada: User, bob: User, told: Any
) -> None:
    """The recipients are resolved when it is sent, with those who unfollow meanwhile."""
    notify.follow(ada, "post:3")
    with committed():
        sending.send(to=notify.topic("post:3"), title="Hello")
        notify.follow(bob, "post:3")
        notify.unfollow(ada, "post:3")
    assert list(Notification.objects.values_list("user", flat=True)) == [ada.pk]


def test_a_topic_that_is_muted_is_filed_for_who_follows_it(ada: User, told: Any) -> None:
    notify.follow(ada, "post:3")
    notify.mute(ada, notify.topic("post:3"))
    deliver(notify.topic("post:3"))
    assert Notification.objects.get().place == Place.FILED
    assert notify.unmute(ada, notify.topic("post:3"))
    deliver([notify.topic("post:3")])
    assert counts(ada) == (1, 1)


def test_a_topic_that_nobody_follows_any_more_is_gone(ada: User, told: Any) -> None:
    notify.follow(ada, "post:3")
    notify.mute(ada, notify.topic("post:3"))
    ada.delete()
    assert not Subscription.objects.exists()
    assert not Mute.objects.exists()


class OrderPacked(notify.Kind):
    number: str

    def title(self) -> str:
        return self.number

    def about(self) -> notify.About:
        return notify.About("order", self.number)


def test_a_thing_that_is_muted_is_filed_whatever_tells_of_it(
    ada: User, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OrderPacked, "key", "shop.packed")
    notify.mute(ada, notify.About("order", "A-7"))
    with committed():
        of_it = notify.send(OrderPacked(number="A-7"), to=ada)
        of_another = notify.send(OrderPacked(number="A-8"), to=ada)
    places = dict(Notification.objects.values_list("notice", "place"))
    assert places == {of_it.pk: Place.FILED, of_another.pk: Place.INBOX}
    found = notify.why(ada, of_it)
    assert found is not None
    assert (found.decision.rule, found.scope) == ("muted", "thing:order:A-7")

"""Why somebody has a notice."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

import notify
from notify.inbox.why import why
from notify.models import Mute, Notification, Place, Preference, Reason, Subscription
from notify.readers.deciding import Decision, Rule
from notify.readers.targets import topic
from tests.unit.inbox.helpers import deliver, key

pytestmark = pytest.mark.django_db


def test_it_names_the_reason_the_place_and_what_decides(ada: User, bob: User) -> None:
    Subscription.objects.create(user=ada, topic="post:3")
    Preference.objects.create(user=ada, scope="category:posts", value=False)
    notice = deliver([topic("post:3"), topic("post:4"), bob], category="posts")
    found = why(key(ada), notice.pk)
    assert (found.reason, found.topics, found.place) == (Reason.TOPIC, ("post:3",), Place.FILED)
    assert (found.decision, found.scope) == (
        Decision(False, Rule.OWN_CATEGORY),
        "category:posts",
    )
    found = why(key(bob), notice.pk)
    assert (found.reason, found.topics, found.place) == (Reason.NAME, (), Place.INBOX)
    assert (found.decision, found.scope) == (Decision(True, Rule.NOTHING), None)


@pytest.mark.parametrize(
    ("said", "scope"),
    [
        (Mute(target="category:posts"), "category:posts"),
        (Preference(scope="kind:a.kind", value=True), "kind:a.kind"),
        (Preference(scope="all", value=True), "all"),
    ],
)
def test_it_names_what_would_change_it(ada: User, said: Any, scope: str) -> None:
    said.user = ada
    said.save()
    assert why(key(ada), deliver(ada, category="posts", kind="a.kind").pk).scope == scope


def test_nobody_learns_of_what_they_do_not_have(ada: User, bob: User) -> None:
    notice = deliver(bob)
    assert why(key(ada), notice.pk) is None
    assert why(key(ada), 2**40) is None


def test_what_came_before_reasons_were_kept_has_none(ada: User) -> None:
    notice = deliver(ada)
    Notification.objects.update(reason=None)
    assert notify.why(ada, notice).reason is None

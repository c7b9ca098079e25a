from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from notify.models import Mute, Preference
from notify.readers.deciding import Wishes
from notify.readers.wishes import wishes_of
from tests.unit.inbox.helpers import key, people

pytestmark = pytest.mark.django_db


def groups() -> Iterator[Any]:
    yield User.objects.filter(is_staff=True), {}
    yield User.objects.order_by("pk")[:1], {}
    yield User.objects.none(), {}


def test_they_are_of_one_person_on_one_channel_and_now(settings: Any) -> None:
    settings.NOTIFY_GROUP_DEFAULTS = f"{__name__}.groups"
    ada, bob = people(2)
    Preference.objects.create(user=ada, scope="all", value=False)
    Preference.objects.create(user=ada, scope="all", value=True, channel="fax")
    Preference.objects.create(user=bob, scope="all", value=True, rhythm="daily")
    Preference.objects.create(user=bob, scope="kind:a", value=False, rhythm="daily")
    Mute.objects.create(user=ada, target="actor:3")
    Mute.objects.create(user=ada, target="actor:4", until=Now() - timedelta(seconds=1))
    Mute.objects.create(user=ada, target="actor:5", until=Now() + timedelta(hours=1))
    Mute.objects.create(user=bob, target="actor:6")
    targets = [f"actor:{n}" for n in range(7)]
    assert wishes_of(key(ada), "inbox", targets) == Wishes(
        {"all": False}, {"actor:3", "actor:5"}, {1}
    )
    assert wishes_of(key(bob), "inbox") == Wishes(
        {"all": True, "kind:a": False}, set(), set(), {"all": "daily"}
    )

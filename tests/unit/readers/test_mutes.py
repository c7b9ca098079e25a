from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from notify.exceptions import InvalidPreference
from notify.models import Mute
from notify.readers.mutes import mute, mutes_of, unmute
from notify.sql import database
from tests.unit.inbox.helpers import key

pytestmark = pytest.mark.django_db


def test_it_holds_for_ever_or_until_a_time_by_the_clock_of_the_database(ada: User) -> None:
    before = database.now()
    for_ever = mute(key(ada), "actor:3")
    for_an_hour = mute(key(ada), "topic:a", timedelta(hours=1))
    assert for_ever.until is None
    assert timedelta(minutes=59) < for_an_hour.until - before < timedelta(minutes=61)
    assert list(mutes_of(key(ada))) == [for_an_hour, for_ever]


def test_a_second_mute_replaces_the_time(ada: User) -> None:
    first = mute(key(ada), "actor:3", timedelta(hours=1))
    assert mute(key(ada), "actor:3").pk == first.pk
    assert mutes_of(key(ada)).get().until is None


def test_one_whose_time_has_passed_holds_no_more_and_goes_with_the_next(ada: User) -> None:
    mute(key(ada), "actor:3", timedelta(hours=1))
    Mute.objects.update(until=Now())
    assert not mutes_of(key(ada)).exists()
    mute(key(ada), "actor:4")
    assert Mute.objects.get().target == "actor:4"


@pytest.mark.parametrize(
    "until",
    [datetime(2020, 1, 1), timedelta(0), timedelta(hours=-1), timedelta.max, "tomorrow", 60],  # noqa: DTZ001
)
def test_a_time_that_has_passed_or_is_none_is_refused(ada: User, until: Any) -> None:
    with pytest.raises(InvalidPreference, match="until"):
        mute(key(ada), "actor:3", until)
    assert not Mute.objects.exists()


def test_it_is_taken_back_once(ada: User) -> None:
    mute(key(ada), "actor:3")
    assert unmute(key(ada), "actor:3")
    assert not unmute(key(ada), "actor:3")

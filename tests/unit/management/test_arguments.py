from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError
from django.utils.timezone import is_aware

from notify.management.arguments import date_and_time, duration, user_named


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
    ],
)
def test_a_duration_has_a_number_and_a_unit(text: str, value: timedelta) -> None:
    assert duration(text) == value


@pytest.mark.parametrize("wrong", ["", "7", "0d", "7w", "-1d", "1.5h", "1000000000d"])
def test_other_durations_are_refused_with_examples(wrong: str) -> None:
    with pytest.raises(ArgumentTypeError, match="Write 90s, 30m, 12h or 7d"):
        duration(wrong)


def test_a_time_without_an_offset_is_one_of_the_projects_zone() -> None:
    given = date_and_time("2031-01-31T09:00+01:00")
    assert given.isoformat() == "2031-01-31T09:00:00+01:00"
    assert is_aware(date_and_time("2031-01-31T09:00"))


@pytest.mark.parametrize("wrong", ["soon", "2031-02-31T09:00", ""])
def test_other_times_are_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(ArgumentTypeError, match="Write 2031-01-31T09:00"):
        date_and_time(wrong)


def test_a_user_is_found_by_name(ada: User) -> None:
    assert user_named("ada") == ada
    with pytest.raises(CommandError, match="no user 'nobody'"):
        user_named("nobody")

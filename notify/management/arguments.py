"""Command line arguments that several commands take: durations, times and usernames."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from notify.exceptions import UnknownUsers
from notify.sending.names import users_named

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """An argparse type: 90s, 30m, 12h or 7d."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if match is None or int(match[1]) == 0:
        raise ArgumentTypeError(f"{text!r} is not a duration. Write 90s, 30m, 12h or 7d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def date_and_time(text: str) -> datetime:
    """An argparse type: 2031-01-31T09:00+01:00. Without an offset, in the TIME_ZONE setting."""
    try:
        value = parse_datetime(text)
    except ValueError:
        value = None
    if value is None:
        raise ArgumentTypeError(f"{text!r} is not a time. Write 2031-01-31T09:00+01:00.")
    return timezone.make_aware(value) if timezone.is_naive(value) else value


def user_named(username: str) -> Any:
    """The user with this name. Raises CommandError if there is none."""
    try:
        return users_named([username])[0]
    except UnknownUsers as error:
        raise CommandError(f"There is no user {username!r}.") from error

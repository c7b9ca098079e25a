"""Times on the command line: `90s`, `30m`, `12h`, `7d`, `2031-01-31T09:00+01:00`."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """What argparse makes of such an argument."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if match is None or int(match[1]) == 0:
        raise ArgumentTypeError(f"{text!r} is no duration. Write 90s, 30m, 12h or 7d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def moment(text: str) -> datetime:
    """A date and time; without an offset, in the time zone of the settings."""
    try:
        value = parse_datetime(text)
    except ValueError:
        value = None
    if value is None:
        raise ArgumentTypeError(f"{text!r} is no time. Write 2031-01-31T09:00+01:00.")
    return timezone.make_aware(value) if timezone.is_naive(value) else value

"""Every transition of every zone of this machine, found without the code under test."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

FROM, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
STEP = timedelta(days=7)  # no zone has two transitions in a week: tested
SECOND = timedelta(seconds=1)


class Transition(NamedTuple):
    zone: ZoneInfo
    at: datetime
    """The first instant with the new offset, in UTC."""


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    found = moment.astimezone(zone).utcoffset()
    assert found is not None
    return found


def of_zone(zone: ZoneInfo, start: datetime = FROM, end: datetime = UNTIL) -> Iterator[datetime]:
    """A sample a week, and between two that differ a bisection."""
    while start < end:
        if offset(zone, start) != offset(zone, start + STEP):
            low, high = start, start + STEP
            while high - low > SECOND:
                middle = low + (high - low) // SECOND // 2 * SECOND
                if offset(zone, middle) == offset(zone, start):
                    low = middle
                else:
                    high = middle
            yield high
        start += STEP


@functools.cache
def every() -> tuple[Transition, ...]:
    """Each once: zones that had the same clock in these five years are one."""
    clocks: dict[object, tuple[ZoneInfo, list[datetime]]] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        found = list(of_zone(zone))
        clocks[offset(zone, FROM), *((at, offset(zone, at)) for at in found)] = (zone, found)
    return tuple(Transition(zone, at) for zone, found in clocks.values() for at in found)

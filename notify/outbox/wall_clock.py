"""What a wall clock in a zone of the IANA database shows, and when. Pure functions.

Differences are taken in UTC: Python subtracts two times of one zone as if it had no transitions.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
# Two transitions within it would be missed where the second takes back the first. The database has
# none from 1970 on.
_STEP = timedelta(hours=1)
_SECOND = timedelta(seconds=1)  # the resolution of transitions (RFC 8536)


def shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows, without a zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def time_shown(moment: datetime, zone: ZoneInfo) -> timedelta:
    """The time of day that the clock shows, since its midnight."""
    return since_midnight(shown(moment, zone).time())


def since_midnight(at: time) -> timedelta:
    return timedelta(
        hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond
    )


def first_transition(zone: ZoneInfo, after: datetime, until: datetime) -> datetime | None:
    """The first instant in (after, until] at which the clock jumps, in UTC. None if it does not."""
    low = after.astimezone(UTC)
    last = until.astimezone(UTC)
    before = _offset(low, zone)
    while low < last:
        high = min(low + _STEP, last)
        if _offset(high, zone) != before:
            return _change_between(low, high, zone)
        low = high
    return None


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock shows this time of this day, or a later one if it jumps
    over that; in UTC.

    Args:
        at: Without a zone.
    """
    local = datetime.combine(day, at)
    # PEP 495: in a fold the first of the two. In a gap, `fold=0` reads the clock as it went before
    # the jump and so is after it; `fold=1` is before it.
    found = local.replace(tzinfo=zone).astimezone(UTC)
    if shown(found, zone) == local:
        return found
    before = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _change_between(before, found, zone)


def exists(day: date, zone: ZoneInfo) -> bool:
    """Whether the clock shows this day at all: on the date line, some were skipped."""
    return shown(instant(day, time(12), zone), zone).date() == day


def _change_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first instant with another offset than `low` has; `high` has one."""
    before = _offset(low, zone)
    low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if _offset(middle, zone) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()

"""When what waits for a person is due: at once, or with the next digest. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from notify.outbox import wall_clock

MIN_DISTANCE = timedelta(hours=12)  # of two daily or weekly digests
_HOUR = timedelta(hours=1)


class Rhythm(StrEnum):
    """How often a person wants to hear of a category by a channel."""

    AT_ONCE = "at once"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Delivery:
    """When a person gets daily and weekly digests.

    Attributes:
        at: A time of day, without a zone.
        weekday: Of weekly ones: 0 is Monday.
    """

    at: time = time(8)
    weekday: int = 0

    def __post_init__(self) -> None:
        if self.at.tzinfo is not None:
            raise ValueError("A digest's time of day has no zone: the zone is the person's.")
        if self.weekday not in range(7):
            raise ValueError(f"A weekday is 0 (Monday) to 6 (Sunday), not {self.weekday!r}.")


def next_ripe(
    rhythm: Rhythm,
    made: datetime,
    last: datetime | None,
    zone: ZoneInfo,
    delivery: Delivery | None = None,
) -> datetime:
    """When an item is due, in UTC.

    Args:
        made: When it was made. What is due is at or after it: at once at it, a digest later.
        last: When the person's last digest of this rhythm was due. The next daily or weekly one
            has a later date in `zone`, and is at least 12 hours after it: also where the person
            has moved or has chosen another time since.
        delivery: By default at 8, on Mondays.
    """
    made, last = made.astimezone(UTC), last.astimezone(UTC) if last else None
    if rhythm is Rhythm.AT_ONCE:
        return made
    if rhythm is Rhythm.HOURLY:
        return _next_hour(made, zone)
    return _next_digest(rhythm, made, last, zone, delivery or Delivery())


def _next_hour(made: datetime, zone: ZoneInfo) -> datetime:
    """The next instant at which the clock shows a full hour."""
    moment = made
    while moment == made or _left(moment, zone) != _HOUR:
        full = moment + _left(moment, zone)
        moment = wall_clock.first_transition(zone, moment, full) or full
    return moment


def _left(moment: datetime, zone: ZoneInfo) -> timedelta:
    """Until the next full hour, if the clock does not jump before; an hour at a full one."""
    return _HOUR - wall_clock.time_shown(moment, zone) % _HOUR


def _next_digest(
    rhythm: Rhythm, made: datetime, last: datetime | None, zone: ZoneInfo, delivery: Delivery
) -> datetime:
    day = wall_clock.shown(made, zone).date()
    if last is not None:
        day = max(day, wall_clock.shown(last, zone).date() + wall_clock.DAY)
    while True:
        if rhythm is Rhythm.DAILY or day.weekday() == delivery.weekday:
            due = wall_clock.instant(_existing(day, zone), delivery.at, zone)
            if due > made and (last is None or due - last >= MIN_DISTANCE):
                return due
        day += wall_clock.DAY


def _existing(day: date, zone: ZoneInfo) -> date:
    """The day; the next one where the clock skips it."""
    while not wall_clock.exists(day, zone):
        day += wall_clock.DAY
    return day

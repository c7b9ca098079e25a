"""Quiet hours: when nothing may be handed out to a person. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notify.outbox import wall_clock

MAX_QUIET = timedelta(hours=23)
GRACE = timedelta(hours=1)  # for workers that are late


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` until before `end`, as a wall clock shows them; over midnight where `end` is
    the earlier one. None at all where both are the same.

    Raises:
        ValueError: They are longer than 23 hours, or their times have a zone.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("Quiet hours are times without a zone: the zone is the person's.")
        if self.length > MAX_QUIET:
            raise ValueError(
                f"Quiet hours from {self.start:%H:%M} to {self.end:%H:%M} are longer than 23 hours."
                " Leave an hour in which messages may go, or turn the channel off."
            )

    @property
    def length(self) -> timedelta:
        span = wall_clock.since_midnight(self.end) - wall_clock.since_midnight(self.start)
        return span % wall_clock.DAY


def is_quiet(moment: datetime, quiet: QuietHours, zone: ZoneInfo) -> bool:
    """Whether a clock in this zone shows a time of the quiet hours."""
    into = wall_clock.time_shown(moment, zone) - wall_clock.since_midnight(quiet.start)
    return into % wall_clock.DAY < quiet.length


def first_loud(now: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime:
    """The first instant after `now` at which it is not quiet, in UTC; `now` itself where it is not
    quiet now.

    The clock decides, also where it jumps: over the end in a gap, and back into the quiet hours in
    a fold.
    """
    moment = now.astimezone(UTC)
    while is_quiet(moment, quiet, zone):
        end = wall_clock.since_midnight(quiet.end)
        left = (end - wall_clock.time_shown(moment, zone)) % wall_clock.DAY
        jump = wall_clock.first_transition(zone, moment, moment + left)
        moment = jump or moment + left
    return moment


def put_off_to(ripe: datetime, now: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime | None:
    """Until when something that was due at `ripe` has to wait. None if it may go now.

    What was due in a loud hour may still go in the first hour of quiet: a worker that is a little
    late does not delay it by a night.
    """
    in_grace = now.astimezone(UTC) - ripe.astimezone(UTC) <= GRACE and not is_quiet(
        ripe, quiet, zone
    )
    if in_grace or not is_quiet(now, quiet, zone):
        return None
    return first_loud(now, quiet, zone)

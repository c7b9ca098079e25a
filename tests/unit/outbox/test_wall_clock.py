from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from notify.outbox import wall_clock
from tests.unit.outbox import transitions

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
KIRITIMATI = ZoneInfo("Pacific/Kiritimati")
SPRING = datetime(2026, 3, 29, 1, tzinfo=UTC)  # in Berlin 02:00 becomes 03:00
AUTUMN = datetime(2026, 10, 25, 1, tzinfo=UTC)  # and 03:00 becomes 02:00
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def test_the_transitions_of_the_tests_are_all() -> None:
    """A sample each day finds no other than one each week does."""
    found = transitions.every()
    assert len(found) > 300
    for zone in {one.zone for one in found}:
        days = [transitions.FROM + timedelta(days=day) for day in range(5 * 366)]
        jumps = sum(
            transitions.offset(zone, one) != transitions.offset(zone, one + timedelta(days=1))
            for one in days
            if one < transitions.UNTIL
        )
        assert jumps == len(list(transitions.of_zone(zone))), zone


def test_it_finds_every_transition_to_the_second() -> None:
    for zone, at in transitions.every():
        assert wall_clock.first_transition(zone, at - 20 * HOUR, at + 20 * HOUR) == at
        assert wall_clock.first_transition(zone, at - TICK, at) == at
        assert wall_clock.first_transition(zone, at - 37 * HOUR / 7, at + TICK) == at
        assert wall_clock.first_transition(zone, at, at + HOUR) is None
        assert wall_clock.first_transition(zone, at - HOUR, at - TICK) is None


def test_each_time_around_each_transition_is_the_first_instant_that_shows_it_or_more() -> None:
    for zone, at in transitions.every():
        for minutes in range(-150, 151, 10):
            wanted = wall_clock.shown(at, zone) + timedelta(minutes=minutes)
            found = wall_clock.instant(wanted.date(), wanted.time(), zone)
            assert wall_clock.shown(found, zone) >= wanted
            assert wall_clock.shown(found - TICK, zone) < wanted


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 29), SPRING),  # a gap: the clock jumps over it
        (date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # a fold: the first
        (date(2026, 7, 1), datetime(2026, 7, 1, 0, 30, tzinfo=UTC)),
    ],
)
def test_half_past_two_in_berlin(day: date, expected: datetime) -> None:
    assert wall_clock.instant(day, time(2, 30), BERLIN) == expected


def test_the_half_hour_of_lord_howe() -> None:
    # 2026-10-04: 02:00 +10:30 becomes 02:30 +11
    gap = wall_clock.instant(date(2026, 10, 4), time(2, 15), LORD_HOWE)
    assert gap == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)
    assert wall_clock.shown(gap, LORD_HOWE).time() == time(2, 30)
    # 2026-04-05: 02:00 +11 becomes 01:30 +10:30
    fold = wall_clock.instant(date(2026, 4, 5), time(1, 45), LORD_HOWE)
    assert fold == datetime(2026, 4, 4, 14, 45, tzinfo=UTC)


def test_the_days_that_the_date_line_took() -> None:
    assert not wall_clock.exists(date(2011, 12, 30), APIA)
    assert not wall_clock.exists(date(1994, 12, 31), KIRITIMATI)
    assert wall_clock.exists(date(2011, 12, 29), APIA)
    assert wall_clock.exists(date(2011, 12, 31), APIA)
    # Midnight of the skipped day is the midnight of the next one.
    assert wall_clock.instant(date(2011, 12, 30), time(8), APIA) == datetime(
        2011, 12, 30, 10, tzinfo=UTC
    )


def test_every_day_of_every_zone_exists_in_these_years() -> None:
    """Nobody has announced to skip one, so the tests of skipped days look back."""
    assert all(
        wall_clock.exists(at.date() + timedelta(days=days), zone)
        for zone, at in transitions.every()
        for days in (-1, 0, 1)
    )
    assert len(available_timezones()) > 400

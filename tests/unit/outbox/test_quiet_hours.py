from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.outbox.quiet_hours import QuietHours, first_loud, is_quiet, put_off_to
from tests.unit.outbox import transitions

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
KIRITIMATI = ZoneInfo("Pacific/Kiritimati")
APIA = ZoneInfo("Pacific/Apia")
NIGHT = QuietHours(time(22), time(7))
HOUR, MINUTE, TICK = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)


def at(zone: ZoneInfo, *moment: int, fold: int = 0) -> datetime:
    local = datetime(*moment, tzinfo=zone, fold=fold)  # type: ignore[arg-type]
    return local.astimezone(UTC)  # times of two zones are never equal in a fold (PEP 495)


def says_the_clock(moment: datetime, quiet: QuietHours, zone: ZoneInfo) -> bool:
    """The definition, written in another way."""
    clock = moment.astimezone(zone).time()
    if quiet.start <= quiet.end:
        return quiet.start <= clock < quiet.end
    return clock >= quiet.start or clock < quiet.end


def check(now: datetime, quiet: QuietHours, zone: ZoneInfo, samples: list[datetime]) -> None:
    """The next instant is after now, the first loud one, and the clock says so."""
    assert is_quiet(now, quiet, zone) == says_the_clock(now, quiet, zone)
    found = first_loud(now, quiet, zone)
    if not says_the_clock(now, quiet, zone):
        assert found == now
        return
    assert found > now
    assert not says_the_clock(found, quiet, zone)
    assert says_the_clock(found - TICK, quiet, zone)
    assert all(says_the_clock(one, quiet, zone) for one in samples if now < one < found)


def test_at_every_transition_of_every_zone_the_clock_decides() -> None:
    around = [timedelta(minutes=minutes) for minutes in (*range(-180, 181, 15), 360, 720, 1080)]
    for zone, jump in transitions.every():
        before, after = (jump - TICK).astimezone(zone), jump.astimezone(zone)
        ends = {
            time(2, 30),
            before.time().replace(microsecond=0),
            after.time(),
            (after + 20 * MINUTE).time(),  # in the gap or the fold, or beside it
            (after - 20 * MINUTE).time(),
        }
        samples = [jump + one for one in around]
        for end in ends:
            for start in (time(22), (after + HOUR).time()):
                try:
                    quiet = QuietHours(start, end)
                except ValueError:
                    continue
                for now in (jump - 3 * HOUR, jump - 10 * MINUTE, jump - TICK, jump):
                    check(now, quiet, zone, samples)


@given(
    st.timedeltas(timedelta(0), transitions.UNTIL - transitions.FROM),
    st.times(),
    st.floats(0, 23),
    st.sampled_from(["UTC", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana"]),
)
def test_whatever_the_time_the_clock_decides(
    since: timedelta, start: time, hours: float, name: str
) -> None:
    now = transitions.FROM + since
    end = (datetime.combine(now, start) + timedelta(hours=hours)).time()
    check(now, QuietHours(start, end), ZoneInfo(name), [])


def test_a_night_goes_over_midnight() -> None:
    assert is_quiet(at(BERLIN, 2026, 7, 1, 22), NIGHT, BERLIN)
    assert is_quiet(at(BERLIN, 2026, 7, 2, 6, 59, 59), NIGHT, BERLIN)
    assert not is_quiet(at(BERLIN, 2026, 7, 2, 7), NIGHT, BERLIN)
    assert first_loud(at(BERLIN, 2026, 7, 1, 23), NIGHT, BERLIN) == at(BERLIN, 2026, 7, 2, 7)


@pytest.mark.parametrize("name", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_the_zone_is_the_persons_and_not_that_of_the_moment(name: str) -> None:
    moment = at(BERLIN, 2026, 7, 1, 23).astimezone(ZoneInfo(name))
    assert first_loud(moment, NIGHT, BERLIN) == at(BERLIN, 2026, 7, 2, 7)


def test_the_same_start_and_end_are_no_quiet_hours() -> None:
    none = QuietHours(time(8), time(8))
    moment = at(BERLIN, 2026, 7, 1, 8)
    assert not is_quiet(moment, none, BERLIN)
    assert first_loud(moment, none, BERLIN) == moment


def test_23_hours_are_the_most() -> None:
    quiet = QuietHours(time(13), time(12))
    assert first_loud(at(BERLIN, 2026, 7, 1, 13), quiet, BERLIN) == at(BERLIN, 2026, 7, 2, 12)
    with pytest.raises(ValueError, match="23 hours"):
        QuietHours(time(13), time(12, 0, 1))


def test_the_times_have_no_zone() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        QuietHours(time(22, tzinfo=UTC), time(7))


def test_an_end_in_a_gap_is_the_jump() -> None:
    quiet = QuietHours(time(22), time(2, 30))
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC)  # 02:00 becomes 03:00
    assert first_loud(jump - HOUR, quiet, BERLIN) == jump


def test_an_end_in_a_fold_comes_twice() -> None:
    quiet = QuietHours(time(22), time(2, 30))
    first = at(BERLIN, 2026, 10, 25, 2, 30)
    second = at(BERLIN, 2026, 10, 25, 2, 30, fold=1)
    jump = datetime(2026, 10, 25, 1, tzinfo=UTC)  # 03:00 becomes 02:00
    assert first_loud(jump - 90 * MINUTE, quiet, BERLIN) == first
    assert not is_quiet(jump - MINUTE, quiet, BERLIN)
    assert first_loud(jump, quiet, BERLIN) == second


def test_quiet_hours_in_a_gap_do_not_happen() -> None:
    quiet = QuietHours(time(2, 10), time(2, 50))
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert not any(is_quiet(jump + minute * MINUTE, quiet, BERLIN) for minute in range(-90, 90))


def test_lord_howe_jumps_by_half_an_hour() -> None:
    quiet = QuietHours(time(22), time(2, 15))
    jump = datetime(2026, 10, 3, 15, 30, tzinfo=UTC)  # 02:00 becomes 02:30
    assert first_loud(jump - HOUR, quiet, LORD_HOWE) == jump
    back = datetime(2026, 4, 4, 15, tzinfo=UTC)  # 02:00 becomes 01:30
    assert first_loud(back - HOUR, quiet, LORD_HOWE) == back + 45 * MINUTE


@pytest.mark.parametrize(
    ("zone", "evening", "morning"),
    [
        (APIA, (2011, 12, 29, 23), (2011, 12, 31, 7)),
        (KIRITIMATI, (1994, 12, 30, 23), (1995, 1, 1, 7)),
    ],
)
def test_a_skipped_day_makes_the_night_no_longer(
    zone: ZoneInfo, evening: tuple[int, ...], morning: tuple[int, ...]
) -> None:
    now = at(zone, *evening)
    found = first_loud(now, NIGHT, zone)
    assert found == at(zone, *morning)
    assert found - now == 8 * HOUR


class TestPuttingOff:
    def test_what_is_due_at_night_waits_until_the_morning(self) -> None:
        ripe = at(BERLIN, 2026, 7, 1, 23)
        assert put_off_to(ripe, ripe, NIGHT, BERLIN) == at(BERLIN, 2026, 7, 2, 7)

    def test_a_worker_that_comes_in_the_morning_hands_it_out(self) -> None:
        ripe = at(BERLIN, 2026, 7, 1, 23)
        assert put_off_to(ripe, at(BERLIN, 2026, 7, 2, 7, 30), NIGHT, BERLIN) is None

    def test_a_worker_that_is_a_little_late_may_still_hand_it_out(self) -> None:
        ripe = at(BERLIN, 2026, 7, 1, 21, 59)
        assert put_off_to(ripe, at(BERLIN, 2026, 7, 1, 22, 59), NIGHT, BERLIN) is None
        late = at(BERLIN, 2026, 7, 1, 23)
        assert put_off_to(ripe, late, NIGHT, BERLIN) == at(BERLIN, 2026, 7, 2, 7)

    def test_quiet_nearly_all_day_leaves_two_hours_to_a_slow_worker(self) -> None:
        quiet = QuietHours(time(13), time(12))
        ripe = first_loud(at(BERLIN, 2026, 7, 1, 14), quiet, BERLIN)
        assert ripe == at(BERLIN, 2026, 7, 2, 12)
        assert put_off_to(ripe, ripe + HOUR, quiet, BERLIN) is None
        later = put_off_to(ripe, ripe + HOUR + TICK, quiet, BERLIN)
        assert later == ripe + 24 * HOUR

    def test_the_grace_is_an_hour_of_real_time_in_a_fold_too(self) -> None:
        """02:29 and the second 02:31 are 62 minutes apart, and Python would say two."""
        quiet = QuietHours(time(2, 30), time(7))
        ripe = at(BERLIN, 2026, 10, 25, 2, 29).astimezone(BERLIN)
        now = ripe.replace(minute=31, fold=1)
        assert put_off_to(ripe, now, quiet, BERLIN) == at(BERLIN, 2026, 10, 25, 7)

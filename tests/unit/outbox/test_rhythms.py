from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from notify.outbox import wall_clock
from notify.outbox.rhythms import MIN_DISTANCE, Delivery, Rhythm, next_ripe
from tests.unit.outbox import transitions

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
TOKYO, LISBON = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Lisbon")
HOUR, MINUTE, TICK = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)
HALF_PAST_TWO = Delivery(at=time(2, 30))
JUMP = datetime(2026, 3, 29, 1, tzinfo=UTC)  # in Berlin 02:00 becomes 03:00
BACK = datetime(2026, 10, 25, 1, tzinfo=UTC)  # and 03:00 becomes 02:00


def at(zone: ZoneInfo, *moment: int) -> datetime:
    return datetime(*moment, tzinfo=zone).astimezone(UTC)  # type: ignore[arg-type]


def test_at_once_is_when_it_is_made() -> None:
    made = at(BERLIN, 2026, 7, 1, 10)
    assert next_ripe(Rhythm.AT_ONCE, made, made, BERLIN) == made


class TestHourly:
    @pytest.mark.parametrize(
        ("zone", "made", "due"),
        [
            (BERLIN, (2026, 7, 1, 10, 0, 1), (2026, 7, 1, 11)),
            (BERLIN, (2026, 7, 1, 10), (2026, 7, 1, 11)),
            (BERLIN, (2026, 7, 1, 23, 59), (2026, 7, 2, 0)),
            (KATHMANDU, (2026, 7, 1, 10, 10), (2026, 7, 1, 11)),
        ],
    )
    def test_the_next_full_hour_of_the_persons_clock(
        self, zone: ZoneInfo, made: tuple[int, ...], due: tuple[int, ...]
    ) -> None:
        assert next_ripe(Rhythm.HOURLY, at(zone, *made), None, zone) == at(zone, *due)

    def test_a_gap_of_half_an_hour_moves_it(self) -> None:
        jump = datetime(2026, 10, 3, 15, 30, tzinfo=UTC)  # 02:00 becomes 02:30
        assert next_ripe(Rhythm.HOURLY, jump - 10 * MINUTE, None, LORD_HOWE) == jump + 30 * MINUTE

    def test_a_fold_of_half_an_hour_shows_it_later(self) -> None:
        back = datetime(2026, 4, 4, 15, tzinfo=UTC)  # 02:00 becomes 01:30
        assert next_ripe(Rhythm.HOURLY, back - 10 * MINUTE, None, LORD_HOWE) == back + 30 * MINUTE

    def test_at_every_transition_it_is_the_first_full_hour_after_it_was_made(self) -> None:
        for zone, jump in transitions.every():
            for made in (jump - 61 * MINUTE, jump - HOUR, jump - MINUTE, jump - TICK, jump):
                due = next_ripe(Rhythm.HOURLY, made, None, zone)
                assert made < due <= made + 2 * HOUR
                assert wall_clock.shown(due, zone).minute == 0
                minutes = int((due - made) / MINUTE)
                between = [due - minute * MINUTE for minute in range(1, minutes + 1)]
                assert not any(
                    wall_clock.shown(one, zone).minute == 0 for one in between if one > made
                )


class TestDaily:
    def test_it_is_todays_if_that_is_to_come(self) -> None:
        made = at(BERLIN, 2026, 7, 1, 7)
        assert next_ripe(Rhythm.DAILY, made, None, BERLIN) == at(BERLIN, 2026, 7, 1, 8)

    def test_else_tomorrows(self) -> None:
        made = at(BERLIN, 2026, 7, 1, 8)
        assert next_ripe(Rhythm.DAILY, made, None, BERLIN) == at(BERLIN, 2026, 7, 2, 8)

    def test_a_day_has_one(self) -> None:
        """Also after the time of day was changed to a later one."""
        last = at(BERLIN, 2026, 7, 1, 8)
        evening = Delivery(at=time(21))
        due = next_ripe(Rhythm.DAILY, last + HOUR, last, BERLIN, evening)
        assert due == at(BERLIN, 2026, 7, 2, 21)

    def test_two_are_12_hours_apart(self) -> None:
        last = at(BERLIN, 2026, 7, 1, 22)
        due = next_ripe(Rhythm.DAILY, last + HOUR, last, BERLIN)
        assert due == at(BERLIN, 2026, 7, 3, 8)
        last = at(BERLIN, 2026, 7, 1, 20)
        assert next_ripe(Rhythm.DAILY, last, last, BERLIN) == last + MIN_DISTANCE

    def test_in_a_gap_it_is_the_jump(self) -> None:
        due = next_ripe(Rhythm.DAILY, JUMP - 2 * HOUR, None, BERLIN, HALF_PAST_TWO)
        assert due == JUMP

    def test_in_a_fold_it_is_the_first_and_not_the_second(self) -> None:
        due = next_ripe(Rhythm.DAILY, BACK - 2 * HOUR, None, BERLIN, HALF_PAST_TWO)
        assert due == BACK - 30 * MINUTE
        again = next_ripe(Rhythm.DAILY, due + MINUTE, due, BERLIN, HALF_PAST_TWO)
        assert again == at(BERLIN, 2026, 10, 26, 2, 30)

    def test_a_flight_to_the_east_brings_no_second_one_of_a_day(self) -> None:
        last = at(LISBON, 2026, 7, 1, 8)  # in Tokyo the clock shows 16:00 then
        at_three = Delivery(at=time(3))
        due = next_ripe(Rhythm.DAILY, last + HOUR, last, TOKYO, at_three)
        assert due == at(TOKYO, 2026, 7, 3, 3)  # that of the 2nd would be 11 hours after the last

    def test_a_flight_to_the_west_brings_none_of_the_same_date(self) -> None:
        last = at(TOKYO, 2026, 7, 2, 8)  # in Lisbon the 1st, 00:00 of the 2nd
        due = next_ripe(Rhythm.DAILY, last + HOUR, last, LISBON)
        assert due == at(LISBON, 2026, 7, 3, 8)

    def test_a_skipped_day_has_none(self) -> None:
        made = at(APIA, 2011, 12, 29, 9)
        due = next_ripe(Rhythm.DAILY, made, at(APIA, 2011, 12, 29, 8), APIA)
        assert due == at(APIA, 2011, 12, 31, 8)
        assert due - made == 23 * HOUR

    def test_around_every_transition_it_is_when_the_clock_says(self) -> None:
        for zone, jump in transitions.every():
            shown = wall_clock.shown(jump, zone)
            for minutes in (-90, -20, 0, 20, 90):
                delivery = Delivery(at=(shown + timedelta(minutes=minutes)).time())
                last, late = None, False
                made = jump - 30 * HOUR
                for _ in range(4):
                    due = next_ripe(Rhythm.DAILY, made, last, zone, delivery)
                    assert due > made
                    clock, before = wall_clock.shown(due, zone), wall_clock.shown(due - TICK, zone)
                    # It shows the time for the first time, or has jumped over it.
                    wanted = datetime.combine(clock, delivery.at)
                    if clock < wanted:  # the gap goes over midnight
                        wanted -= wall_clock.DAY
                    assert before < wanted <= clock
                    if last is not None:
                        assert clock.date() > wall_clock.shown(last, zone).date()
                        assert due - last >= MIN_DISTANCE
                        assert due - last <= (50 if late else 26) * HOUR
                    late = clock.date() > wanted.date()  # it is a day without another one then
                    made, last = due + MINUTE, due


class TestWeekly:
    def test_it_is_on_its_weekday(self) -> None:
        made = at(BERLIN, 2026, 7, 1, 12)  # a Wednesday
        assert next_ripe(Rhythm.WEEKLY, made, None, BERLIN) == at(BERLIN, 2026, 7, 6, 8)
        friday = Delivery(weekday=4)
        assert next_ripe(Rhythm.WEEKLY, made, None, BERLIN, friday) == at(BERLIN, 2026, 7, 3, 8)

    def test_the_same_day_if_its_time_is_to_come(self) -> None:
        made = at(BERLIN, 2026, 7, 6, 7, 59)
        assert next_ripe(Rhythm.WEEKLY, made, None, BERLIN) == at(BERLIN, 2026, 7, 6, 8)

    def test_a_week_after_the_last(self) -> None:
        last = at(BERLIN, 2026, 7, 6, 8)
        later = Delivery(at=time(23))
        assert next_ripe(Rhythm.WEEKLY, last, last, BERLIN) == at(BERLIN, 2026, 7, 13, 8)
        assert next_ripe(Rhythm.WEEKLY, last, last, BERLIN, later) == at(BERLIN, 2026, 7, 13, 23)

    def test_another_weekday_counts_from_the_next_one(self) -> None:
        last = at(BERLIN, 2026, 7, 6, 8)
        tuesday = Delivery(weekday=1)
        assert next_ripe(Rhythm.WEEKLY, last, last, BERLIN, tuesday) == at(BERLIN, 2026, 7, 7, 8)

    def test_a_zone_that_changes_on_the_day_brings_no_second_one(self) -> None:
        last = at(TOKYO, 2026, 7, 6, 8)
        due = next_ripe(Rhythm.WEEKLY, last + HOUR, last, LISBON)
        assert due == at(LISBON, 2026, 7, 13, 8)

    def test_a_skipped_weekday_is_made_up_for_on_the_next_day(self) -> None:
        friday = Delivery(weekday=4)  # 2011-12-30 was one
        due = next_ripe(Rhythm.WEEKLY, at(APIA, 2011, 12, 28, 9), None, APIA, friday)
        assert due == at(APIA, 2011, 12, 31, 8)

    @pytest.mark.parametrize(("made", "due"), [(JUMP, JUMP), (BACK, BACK - 30 * MINUTE)])
    def test_half_past_two_on_a_sunday_of_a_jump(self, made: datetime, due: datetime) -> None:
        sunday = Delivery(at=time(2, 30), weekday=6)
        assert next_ripe(Rhythm.WEEKLY, made - 30 * HOUR, None, BERLIN, sunday) == due


@pytest.mark.parametrize("wrong", [{"weekday": 7}, {"weekday": -1}, {"at": time(8, tzinfo=UTC)}])
def test_a_delivery_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"weekday|zone"):
        Delivery(**wrong)  # type: ignore[arg-type]

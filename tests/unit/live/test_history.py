"""The last ten minutes in memory."""

from __future__ import annotations

from typing import Any

from notify import metrics
from notify.live import history
from notify.live.history import READINGS, History, merged
from tests.unit.live.fakes import FakeClock

BUCKETS = len(metrics.WRITE_DELAY.counts)


class Loop(FakeClock):
    time = FakeClock.__call__

    def call_later(self, delay, action):
        return self.call_at(self.now + delay, action)


def part(*sockets, age=0.0, deliveries=0):
    delay = [0] * BUCKETS
    delay[0] = deliveries
    return {"age": age, "readings": [[n, n, deliveries, 0, 0, *delay] for n in sockets]}


def test_it_reads_every_five_seconds_and_keeps_ten_minutes():
    loop: Any = Loop()
    kept = History(loop, type("Sockets", (list,), {"by_user": {}})([1, 2]))
    kept.start()
    metrics.DELIVERIES.add("layer", 7)
    loop.advance(5)
    assert [one[:3] for one in kept.part()["readings"]] == [[2, 0, 7]]
    loop.advance(3)
    assert kept.part()["age"] == 3
    loop.advance(3600)
    readings = kept.part()["readings"]
    assert len(readings) == READINGS
    assert readings[-1][2] == 0  # an increase, not a total
    kept.stop()
    loop.advance(60)
    assert kept.part()["age"] > 50


def test_processes_are_added_up_by_the_age_of_their_readings():
    series = merged([(0.0, part(1, 2, 3, deliveries=10)), (2.0, part(10, 20, age=3.2))])
    assert set(series) == {
        "sockets", "users", "deliveries", "gaps", "closed_now", "slow_closed", "delay_p50",
        "delay_p99",
    }  # fmt: skip
    assert series["sockets"][-4:] == [None, 11, 22, 3]
    assert series["deliveries"][-3:] == [2, 2, 2]
    assert series["delay_p99"][-1] < 0.001
    assert all(len(values) == READINGS for values in series.values())


def test_slow_readers_that_were_closed_are_a_series_and_a_sum_of_ten_minutes():
    loop: Any = Loop()
    kept = History(loop, type("Sockets", (list,), {"by_user": {}})())
    kept.start()
    metrics.CLOSED.add("4508", 10)
    metrics.CLOSED.add("1001", 5)
    assert kept.slow_closed == 10  # at once
    loop.advance(5)
    assert kept.slow_closed == 10
    series = merged([(0.0, kept.part()), (0.0, part(1))])  # beside one of an older version
    assert series["slow_closed"][-1] == 2
    assert series["closed_now"][-1] == 3
    loop.advance(history.STEP_S * READINGS)
    assert kept.slow_closed == 0


def test_what_is_older_than_ten_minutes_is_left_out():
    assert merged([(history.STEP_S * READINGS, part(1, 2))])["sockets"] == [None] * READINGS

from __future__ import annotations

import pytest

from notify.live.rates import Rates, percentile

BOUNDS = (0.01, 0.1, 1.0)


def part(**fields):
    return {
        "sockets": 1,
        "users": 1,
        "latency_p50": None,
        "layer_is_down": False,
        "deliveries": 0,
        "gaps": 0,
        "delay": [0, 0, 0, 0],
        "closed": {},
        **fields,
    }


def test_processes_are_added_up():
    figures = Rates(BOUNDS).take(
        {
            "a": part(sockets=3, users=2, latency_p50=0.3, closed={"1001": 2, "4401": 1}),
            "b": part(sockets=4, users=4, latency_p50=0.1, closed={"1001": 5, "4500": 0}),
        },
        now=0,
        own="a",
    )
    assert (figures["processes"], figures["sockets"], figures["users"]) == (2, 7, 6)
    assert figures["closed"] == {"1001": 7, "4401": 1}
    assert figures["latency_p50"] == 0.3
    assert figures["layer"] == "up"


def test_rates_are_the_increase_per_second():
    rates = Rates(BOUNDS)
    assert rates.take({"a": part(deliveries=500, gaps=7)}, now=10, own="a")["deliveries"] == 0
    figures = rates.take({"a": part(deliveries=520, gaps=8, closed={"1006": 3})}, now=12, own="a")
    assert (figures["deliveries"], figures["gaps"], figures["closed_now"]) == (10, 0.5, 1.5)


def test_slow_readers_that_were_closed_are_a_rate_of_their_own():
    rates = Rates(BOUNDS)
    rates.take({"a": part(closed={"4508": 7})}, now=10, own="a")
    figures = rates.take({"a": part(closed={"4508": 10, "1006": 1})}, now=12, own="a")
    assert (figures["slow_closed"], figures["closed_now"]) == (1.5, 2)


def test_a_process_that_starts_or_restarts_changes_nothing():
    rates = Rates(BOUNDS)
    rates.take({"a": part(deliveries=500)}, now=0, own="a")
    figures = rates.take({"a": part(deliveries=501), "b": part(deliveries=9000)}, now=1, own="a")
    assert figures["deliveries"] == 1
    assert rates.take({"b": part(deliveries=2)}, now=2, own="b")["deliveries"] == 0


def test_the_delay_is_of_the_last_ten_readings():
    rates = Rates(BOUNDS)
    rates.take({"a": part()}, now=0, own="a")
    figures = rates.take({"a": part(delay=[0, 0, 10, 0])}, now=1, own="a")
    assert figures["delay_p50"] == pytest.approx(0.55)
    for n in range(2, 11):
        figures = rates.take({"a": part(delay=[10, 0, 10, 0])}, now=n, own="a")
    assert figures["delay_p99"] == pytest.approx(0.982)
    for n in range(11, 22):
        figures = rates.take({"a": part(delay=[10, 0, 10, 0])}, now=n, own="a")
    assert figures["delay_p50"] is None


@pytest.mark.parametrize(("own", "layer"), [("a", "up"), ("b", "down")])
def test_the_layer_is_down_if_it_is_for_the_process_that_tells(own, layer):
    figures = Rates(BOUNDS).take({"a": part(), "b": part(layer_is_down=True)}, now=0, own=own)
    assert figures["layer"] == layer


@pytest.mark.parametrize(
    ("share", "counts", "value"),
    [
        (0.5, [0, 0, 0, 0], None),
        (0.5, [4, 0, 0, 0], 0.005),
        (0.99, [0, 100, 0, 0], 0.0991),
        (0.5, [1, 0, 0, 9], 1.0),
        (1.0, [1, 1, 0, 0], 0.1),
    ],
)
def test_a_percentile_is_interpolated_within_its_bucket(share, counts, value):
    found = percentile(share, counts, BOUNDS)
    assert found is None if value is None else found == pytest.approx(value)

"""Counters and histograms of this process."""

from __future__ import annotations

import pytest

from notify import metrics


@pytest.fixture(autouse=True)
def restored():
    """Metrics that a test registers are gone afterwards."""
    counters, histograms = list(metrics.counters), list(metrics.histograms)
    yield
    metrics.counters[:], metrics.histograms[:] = counters, histograms


def test_a_histogram_counts_each_number_in_the_first_bucket_that_holds_it():
    histogram = metrics.Histogram("t", "t", (1, 2))
    for value in (0.5, 1, 1.5, 3):
        histogram.observe(value)
    histogram.observe(2, n=10)
    assert histogram.counts == [2, 11, 1]
    assert histogram.total == 26


def test_known_values_are_there_before_they_count():
    counter = metrics.Counter("t", "t", "kind", known=["odd", "even"])
    assert counter.values == {"odd": 0, "even": 0}
    counter.add("odd")
    counter.add("prime")
    assert counter.values == {"odd": 1, "even": 0, "prime": 1}
    assert metrics.CLOSED.values.keys() >= {"4500", "4508"}

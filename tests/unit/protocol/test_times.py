from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from notify.protocol.times import rfc3339


def test_a_time_is_utc_with_milliseconds():
    there = timezone(timedelta(hours=2))
    assert rfc3339(datetime(2031, 1, 31, 10, 0, tzinfo=there)) == "2031-01-31T08:00:00.000Z"
    assert rfc3339(datetime(2031, 1, 31, 8, 0, 0, 7999, tzinfo=UTC)) == "2031-01-31T08:00:00.007Z"

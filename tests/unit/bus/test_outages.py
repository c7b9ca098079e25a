from __future__ import annotations

import asyncio
import time

import pytest

from notify.bus.outages import MAX_REASON, Lateness, reason


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError(), "no answer in time"),
        (ConnectionError("refused\n by it"), "ConnectionError: refused by it"),
        (ConnectionError(), "ConnectionError"),
        (ValueError("redis://:secret@h"), "ValueError: see the hosts of CHANNEL_LAYERS"),
    ],
)
def test_a_reason_is_one_line_without_passwords(error: Exception, text: str) -> None:
    assert reason(error) == text


def test_a_long_reason_is_cut() -> None:
    assert reason(OSError("x" * 10_000)) == f"OSError: {'x' * MAX_REASON}"


async def test_a_loop_that_is_blocked_is_late_by_as_much() -> None:
    lateness = Lateness()
    with lateness, lateness:
        before = lateness.seconds()
        time.sleep(0.3)  # noqa: ASYNC251  that is what a late loop is
        assert lateness.seconds() - before >= 0.2
        await asyncio.sleep(0)

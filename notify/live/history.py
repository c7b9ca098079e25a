"""The last ten minutes of this process, in memory: what the operations page shows when it opens.

A reading every five seconds copies a few numbers, whether or not somebody watches. It makes no
query and sends no message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from notify import metrics
from notify.live.rates import percentile
from notify.live.sockets import Sockets

STEP_S = 5.0
READINGS = 120


class Totals(NamedTuple):
    deliveries: int
    gaps: int
    closed: int
    delay: tuple[int, ...]  # by bucket of the histogram


class History:
    def __init__(self, loop: asyncio.AbstractEventLoop, sockets: Sockets) -> None:
        self._loop = loop
        self._sockets = sockets
        # Open sockets and users at that time; then, since the reading before: deliveries, gaps,
        # closed sockets, and delays by bucket.
        self._readings: deque[list[int]] = deque(maxlen=READINGS)
        self._before = _totals()
        self._read_at = loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._timer = self._loop.call_later(STEP_S, self._take)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def part(self) -> dict[str, Any]:
        """Plain JSON: the readings, oldest first, and the age of the last one in seconds."""
        return {
            "age": round(self._loop.time() - self._read_at, 3),
            "readings": list(self._readings),
        }

    def _take(self) -> None:
        self.start()
        now, before = _totals(), self._before
        delay = [new - old for new, old in zip(now.delay, before.delay, strict=True)]
        increases = [new - old for new, old in zip(now[:-1], before[:-1], strict=True)]
        self._readings.append([len(self._sockets), len(self._sockets.by_user), *increases, *delay])
        self._before, self._read_at = now, self._loop.time()


def merged(parts: Iterable[tuple[float, dict[str, Any]]]) -> dict[str, list[float | None]]:
    """The series of all processes together, as the figures of live operations are named.

    Args:
        parts: of each process, how many seconds ago it came, and what `History.part` returned.

    Returns:
        Series of 120 values, five seconds apart, the oldest first; None where nothing is known.
    """
    columns: list[list[list[int]]] = [[] for _ in range(READINGS)]  # the newest first
    for since, part in parts:
        offset = round((since + part["age"]) / STEP_S)
        for steps_ago, reading in enumerate(reversed(part["readings"]), offset):
            if steps_ago < READINGS:
                columns[steps_ago].append(reading)
    points = [_point([sum(values) for values in zip(*one, strict=True)]) for one in columns]
    points.reverse()
    return {name: [point.get(name) for point in points] for name in _point([0] * 6)}


def _point(sums: list[int]) -> dict[str, float | None]:
    if not sums:
        return {}
    sockets, users, deliveries, gaps, closed, *delay = sums
    return {
        "sockets": sockets,
        "users": users,
        "deliveries": round(deliveries / STEP_S, 1),
        "gaps": round(gaps / STEP_S, 1),
        "closed_now": round(closed / STEP_S, 1),
        "delay_p50": percentile(0.5, delay, metrics.WRITE_DELAY.bounds),
        "delay_p99": percentile(0.99, delay, metrics.WRITE_DELAY.bounds),
    }


def _totals() -> Totals:
    return Totals(
        metrics.DELIVERIES.values.total(),
        metrics.GAPS.values.total(),
        metrics.CLOSED.values.total(),
        tuple(metrics.WRITE_DELAY.counts),
    )

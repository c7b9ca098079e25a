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
from notify.protocol import Code

STEP_S = 5.0
READINGS = 120
_SLOW = str(int(Code.SLOW_READER))


class Totals(NamedTuple):
    deliveries: int
    gaps: int
    closed: int
    slow_closed: int  # of them, with 4508
    delay: tuple[int, ...]  # by bucket of the histogram


class History:
    def __init__(self, loop: asyncio.AbstractEventLoop, sockets: Sockets) -> None:
        self._loop = loop
        self._sockets = sockets
        # Open sockets and users at that time; then, since the reading before: deliveries, gaps,
        # closed sockets, and delays by bucket.
        self._readings: deque[list[int]] = deque(maxlen=READINGS)
        self._slow_closed: deque[int] = deque(maxlen=READINGS)
        self._before = _totals()
        self._read_at = loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._timer = self._loop.call_later(STEP_S, self._take)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def part(self) -> dict[str, Any]:
        """Plain JSON: the readings, oldest first, and the age of the last one in seconds.

        `slow_closed` stands beside them: processes of an older version count the values of a
        reading.
        """
        return {
            "age": round(self._loop.time() - self._read_at, 3),
            "readings": list(self._readings),
            "slow_closed": list(self._slow_closed),
        }

    @property
    def slow_closed(self) -> int:
        """Sockets closed as slow readers, in about the last ten minutes."""
        return sum(self._slow_closed) + _totals().slow_closed - self._before.slow_closed

    def _take(self) -> None:
        self.start()
        now, before = _totals(), self._before
        delay = [new - old for new, old in zip(now.delay, before.delay, strict=True)]
        increases = [new - old for new, old in zip(now[:3], before[:3], strict=True)]
        self._readings.append([len(self._sockets), len(self._sockets.by_user), *increases, *delay])
        self._slow_closed.append(now.slow_closed - before.slow_closed)
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
        slow_closed = part.get("slow_closed", [0] * len(part["readings"]))  # an older version
        readings = zip(reversed(slow_closed), reversed(part["readings"]), strict=True)
        for steps_ago, (slow, reading) in enumerate(readings, offset):
            if steps_ago < READINGS:
                columns[steps_ago].append([slow, *reading])
    points = [_point([sum(values) for values in zip(*one, strict=True)]) for one in columns]
    points.reverse()
    return {name: [point.get(name) for point in points] for name in _point([0] * 7)}


def _point(sums: list[int]) -> dict[str, float | None]:
    if not sums:
        return {}
    slow_closed, sockets, users, deliveries, gaps, closed, *delay = sums
    return {
        "sockets": sockets,
        "users": users,
        "deliveries": round(deliveries / STEP_S, 1),
        "gaps": round(gaps / STEP_S, 1),
        "closed_now": round(closed / STEP_S, 1),
        "slow_closed": round(slow_closed / STEP_S, 1),
        "delay_p50": percentile(0.5, delay, metrics.WRITE_DELAY.bounds),
        "delay_p99": percentile(0.99, delay, metrics.WRITE_DELAY.bounds),
    }


def _totals() -> Totals:
    return Totals(
        metrics.DELIVERIES.values.total(),
        metrics.GAPS.values.total(),
        metrics.CLOSED.values.total(),
        metrics.CLOSED.values[_SLOW],
        tuple(metrics.WRITE_DELAY.counts),
    )

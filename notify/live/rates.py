"""The figures of the operations page: the counters of all processes, as rates per second.

Counters only go up. The rate is the difference to the previous reading of the same process, so that
a process that starts or ends changes nothing but its own share.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

from notify import metrics
from notify.live.sockets import Sockets
from notify.protocol import Code

# The percentiles of the delay are over so many readings, a second apart: one alone has few values.
DELAY_READINGS = 10

Part = dict[str, Any]
_SLOW = str(int(Code.SLOW_READER))


def part_of(sockets: Sockets, *, layer_is_down: bool) -> Part:
    """This process now: its open sockets, and its counters since it started. Plain JSON."""
    connections = sockets.all()
    latencies = sorted(one.latency for one in connections if one.latency is not None)
    return {
        "sockets": len(connections),
        "users": len(sockets.users),
        "latency_p50": latencies[len(latencies) // 2] if latencies else None,
        "layer_is_down": layer_is_down,
        "deliveries": metrics.DELIVERIES.values.total(),
        "gaps": metrics.GAPS.values.total(),  # without `connect`: a first reading closes no gap
        "delay": list(metrics.WRITE_DELAY.counts),
        "closed": dict(metrics.CLOSED.values),
    }


class Rates:
    """Turns readings of all processes into figures. `bounds` are those of the delay's histogram."""

    def __init__(self, bounds: Sequence[float] = metrics.WRITE_DELAY.bounds) -> None:
        self._bounds = bounds
        self._before: dict[str, Part] = {}
        self._delays: deque[list[int]] = deque(maxlen=DELAY_READINGS)
        self._read_at: float | None = None

    def take(self, parts: Mapping[str, Part], now: float, own: str) -> dict[str, Any]:
        """Takes the parts of all processes. Returns the figures of the time since the last call.

        `parts` is keyed by process, of which `own` is this one: the layer is down if it is for this
        process. `now` is in seconds of a monotonic clock.
        """
        seconds = max(0.1, now - self._read_at) if self._read_at is not None else 1.0
        self._read_at = now
        increases = [_increase(self._before.get(name, part), part) for name, part in parts.items()]
        self._before = dict(parts)
        self._delays.append(
            [sum(column) for column in zip(*(one["delay"] for one in increases), strict=True)]
        )
        delay = [sum(column) for column in zip(*self._delays, strict=True)]
        latencies = sorted(p["latency_p50"] for p in parts.values() if p["latency_p50"] is not None)
        closed: Counter[str] = Counter()
        for part in parts.values():
            closed.update(part["closed"])
        return {
            "processes": len(parts),
            "sockets": sum(part["sockets"] for part in parts.values()),
            "users": sum(part["users"] for part in parts.values()),
            "layer": "down" if parts[own]["layer_is_down"] else "up",
            "latency_p50": latencies[len(latencies) // 2] if latencies else None,
            "deliveries": round(sum(one["deliveries"] for one in increases) / seconds, 1),
            "gaps": round(sum(one["gaps"] for one in increases) / seconds, 1),
            "delay_p50": percentile(0.5, delay, self._bounds),
            "delay_p99": percentile(0.99, delay, self._bounds),
            "closed": dict(sorted((+closed).items())),
            "closed_now": round(sum(one["closed"] for one in increases) / seconds, 1),
            "slow_closed": round(sum(one["slow_closed"] for one in increases) / seconds, 1),
        }


def percentile(share: float, counts: Sequence[int], bounds: Sequence[float]) -> float | None:
    """A percentile of a histogram, interpolated linearly within its bucket.

    Args:
        share: from 0 to 1; 0.5 is the median.
        counts: per bucket; the last is for values above all bounds.
        bounds: of the buckets, in seconds.

    Returns:
        Seconds; the last bound if the percentile is above it; None if nothing was counted.
    """
    rank = share * sum(counts)
    if not rank:
        return None
    below, lower = 0, 0.0
    for count, upper in zip(counts, bounds, strict=False):
        if count and below + count >= rank:
            return lower + (upper - lower) * (rank - below) / count
        below, lower = below + count, upper
    return bounds[-1]


def _increase(before: Part, part: Part) -> dict[str, Any]:
    return {
        "deliveries": max(0, part["deliveries"] - before["deliveries"]),
        "gaps": max(0, part["gaps"] - before["gaps"]),
        "delay": [
            max(0, new - old) for new, old in zip(part["delay"], before["delay"], strict=True)
        ],
        "closed": max(0, sum(part["closed"].values()) - sum(before["closed"].values())),
        "slow_closed": max(0, part["closed"].get(_SLOW, 0) - before["closed"].get(_SLOW, 0)),
    }

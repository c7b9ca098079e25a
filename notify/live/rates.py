"""What the operations page shows: each process's counters, made into figures per second of all.

Counters only rise. What happened in a second is the difference to the reading before, process by
process, so that one that comes or goes moves nothing but its own share.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from notify import metrics

if TYPE_CHECKING:
    from notify.live.hub import Hub

# Over so many readings, a second apart, are the percentiles of the delay: one alone has few.
DELAY_READINGS = 10

Part = dict[str, Any]


def part_of(hub: Hub) -> Part:
    """This process now: what is open, and what it has counted since it began. Plain JSON."""
    connections = hub.connections()
    latencies = sorted(one.latency for one in connections if one.latency is not None)
    return {
        "sockets": len(connections),
        "users": len(hub.users),
        "latency_p50": latencies[len(latencies) // 2] if latencies else None,
        "layer_is_down": hub.layer.is_down,
        "deliveries": metrics.DELIVERIES.values.total(),
        # A first reading is no healed gap: `connect` is not among them.
        "gaps": metrics.GAPS.values.total(),
        "delay": list(metrics.WRITE_DELAY.counts),
        "closed": dict(metrics.CLOSED.values),
    }


class Rates:
    """Readings of all processes in, figures out; `bounds` are those of the delay's histogram."""

    def __init__(self, bounds: Sequence[float] = metrics.WRITE_DELAY.bounds) -> None:
        self._bounds = bounds
        self._before: dict[str, Part] = {}
        self._delays: deque[list[int]] = deque(maxlen=DELAY_READINGS)
        self._read_at: float | None = None

    def take(self, parts: Mapping[str, Part], now: float) -> dict[str, Any]:
        """`parts` by process; `now` in seconds of a clock that never goes back."""
        seconds = max(0.1, now - self._read_at) if self._read_at is not None else 1.0
        self._read_at = now
        risen = [_risen(self._before.get(name, part), part) for name, part in parts.items()]
        self._before = dict(parts)
        self._delays.append(
            [sum(column) for column in zip(*(one["delay"] for one in risen), strict=True)]
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
            "layer": "down" if any(part["layer_is_down"] for part in parts.values()) else "up",
            "latency_p50": latencies[len(latencies) // 2] if latencies else None,
            "deliveries": round(sum(one["deliveries"] for one in risen) / seconds, 1),
            "gaps": round(sum(one["gaps"] for one in risen) / seconds, 1),
            "delay_p50": percentile(0.5, delay, self._bounds),
            "delay_p99": percentile(0.99, delay, self._bounds),
            "closed": dict(sorted(closed.items())),
            "closed_now": sum(one["closed"] for one in risen),
        }


def percentile(share: float, counts: Sequence[int], bounds: Sequence[float]) -> float | None:
    """The value (in seconds) that `share` of what a histogram counted is not above, taken as
    spread evenly within its bucket; the last bound for what is above all. None of nothing."""
    wanted = share * sum(counts)
    if not wanted:
        return None
    below, lower = 0, 0.0
    for count, upper in zip(counts, bounds, strict=False):
        if count and below + count >= wanted:
            return lower + (upper - lower) * (wanted - below) / count
        below, lower = below + count, upper
    return bounds[-1]


def _risen(before: Part, part: Part) -> dict[str, Any]:
    return {
        "deliveries": max(0, part["deliveries"] - before["deliveries"]),
        "gaps": max(0, part["gaps"] - before["gaps"]),
        "delay": [
            max(0, new - old) for new, old in zip(part["delay"], before["delay"], strict=True)
        ],
        "closed": max(0, sum(part["closed"].values()) - sum(before["closed"].values())),
    }

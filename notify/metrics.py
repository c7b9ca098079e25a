"""What this process counts: plain numbers, so that counting costs next to nothing and needs no
library. /metrics shows them (web/probes/metrics.py), in the words of Prometheus.

Nearly all of it happens in the event loop; where a thread counts too, it may be a little inexact.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Sequence


class Counter:
    """Goes up. `label` is the name of what it is broken down by, or empty."""

    def __init__(self, name: str, about: str, label: str = "") -> None:
        self.name = name
        self.about = about
        self.label = label
        self.values: Tally[str] = Tally()
        if not label:
            self.values[""] = 0
        counters.append(self)

    def add(self, value: str = "", n: int = 1) -> None:
        self.values[value] += n


class Histogram:
    """How often a number was at most so big. `bounds` are in seconds, ascending."""

    def __init__(self, name: str, about: str, bounds: Sequence[float]) -> None:
        self.name = name
        self.about = about
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)  # the last: above all bounds
        self.total = 0.0
        histograms.append(self)

    def observe(self, value: float, n: int = 1) -> None:
        """Counts `value` `n` times."""
        self.counts[bisect_left(self.bounds, value)] += n
        self.total += value * n


counters: list[Counter] = []
histograms: list[Histogram] = []

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SLOW = (0.1, 0.5, 1, 2.5, 5, 10, 15, 20, 25, 30, 45, 60, 120, 300)

# process: a hint of this process; layer: of another; connect: the first frames of a socket;
# hint, sweep, client, resumed: read from the database, by what noticed that something was missing.
DELIVERIES = Counter("notify_deliveries", "Inbox frames queued for sockets, by way.", "way")
GAPS = Counter("notify_gaps_healed", "Sockets that had missed something, by what noticed it.", "by")
WRITE_DELAY = Histogram(
    "notify_write_delay_seconds",
    "From a commit to its frames being written to the sockets, of changes that hints brought.",
    _QUICK,
)
ACKNOWLEDGE_DELAY = Histogram(
    "notify_acknowledge_delay_seconds",
    "From a commit to the client's word that it has applied it. Clients say so in each pong, so "
    "the ping interval is in it.",
    _SLOW,
)
LATENCY = Histogram("notify_latency_seconds", "Round trip of a ping, by its pong.", _QUICK)
# deployment: of others who use the same layer, or of a version that did not say; version: of
# another version of us; unreadable: anything else.
HINTS_DROPPED = Counter(
    "notify_hints_dropped", "Hints of the channel layer that were not used.", "reason"
)
OPENED = Counter("notify_sockets_opened", "Sockets that were accepted and authenticated.")
CLOSED = Counter("notify_sockets_closed", "Sockets that ended, by close code.", "code")
REFUSED = Counter("notify_handshakes_refused", "Handshakes that were refused.", "reason")
FRAMES_REFUSED = Counter(
    "notify_frames_refused", "Frames of clients that were answered by `error`.", "code"
)
STALLS = Counter("notify_loop_stalls", "Times that the event loop did not turn for 10 s.")

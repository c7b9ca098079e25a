"""The counters of this process: plain numbers, so that counting is cheap and needs no library.

/metrics shows them in Prometheus's format (web/probes/metrics.py). Nearly all are counted in the
event loop; where a thread counts too, a number may be slightly inexact. Figures that are measured
when somebody asks are in figures.py.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence

from notify.metrics import figures


class Counter:
    """A number that only grows. `label` names what it is broken down by; it may be empty. `known`
    values of the label are there from the start, so that their first increase is seen as one."""

    def __init__(self, name: str, about: str, label: str = "", known: Iterable[str] = ()) -> None:
        self.name = name
        self.about = about
        self.label = label
        self.values: Tally[str] = Tally(dict.fromkeys(known if label else [""], 0))
        counters.append(self)

    def add(self, value: str = "", n: int = 1) -> None:
        self.values[value] += n


class Histogram:
    """How many values were at most as large as each bound. `bounds` are in seconds, ascending."""

    def __init__(self, name: str, about: str, bounds: Sequence[float]) -> None:
        self.name = name
        self.about = about
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)  # the last one counts values above all bounds
        self.total = 0.0
        histograms.append(self)

    def observe(self, value: float, n: int = 1) -> None:
        """Counts `value` `n` times."""
        self.counts[bisect_left(self.bounds, value)] += n
        self.total += value * n


class Recent:
    """How many different keys were noted within the last `period_s` seconds. Thread-safe."""

    def __init__(self, period_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._period_s = period_s
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: dict[str, float] = {}  # when, by key; the oldest first

    def note(self, key: str) -> None:
        with self._lock:
            self._noted.pop(key, None)
            self._noted[key] = self._clock()
            self._forget()

    def __len__(self) -> int:
        with self._lock:
            self._forget()
            return len(self._noted)

    def _forget(self) -> None:
        oldest = self._clock() - self._period_s
        while self._noted:
            key, at = next(iter(self._noted.items()))
            if at > oldest:
                return
            del self._noted[key]


counters: list[Counter] = []
histograms: list[Histogram] = []

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SLOW = (0.1, 0.5, 1, 2.5, 5, 10, 15, 20, 25, 30, 45, 60, 120, 300)

# process: a hint of this process; layer: a hint of another; connect: the first frames of a socket;
# hint, sweep, client, resumed: read from the database, by what noticed the gap.
DELIVERIES = Counter("notify_deliveries", "Inbox frames queued for sockets, by way.", "way")
GAPS = Counter("notify_gaps_healed", "Sockets that had missed a change, by what noticed it.", "by")
WRITE_DELAY = Histogram(
    "notify_write_delay_seconds",
    "From a commit to the writing of its frames to the sockets, for changes known by a hint.",
    _QUICK,
)
ACKNOWLEDGE_DELAY = Histogram(
    "notify_acknowledge_delay_seconds",
    "From a commit to the client's acknowledgement. Clients acknowledge in each pong, so it "
    "includes the ping interval.",
    _SLOW,
)
LATENCY = Histogram("notify_latency_seconds", "Round trip of a ping and its pong.", _QUICK)
# deployment: of another deployment on the same layer, or of a version that did not name one;
# version: of another version of notify; unreadable: anything else.
HINTS_DROPPED = Counter(
    "notify_hints_dropped", "Hints of the channel layer that were not used.", "reason"
)
OPENED = Counter("notify_sockets_opened", "Sockets that were accepted and authenticated.")
CLOSED = Counter(
    "notify_sockets_closed", "Sockets that ended, by close code.", "code", figures.CLOSE_CODES
)
REFUSED = Counter(
    "notify_handshakes_refused",
    "Handshakes that were refused.",
    "reason",
    [one.name for one in figures.REFUSED],
)
# frames: of a client; sockets: of a process or an address; sockets_per_user: the oldest was closed;
# requests, searches, tests: over HTTP.
LIMITS = Counter(
    "notify_limits_hit",
    "How often a limit was reached.",
    "limit",
    [one.name for one in figures.LIMITS],
)
FRAMES_REFUSED = Counter(
    "notify_frames_refused", "Client frames that were answered with an `error` frame.", "code"
)
LOG_LINES = Counter(
    "notify_log_lines",
    "Warnings and errors that notify's loggers wrote.",
    "level",
    ["warning", "error"],
)
STALLS = Counter("notify_loop_stalls", "How often the event loop was blocked for 10 s.")

# Users who poll changes over HTTP, because they cannot have a socket.
POLLING = Recent(60.0)

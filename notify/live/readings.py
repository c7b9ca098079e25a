"""What this process knows of itself, for live operations and /metrics.

Everything is measured when somebody asks, and nothing before.
"""

from __future__ import annotations

import heapq
import os
import socket
import time
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

from notify import __version__, metrics
from notify.bus.listener import Listener
from notify.bus.publisher import publisher
from notify.live.connection import PING_ABOVE_BYTES
from notify.live.history import History
from notify.live.rates import Part, part_of
from notify.live.sockets import Sockets
from notify.live.sweep import Sweep
from notify.live.workers import Workers
from notify.metrics.log_lines import log_lines

USERS_TOLD = 50  # with the most sockets, so that the sums of all processes are right
SLOW_TOLD = 5
_STATM = Path("/proc/self/statm")
_started_at = time.monotonic()


class Readings:
    """`is_draining` tells whether the process is shutting down."""

    def __init__(
        self,
        sockets: Sockets,
        layer: Listener,
        sweep: Sweep,
        workers: Workers,
        *,
        history: History,
        is_draining: Callable[[], bool],
    ) -> None:
        self._sockets = sockets
        self._layer = layer
        self._sweep = sweep
        self._workers = workers
        self._history = history
        self._is_draining = is_draining

    def figures(self) -> dict[str, float]:
        """By the name of their metric; without those that are not known yet."""
        found = {
            **without_sockets(),
            "notify_sockets": len(self._sockets),
            "notify_users": len(self._sockets.by_user),
            "notify_slow_sockets": len(self._slow_sockets()),
            "notify_slow_sockets_closed_recently": self._history.slow_closed,
            "notify_sweep_lag_seconds": round(self._sweep.lag, 3),
            "notify_layer_up": not self.layer_is_down,
            "notify_layer_latency_seconds": self._layer.latency,
            "notify_database_latency_seconds": self._database_latency,
            "notify_workers": len(self._workers),
            "notify_workers_busy": self._workers.busy,
            "notify_draining": self._is_draining(),
        }
        return {name: float(value) for name, value in found.items() if value is not None}

    def part(self) -> Part:
        """The part of this process in live operations. Plain JSON."""
        by_user = self._sockets.by_user
        most = heapq.nlargest(USERS_TOLD, by_user, key=lambda user: len(by_user[user]))
        return {
            **part_of(self._sockets, layer_is_down=self.layer_is_down),
            **every_process(),
            "figures": self.figures(),
            "refused": dict(metrics.REFUSED.values),
            "limits": dict(metrics.LIMITS.values),
            "slow_sockets": heapq.nlargest(SLOW_TOLD, self._slow_sockets(), key=itemgetter(1)),
            "most_sockets": {user: len(by_user[user]) for user in most},
        }

    def _slow_sockets(self) -> list[tuple[str, int]]:
        """Of each, its user and how many bytes its client has not confirmed."""
        unconfirmed = ((one.user, one.unacknowledged_bytes) for one in self._sockets.all())
        return [(user, size) for user, size in unconfirmed if size > PING_ABOVE_BYTES]

    @property
    def _database_latency(self) -> float | None:
        known = (self._sweep.database_latency, self._workers.database_latency)
        return max((one for one in known if one is not None), default=None)

    @property
    def layer_is_down(self) -> bool:
        return self._layer.is_down or publisher.paused


def every_process() -> dict[str, Any]:
    """What every process tells those who watch: its name, and its last warnings and errors."""
    return {
        "name": f"{socket.gethostname()}:{os.getpid()}",
        "version": __version__,
        "log": log_lines.lines(),
    }


def without_sockets() -> dict[str, Any]:
    """The figures that a process without sockets has, too; None for what cannot be known."""
    return {
        "notify_uptime_seconds": round(time.monotonic() - _started_at, 1),
        "notify_polling_users": len(metrics.POLLING),
        "process_resident_memory_bytes": _resident_bytes(),
        "notify_layer_up": not publisher.paused,
        "notify_sockets": 0,
        "notify_users": 0,
        "notify_draining": 0,
    }


def _resident_bytes() -> int | None:
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux
        return None

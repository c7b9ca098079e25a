"""A process of `manage.py notify_work` in live operations: it answers while somebody watches.

It hears what is asked of workers and no other hint. While nobody watches it sends a probe a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from notify.bus.groups import WORKERS
from notify.bus.hints import Hint
from notify.bus.listener import Listener
from notify.bus.loop_thread import start_loop, stop_loop
from notify.bus.publisher import publisher
from notify.live.feeds import OPERATIONS
from notify.live.parts import MIN_INTERVAL_S
from notify.live.rates import Part
from notify.live.readings import every_process, without_sockets
from notify.metrics.figures import OF_WORKER
from notify.sending.working import Worker
from notify.sql import database

LOOK_S = 1.0
PROBE_S = 60.0
STOP_LIMIT_S = 3.0
FIGURES = {figure.name for figure in OF_WORKER}


@contextmanager
def present(worker: Worker) -> Iterator[None]:
    """Lists this process among the workers, unless the channel layer ends at this process."""
    presence = Presence(worker)
    if not presence.layer.hears_others:
        yield
        return
    loop = start_loop("notify-presence")
    loop.call_soon_threadsafe(presence.start)
    try:
        yield
    finally:
        stopping = asyncio.run_coroutine_threadsafe(presence.stop(), loop)
        with contextlib.suppress(TimeoutError):
            stopping.result(STOP_LIMIT_S)
        stop_loop(loop)


class Presence:
    """Runs in an event loop of its own, which waits for no query."""

    def __init__(self, worker: Worker, clock: Callable[[], float] = time.monotonic):
        self.layer = Listener(self.receive, _nothing, _nothing, WORKERS)
        self._worker = worker
        self._clock = clock
        self._probed_at = clock()
        self._answered_at = -MIN_INTERVAL_S
        self._answer_holds_until = -MIN_INTERVAL_S
        self._looking: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self.layer.start()
        self._look()

    async def stop(self) -> None:
        """Tells those who watch that the process ends."""
        if self._looking is not None:
            self._looking.cancel()
        if self._clock() < self._answer_holds_until:
            publisher.publish_part(OPERATIONS, self.part(is_ending=True))
        await self.layer.stop()

    def _look(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(LOOK_S, self._look)
        deployment = database.deployment()  # as the worker's last query found it
        if deployment is not None:
            self.layer.belong_to(deployment)
        if self.layer.is_down or self._clock() - self._probed_at >= PROBE_S:
            self._probed_at = self._clock()
            self.layer.probe()

    def receive(self, hint: Hint) -> None:
        now = self._clock()
        if hint["type"] != "notify.ask" or hint["topic"] != OPERATIONS:
            return
        self._answer_holds_until = max(self._answer_holds_until, now + hint.get("holds", 0.0))
        if now - self._answered_at >= MIN_INTERVAL_S:  # an answer goes to all who watch
            self._answered_at = now
            publisher.publish_part(OPERATIONS, self.part())

    def part(self, *, is_ending: bool = False) -> Part:
        """Plain JSON. Without sockets, so that it is not taken for a server's."""
        found = {
            **without_sockets(),
            "notify_layer_up": not self.layer.is_down,
            "notify_layer_latency_seconds": self.layer.latency,
            "notify_database_latency_seconds": self._worker.database_latency,
            "notify_workers_busy": self._worker.is_busy,
            "notify_draining": is_ending,
        }
        known = {name: float(value) for name, value in found.items() if value is not None}
        return {
            **every_process(),
            "figures": {name: value for name, value in known.items() if name in FIGURES},
        }


def _nothing(*_: Any) -> None:
    pass

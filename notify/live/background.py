"""Background work of this process: tasks that nobody awaits, and delayed work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Background:
    """A failure of a task is logged; the next sweep makes up for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        """The number of tasks that have not ended."""
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs the coroutine as a task."""
        task = self._loop.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def later(self, name: str, work: Callable[[], Coroutine[Any, Any, None]], delay: float) -> None:
        """Spawns the work after `delay` seconds, unless work of this name is scheduled already."""
        if name in self._timers:
            return

        def run() -> None:
            del self._timers[name]
            self.spawn(work())

        self._timers[name] = self._loop.call_later(delay, run)

    async def stop(self) -> None:
        """Cancels everything."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:
        logger.warning("Background work failed: %r", error, exc_info=True)

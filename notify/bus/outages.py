"""Outages of the channel layer: their reason, and the late event loop that only looks like one."""

from __future__ import annotations

import asyncio
from types import TracebackType

TICK_S = 0.05
MAX_REASON = 200  # characters


def reason(error: BaseException) -> str:
    """The error in one line, for the log. It has no password: drivers tell host and port, but a
    URL that cannot be read is quoted in part, so of that only its kind is told."""
    name = type(error).__name__
    if isinstance(error, ValueError):
        return f"{name}: see the hosts of CHANNEL_LAYERS"
    text = " ".join(str(error).split())[:MAX_REASON]
    if isinstance(error, TimeoutError) and not text:
        return "no answer in time"
    return f"{name}: {text}" if text else name


class Lateness:
    """Adds up the time by which the running event loop is late, while anybody is inside of it
    (`with`).

    A time limit in a loop that is late says nothing of the other side: the answer may have come
    long ago, and waits for its turn.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._seconds = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        self._inside += 1
        if self._inside == 1:
            self._start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._inside -= 1
        if self._inside == 0 and self._timer is not None:
            self._timer.cancel()

    def seconds(self) -> float:
        """Until now. Only differences mean something."""
        return self._seconds + max(0.0, asyncio.get_running_loop().time() - self._due)

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + TICK_S
        self._timer = loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        self._seconds = self.seconds()
        self._start()

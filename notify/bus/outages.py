"""Outages of the channel layer: the reason, for the log, and late event loops, which look alike."""

from __future__ import annotations

import asyncio
from types import TracebackType

LOG_INTERVAL_S = 60.0  # between two log lines about the same problem
TICK_S = 0.05
MAX_REASON = 200  # characters


def reason(error: BaseException) -> str:
    """The error in one line, for the log, without passwords.

    Drivers name host and port only, but a ValueError quotes a part of the URL that it could not
    parse, so of that one the text is left out.
    """
    name = type(error).__name__
    if isinstance(error, ValueError):
        return f"{name}: see the hosts of CHANNEL_LAYERS"
    text = " ".join(str(error).split())[:MAX_REASON]
    if isinstance(error, TimeoutError) and not text:
        return "no answer in time"
    return f"{name}: {text}" if text else name


class Lateness:
    """Adds up by how much the running event loop is late, while inside `with` in any task.

    A timeout in a late loop says nothing about the other side: the answer may have come long ago
    and still be waiting for its turn.
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
        """The total until now; only differences between two calls have a meaning."""
        return self._seconds + max(0.0, asyncio.get_running_loop().time() - self._due)

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + TICK_S
        self._timer = loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        self._seconds = self.seconds()
        self._start()

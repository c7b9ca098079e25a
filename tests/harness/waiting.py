"""Waiting for a condition, with a deadline: never a sleep and a hope."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from inspect import isawaitable
from typing import Any, TypeVar

Answer = TypeVar("Answer")

POLL_INTERVAL = 0.02


def deadline(seconds: float) -> float:
    """A time-out in seconds: three times as long in CI, whose two cores have much to do."""
    return seconds * 3 if os.environ.get("CI") else seconds


def eventually(
    condition: Callable[[], Answer], seconds: float = 10, *, what: str = "the condition"
) -> Answer:
    """Calls `condition` until its answer is true, and returns that answer.

    Raises TimeoutError after `deadline(seconds)`.
    """
    end = time.monotonic() + deadline(seconds)
    while not (answer := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come true in {deadline(seconds)} s")
        time.sleep(POLL_INTERVAL)
    return answer


async def aeventually(
    condition: Callable[[], Any], seconds: float = 10, *, what: str = "the condition"
) -> Any:
    """As `eventually`, in an event loop; `condition` may be a coroutine function."""
    end = time.monotonic() + deadline(seconds)
    while True:
        answer = condition()
        if isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come true in {deadline(seconds)} s")
        await asyncio.sleep(POLL_INTERVAL)

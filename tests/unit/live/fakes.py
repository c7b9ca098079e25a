"""What a socket needs around it, without one: a clock, timers and an ASGI `send`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from notify.access.authentication import Identity
from notify.changes import Cursor, Locale
from notify.live.connection import Connection
from notify.live.hub import Hub

BEGINNING = Cursor("e1", 0)
ENGLISH = Locale("en", "UTC")
DEPLOYMENT = "tests"  # of the fixture `hub`


class FakeClock:
    """Seconds that pass only when a test says so. Runs the callbacks that are due."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._calls: list[tuple[float, int, FakeTimer]] = []
        self._order = count()

    def __call__(self) -> float:
        return self.now

    def call_at(self, when: float, action: Callable[[], None]) -> Any:
        timer = FakeTimer(when, action)
        heappush(self._calls, (when, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self._calls and self._calls[0][0] <= end:
            when, _, timer = heappop(self._calls)
            self.now = max(self.now, when)
            if not timer.cancelled:
                timer.action()
        self.now = end


class FakeTimer:
    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self._when = when
        self.action = action
        self.cancelled = False

    def when(self) -> float:
        return self._when

    def cancel(self) -> None:
        self.cancelled = True


class Wire:
    """An ASGI `send` that keeps the messages; `stall` makes it wait."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.flowing = asyncio.Event()
        self.flowing.set()

    async def __call__(self, message: dict[str, Any]) -> None:
        await self.flowing.wait()
        self.messages.append(message)

    def stall(self) -> None:
        self.flowing.clear()

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(one["text"]) for one in self.messages if "text" in one]

    @property
    def close_code(self) -> int | None:
        codes = [one["code"] for one in self.messages if one["type"] == "websocket.close"]
        return codes[0] if codes else None


class Recorder:
    """A direct writer that takes everything."""

    is_free = False  # so that `write` is called

    def __init__(self) -> None:
        self.texts: list[str] = []

    def write(self, text: str) -> bool:
        self.texts.append(text)
        return True


def open_connection(
    wire: Wire,
    *,
    user: str = "1",
    queued: Cursor | None = BEGINNING,
    fell_behind: Callable[[Connection], None] = lambda connection: None,
    lost: Callable[[], None] = lambda: None,
    direct: Any = None,
    hub: Hub | None = None,
    locale: Locale = ENGLISH,
) -> Connection:
    loop = asyncio.get_running_loop()

    def flush_soon(one: Connection) -> None:
        loop.call_soon(one.flush)

    connection = Connection(
        Identity(user),
        wire,
        locale,
        lost=lost,
        fell_behind=fell_behind,
        flush_soon=flush_soon if hub is None else hub.flush_soon,
        direct=direct,
        loop=loop,
    )
    if queued is not None:
        connection.start_at(queued)
    return connection


async def settle() -> None:
    """Runs the tasks that are ready."""
    for _ in range(10):
        await asyncio.sleep(0)


def handshake_scope(cookie: str = "", **headers: str) -> dict[str, Any]:
    named = {"host": "testserver", "origin": "http://testserver", "cookie": cookie} | headers
    return {
        "type": "websocket",
        "path": "/ws/notify/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in named.items() if value],
    }

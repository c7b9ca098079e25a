"""A client that comes back: it keeps its cursor and the client rules whatever happens to it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from websockets.exceptions import WebSocketException

from tests.harness.client import Client, Frame

MAX_FRAMES_KEPT = 200
DIAL_TIMEOUT = 10.0


class Follower(Client):
    """Follows one user's inbox through any of `ways` (socket URL, origin), until `leave`.

    `haste` shortens what the rules have a client wait for before it dials again. It notes when
    it first saw each notice, each row that a socket brought twice, and every close code.
    """

    def __init__(
        self,
        user_pk: int,
        ways: Sequence[tuple[str, str]],
        *,
        cookie: str,
        rng: random.Random,
        haste: float = 0.2,
        dial_timeout: float = DIAL_TIMEOUT,
        **options: Any,
    ) -> None:
        super().__init__(ways[0][0], cookie=cookie, origin=ways[0][1], **options)
        self.user_pk = user_pk
        self.ways = list(ways)
        rng.shuffle(self.ways)
        self.rng = rng
        self.haste = haste
        self.dial_timeout = dial_timeout
        self.began = time.time()
        self.first_seen: dict[int, float] = {}
        self.titles_seen: set[str] = set()
        self.doubled = 0
        self.closes: Counter[int] = Counter()
        self.dials: list[float] = []
        self.opened: list[float] = []
        self.pings = 0
        self.heard = 0.0
        self.stopped_by: int | None = None
        self.errors: list[Frame] = []
        self.failure: BaseException | None = None
        self._silence = 60.0
        self._brought: set[tuple[int, int]] = set()  # (id, version) on this socket
        self._asked = False  # this socket was asked to tell again
        self._leaving = False
        self._run: asyncio.Task[None] | None = None

    # Coming and going

    def start(self) -> None:
        self._run = asyncio.create_task(self._follow())

    async def leave(self) -> None:
        self._leaving = True
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self.close()

    async def away(self) -> None:
        """Off the network, with its cursor, until `start`."""
        await self.leave()
        self._leaving = False

    async def _follow(self) -> None:
        failures = 0
        while not self._leaving:
            if not await self._dial():
                failures += 1
                await self._wait(failures)
                continue
            opened = time.monotonic()
            self.opened.append(opened)
            await self._stay()
            if self._leaving:
                return
            code = self.close_code or 1006
            self.closes[code] += 1
            if 4400 <= code < 4500:
                self.stopped_by = code
                return
            failures = 1 if time.monotonic() - opened >= 10 * self.haste else failures + 1
            await self._wait(failures, code)

    async def _dial(self) -> bool:
        # The next one, as a balancer leaves out a server that has just failed.
        self.url, self.origin = self.ways[len(self.dials) % len(self.ways)]
        self._brought, self._asked = set(), False
        self.heard = time.monotonic()
        self.dials.append(self.heard)
        try:
            async with asyncio.timeout(self.dial_timeout):
                await self.connect()
        except (OSError, WebSocketException, TimeoutError, EOFError):
            return False
        return True

    async def _wait(self, failures: int, code: int = 1006) -> None:
        """By the class of the close code; `retry_after` wins."""
        bye = self.frames[-1] if self.frames and self.frames[-1]["type"] == "bye" else {}
        if bye.get("retry_after") is not None:
            seconds = float(bye["retry_after"])
        elif 4600 <= code < 4700:
            seconds = self.rng.uniform(0, 1)
        else:
            seconds = self.rng.uniform(0, min(30, 0.5 * 2 ** (failures - 1)))
        await asyncio.sleep(seconds * self.haste)

    async def _stay(self) -> None:
        """Until the socket is closed, by either side, or silent for too long."""
        reader = self._reader
        assert reader is not None
        while not reader.done():
            left = self.heard + self._silence - time.monotonic()
            if left > 0:
                await asyncio.wait([reader], timeout=min(left, 1.0))
                continue
            asked = time.monotonic()
            await self.send(type="ping", id=0)
            await asyncio.wait([reader], timeout=5)
            if self.heard < asked:
                assert self._connection is not None
                self._connection.transport.abort()
                await asyncio.wait([reader])
        if reader.exception() is not None:
            self.failure = reader.exception()

    # What it notes

    async def _handle(self, frame: Frame) -> None:
        self.heard = time.monotonic()
        if frame["type"] == "ping":
            self.pings += 1
        elif frame["type"] == "hello":
            interval, timeout = frame["ping_interval"], frame["ping_timeout"]
            self._silence = 60.0 if interval is None else interval + (timeout or 60.0)
        elif frame["type"] == "error":
            self.errors.append(frame)
        await super()._handle(frame)
        if len(self.frames) > MAX_FRAMES_KEPT:
            del self.frames[: MAX_FRAMES_KEPT // 2]

    async def sync(self) -> None:
        self._asked = True
        await super().sync()

    def _replace(self, reset: Frame) -> None:
        super()._replace(reset)
        self._brought = set()
        self._note(reset["notifications"])

    def _merge(self, rows: list[Frame]) -> None:
        self._note(rows)
        super()._merge(rows)

    def _note(self, rows: list[Frame]) -> None:
        now = time.time()
        for row in rows:
            self.first_seen.setdefault(row["id"], now)
            self.titles_seen.add(row["title"])
            brought = (row["id"], row["version"])
            if brought in self._brought and not self._asked:
                self.doubled += 1
            self._brought.add(brought)


class Naive(Follower):
    """What a client without cursor does: it shows what it is pushed, and asks for nothing."""

    async def _apply(self, frame: Frame) -> None:
        self.epoch = frame["epoch"]
        if not frame.get("reset", False):
            self._merge(frame["notifications"])

    async def sync(self) -> None:
        pass

    def _full_url(self) -> str:
        return self.url

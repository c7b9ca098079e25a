"""The clients: a process of its own that holds the sockets and checks every frame.

It is told what to do by `bench`, in lines of JSON (see `remote`). Raw asyncio protocols: a
client library would cost more than the server that is measured.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import resource
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from tests.benchmarks import websocket
from tests.benchmarks.dialects import DIALECTS, Notify

TRIES = 5  # of a first handshake, as a slow machine may keep a server from one in time
OPENING_AT_ONCE = 40  # Twisted listens with a backlog of 50
MAX_LINE = 64 * 1024 * 1024  # 10,000 cookies


class Arrivals:
    """What came to all sockets together."""

    def __init__(self) -> None:
        self.notifications = 0
        self.frames = 0
        self.bytes = 0
        self.last_at = 0.0  # of the monotonic clock
        self.wanted = 0
        self.complete = asyncio.Event()
        self.problems: list[str] = []

    def add(self, notifications: int, size: int) -> float:
        """The time, of the monotonic clock."""
        self.notifications += notifications
        self.frames += 1
        self.bytes += size
        self.last_at = time.monotonic()
        if self.notifications >= self.wanted:
            self.complete.set()
        return self.last_at


class Place(NamedTuple):
    """Where a socket connects, and what is spoken there."""

    port: int
    path: str
    dialect: str


class Socket(asyncio.Protocol):
    """One client. `received` are the numbers of its notifications, in the order they came."""

    def __init__(self, index: int, place: Place, headers: dict[str, str], all_: Arrivals):
        self.index = index
        self.place = place
        self.received: list[int] = []
        self.last_at = 0.0  # when the last of them came
        self.dialect = DIALECTS[place.dialect]()
        self.on_read: Callable[[list[int]], None] | None = None
        self._headers = headers
        self._all = all_
        self._transport: asyncio.Transport | None = None
        self.prepare()

    def prepare(self) -> None:
        """For a new connection, which goes on where the last one ended."""
        self.ready = asyncio.get_running_loop().create_future()
        self.closing = False
        self._key = websocket.new_key()
        self._request = websocket.handshake(
            f"127.0.0.1:{self.place.port}",
            self.place.path + self.dialect.query(),
            self._key,
            {"Origin": f"http://127.0.0.1:{self.place.port}"} | self._headers,
        )
        self._head: bytes | None = b""  # None once the handshake is done
        self._incoming = websocket.Incoming()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        try:
            if self._head is not None:
                data = self._shake_hands(self._head + data)
            for opcode, payload in self._incoming.feed(data):
                self._take(opcode, payload)
        except (ValueError, KeyError, AssertionError) as error:
            self._fail(repr(error))

    def connection_lost(self, exception: Exception | None) -> None:
        if not self.closing:
            self._fail(f"the server closed: {exception!r}")

    def close(self) -> None:
        self.closing = True
        if self._transport is not None:
            self._transport.abort()

    def _shake_hands(self, data: bytes) -> bytes:
        """What follows the head of the response."""
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            self._head = data
            return b""
        assert websocket.accepts(head, self._key), f"refused: {head.splitlines()[:1]}"
        self._head = None
        if self.dialect.ready_when_open:
            self.ready.set_result(None)
        return rest

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == websocket.TEXT:
            self._read(payload)
        elif opcode == websocket.PING:
            self._write(websocket.PONG, payload)
        elif opcode != websocket.PONG:
            raise ValueError(f"opcode {opcode}, {payload!r}")

    def _read(self, payload: bytes) -> None:
        told = self.dialect.take(payload)
        if told.numbers:
            self.received += told.numbers
            self.last_at = self._all.add(len(told.numbers), len(payload))
        if told.answer is not None:
            self._write(websocket.TEXT, told.answer)
        if told.ready and not self.ready.done():
            self.ready.set_result(None)
        if told.read and self.on_read is not None:
            self.on_read(told.read)

    def say(self, said: dict[str, Any]) -> None:
        self._write(websocket.TEXT, json.dumps(said).encode())

    def _write(self, opcode: int, payload: bytes) -> None:
        assert self._transport is not None
        self._transport.write(websocket.frame(opcode, payload))

    def _fail(self, why: str) -> None:
        self.close()
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(why))  # whoever opens it knows what to do
            return
        self._all.problems.append(f"socket {self.index}: {why}")
        self._all.complete.set()


class Load:
    """The commands."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.all = Arrivals()

    async def open(
        self, ports: list[int], path: str, dialect: str, headers: list[dict[str, str]]
    ) -> dict[str, Any]:
        """Opens one more socket for each entry of `headers`, on the ports in turn."""
        sockets = [
            Socket(index, Place(ports[index % len(ports)], path, dialect), each, self.all)
            for index, each in enumerate(headers, len(self.sockets))
        ]
        self.sockets += sockets
        few = asyncio.Semaphore(OPENING_AT_ONCE)
        started = time.monotonic()
        await asyncio.gather(*(self._insist(socket, few, tries=TRIES) for socket in sockets))
        return {"sockets": len(self.sockets), "seconds": time.monotonic() - started}

    async def reopen(self, at_once: int) -> dict[str, Any]:
        """Opens them all again after `close`, each going on where it was; one that is refused or
        cut off tries again, as a browser does, and is counted."""
        few = asyncio.Semaphore(at_once)
        started = time.monotonic()
        refused = await asyncio.gather(*(self._insist(socket, few) for socket in self.sockets))
        return {"refused": sum(refused), "seconds": time.monotonic() - started}

    async def _insist(self, socket: Socket, few: asyncio.Semaphore, tries: float = math.inf) -> int:
        """Opens it, if need be in several tries; how often it was refused before."""
        refused = 0
        while True:
            try:
                await self._open(socket, few)
            except OSError:
                refused += 1
                if refused >= tries:
                    raise
                await asyncio.sleep(random.uniform(0.1, 1))
            else:
                return refused

    async def _open(self, socket: Socket, few: asyncio.Semaphore) -> None:
        async with few:
            socket.prepare()
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: socket, "127.0.0.1", socket.place.port)
            await socket.ready

    async def mark(self, index: int, others: list[int], seconds_at_most: float) -> float:
        """Marks the newest notice read on one socket; seconds until all `others` know."""
        marking = self.sockets[index]
        assert isinstance(marking.dialect, Notify)
        notice = marking.dialect.newest
        known: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = set(others)

        def listener(other: int) -> Callable[[list[int]], None]:
            def heard(read: list[int]) -> None:
                if notice in read:
                    waiting.discard(other)
                if not waiting and not known.done():
                    known.set_result(None)

            return heard

        for other in others:
            self.sockets[other].on_read = listener(other)
        started = time.monotonic()
        marking.say({"type": "mark", "ref": str(notice), "as": "read", "ids": [notice]})
        async with asyncio.timeout(seconds_at_most):
            await known
        self._raise_problems()
        return time.monotonic() - started

    async def arrivals(self) -> list[float]:
        """When the last notification came, by socket; 0 where none has."""
        return [socket.last_at for socket in self.sockets]

    async def wait(self, total: int, seconds_at_most: float) -> dict[str, Any]:
        """Waits until `total` notifications have come to all sockets together, since they were
        opened; returns what has come, and when the last did."""
        self.all.wanted = total
        self.all.complete.clear()
        if self.all.notifications < total and not self.all.problems:
            async with asyncio.timeout(seconds_at_most):
                await self.all.complete.wait()
        self._raise_problems()
        return {
            "notifications": self.all.notifications,
            "frames": self.all.frames,
            "bytes": self.all.bytes,
            "last_at": self.all.last_at,
        }

    async def verify(self, expected: dict[str, list[int]] | list[int]) -> int:
        """Checks that each socket got exactly these numbers in this order: all the same list, or
        each the one at its index. Returns how many notifications that were."""
        for socket in self.sockets:
            should = expected if isinstance(expected, list) else expected.get(str(socket.index), [])
            if socket.received != should:
                self.all.problems.append(
                    f"socket {socket.index} got {socket.received}, and should have {should}"
                )
        self._raise_problems()
        return self.all.notifications

    async def close(self) -> None:
        """Cuts all of them off, as a network does that is gone."""
        for socket in self.sockets:
            socket.close()
        await asyncio.sleep(0)

    def _raise_problems(self) -> None:
        if self.all.problems:
            first = "; ".join(self.all.problems[:5])
            raise AssertionError(f"{len(self.all.problems)} problems: {first}")


async def main() -> None:
    load = Load()
    commands: dict[str, Callable[..., Awaitable[Any]]] = {
        "open": load.open,
        "wait": load.wait,
        "verify": load.verify,
        "reopen": load.reopen,
        "mark": load.mark,
        "arrivals": load.arrivals,
        "close": load.close,
    }
    reader = asyncio.StreamReader(limit=MAX_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        told = json.loads(line)
        try:
            reply = {"answer": await commands[told["command"]](**told["arguments"])}
        except Exception:  # noqa: BLE001  the master raises it
            reply = {"error": traceback.format_exc()}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main())

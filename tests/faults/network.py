"""A stretch of network that a test can slow down, cut at any byte, or freeze."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Self, TypeAlias

_Piece: TypeAlias = tuple[float, bytes]  # when it goes out, in loop time


class Network:
    """Forwards a port of its own to `port`, in the loop of the test.

    `latency` is in seconds and each way. With `cut_after` (least, most) each connection is reset
    after a random number of bytes, wherever in a frame that is.
    """

    def __init__(
        self,
        port: int,
        rng: random.Random,
        *,
        latency: float = 0.0,
        cut_after: tuple[int, int] | None = None,
    ) -> None:
        self.to = port
        self.latency = latency
        self.cut_after = cut_after
        self.port = 0
        self.cuts = 0
        self._rng = rng
        self._frozen: set[asyncio.StreamWriter] = set()
        self._open: dict[asyncio.StreamWriter, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/notify/"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def freeze(self) -> None:
        """No byte passes any more on what is open now, and nothing is closed."""
        self._frozen |= set(self._open)

    def reset_all(self) -> None:
        for near, far in list(self._open.items()):
            near.transport.abort()
            far.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._forward(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            return
        self._open[writer] = far_writer
        left = [self._rng.randint(*self.cut_after) if self.cut_after else 2**60]
        there, back = asyncio.Queue[_Piece](), asyncio.Queue[_Piece]()
        tasks = [
            asyncio.create_task(work)
            for work in (
                self._take_in(reader, there),
                self._take_in(far_reader, back),
                self._put_out(there, far_writer, writer, left),
                self._put_out(back, writer, writer, left),
            )
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._open.pop(writer, None)
            self._frozen.discard(writer)
            far_writer.transport.abort()

    async def _take_in(self, reader: asyncio.StreamReader, waiting: asyncio.Queue[_Piece]) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                waiting.put_nowait((loop.time() + self.latency, data))
        waiting.put_nowait((loop.time() + self.latency, b""))
        await asyncio.Event().wait()  # what was taken in goes out first

    async def _put_out(
        self,
        waiting: asyncio.Queue[_Piece],
        writer: asyncio.StreamWriter,
        connection: asyncio.StreamWriter,
        left: list[int],
    ) -> None:
        """Ends where the connection does: its bytes are used up, or one side has closed it."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while True:
                due, data = await waiting.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if connection in self._frozen:
                    await asyncio.Event().wait()
                if not data:
                    return
                passed = data[: left[0]]
                left[0] -= len(passed)
                writer.write(passed)
                if left[0] <= 0:
                    self.cuts += 1
                    return
                await writer.drain()

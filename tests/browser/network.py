"""A stretch of network between a browser and a server that a test can cut.

Chromium's own `set_offline` leaves an open WebSocket alone, so it alone proves nothing. Here the
bytes stop: nothing is closed, nothing is refused, as with a cable pulled out.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine
from typing import Any, Self

SOCKET = b"GET /ws/"


class Network:
    """Forwards a port of its own to `port`, on a thread of its own."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._up = asyncio.Event()
        self._streams: set[asyncio.StreamWriter] = set()
        self._sockets: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._refuses_sockets = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(self, *exception: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """From now on no byte passes."""
        self._loop.call_soon_threadsafe(self._up.clear)

    def restore(self) -> None:
        """Connections that were open at the cut are dead; new ones pass."""
        self._run(self._restore())

    def refuse_sockets(self) -> None:
        """WebSockets break, and no new ones pass, as with a proxy that does not know them."""
        self._refuses_sockets = True
        self._loop.call_soon_threadsafe(self._abort, self._sockets)

    def pass_sockets(self) -> None:
        self._refuses_sockets = False

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        self._up.set()
        self._spawn(self._accept())

    async def _stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._up.set()
        # Nothing is cancelled: a task that is cancelled before its first step closes nothing.
        while self._tasks:
            self._abort(self._streams)
            await asyncio.wait(self._tasks, timeout=0.1)
        self._listener.close()
        await asyncio.sleep(0)  # an aborted transport closes its socket in the next turn

    async def _restore(self) -> None:
        self._abort(self._streams)
        self._up.set()

    def _abort(self, streams: set[asyncio.StreamWriter]) -> None:
        for writer in streams:
            writer.transport.abort()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        """No `asyncio.start_server`: one that closes leaks what it has just accepted."""
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = await self._loop.sock_accept(self._listener)
                self._spawn(self._forward(near))

    async def _forward(self, near: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=near)
        self._streams.add(writer)
        await self._up.wait()
        with contextlib.suppress(OSError):
            first = await reader.read(65536)  # a handshake has a connection of its own
            if first.startswith(SOCKET):
                self._sockets.add(writer)
                if self._refuses_sockets:
                    raise ConnectionRefusedError
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
            self._streams.add(far_writer)
            far_writer.write(first)
            await asyncio.gather(
                self._pass(reader, far_writer),
                self._pass(far_reader, writer),
                return_exceptions=True,
            )
            self._streams.discard(far_writer)
            far_writer.transport.abort()
        self._streams.discard(writer)
        self._sockets.discard(writer)
        writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._up.wait()
            writer.write(data)
            await writer.drain()
        writer.close()

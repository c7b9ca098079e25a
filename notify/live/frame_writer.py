"""Writes the frames of one socket in order, and closes it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from notify import protocol
from notify.live.direct import DirectWriter

logger = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]
Outgoing = str | protocol.InboxFrame | protocol.UserChange

ABORT_AFTER_S = 1.0  # for `bye` and the closing frame to go out


@dataclass(frozen=True, slots=True)
class Close:
    code: int
    reason: str
    retry_after: float | None = None


class FrameWriter:
    """Runs in the event loop. `lost` is called when the socket can no longer be written to.
    `flush_soon` is called with the writer; it has `flush` called at the end of this turn of the
    loop, so that everything queued in one turn goes out together."""

    __slots__ = (
        "_flush_soon",
        "_loop",
        "_lost",
        "_send",
        "_silent",
        "_writer",
        "closing",
        "direct",
        "id",
        "outbox",
    )

    def __init__(
        self,
        send: Send,
        *,
        lost: Callable[[], None],
        flush_soon: Callable[[Any], None],
        loop: asyncio.AbstractEventLoop,
        direct: DirectWriter | None = None,
    ) -> None:
        self.id = secrets.token_hex(8)
        self.closing: Close | None = None
        # A tuple, because it is short (contiguous frames are joined) and mostly empty: the empty
        # tuple is one object for all sockets.
        self.outbox: tuple[Outgoing, ...] = ()
        self.direct = direct
        self._writer: asyncio.Task[None] | None = None
        self._send = send
        self._lost = lost
        self._flush_soon = flush_soon
        self._silent = False  # the socket is gone, or its consumer closes it
        self._loop = loop

    def close(self, code: int, reason: str, retry_after: float | None = None) -> None:
        """Sends `bye` and closes. Frames queued before it are sent if they go out within a
        second. Only the first call has an effect."""
        if self.closing is not None:
            return
        self.outbox += (protocol.bye(code, reason, retry_after),)
        self.closing = Close(code, reason, retry_after)
        self._flush_soon(self)
        self._loop.call_later(ABORT_AFTER_S, self.abort)

    def forget(self) -> None:
        """The socket is gone: writes nothing more, and drops all references to it. The heartbeat
        keeps this object until its next ping would be due."""
        self.end_with(1006, "gone")  # RFC 6455, 7.4.1: never sent
        self.direct, self._send, self._lost = None, _send_nothing, _do_nothing

    def end_with(self, code: int, reason: str = "") -> None:
        """Writes nothing more. The caller closes the socket, if it is still open."""
        self.outbox = ()
        self._silent = True
        if self.closing is None:
            self.closing = Close(code, reason)

    def abort(self) -> None:
        """Stops writing, and ends the consumer."""
        self.outbox = ()
        if self._writer is not None:
            self._writer.cancel()
        self._lost()

    def flush(self) -> None:
        """Writes what is queued; what the direct writer does not take is sent by a task, because
        the server's `send` may have to wait."""
        if self._writer is not None or self._silent:
            return
        if self.direct is not None:
            while self.outbox and self.direct.write(_encode(self.outbox[0])):
                self.outbox = self.outbox[1:]
        if self.outbox or self.closing is not None:
            self._writer = self._loop.create_task(self._write_out())

    async def _write_out(self) -> None:
        try:
            while self.outbox:
                text, self.outbox = _encode(self.outbox[0]), self.outbox[1:]
                await self._send({"type": "websocket.send", "text": text})
            if self.closing is not None and not self._silent:
                await self._send({"type": "websocket.close", "code": int(self.closing.code)})
        except Exception as error:  # each server raises an error of its own when the client is gone
            logger.debug("Socket %s cannot be written to: %r", self.id, error)
            self.outbox = ()
            self._lost()
        finally:
            self._writer = None


async def _send_nothing(_: dict[str, Any]) -> None: ...


def _do_nothing() -> None: ...


def _encode(frame: Outgoing) -> str:
    if isinstance(frame, tuple):
        frame = protocol.change_frame(frame)
    return frame if isinstance(frame, str) else frame.encode()

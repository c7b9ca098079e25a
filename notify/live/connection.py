"""One open socket as the hub sees it: what it was told, what waits for it, what it confirmed."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from notify import protocol
from notify.access.authentication import Identity
from notify.changes import Cursor
from notify.live.direct import DirectWriter

logger = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]
Outgoing = str | protocol.InboxFrame | protocol.UserChange

PING_ABOVE_BYTES = 256 * 1024  # unacknowledged: ask at once how far the client is
HOLD_ABOVE_BYTES = 512 * 1024  # unacknowledged: changes wait in the database
CLOSE_ABOVE_BYTES = 1024 * 1024
ABORT_AFTER_S = 1.0  # for `bye` and the closing frame to go out


class SentPing(NamedTuple):
    at: float  # loop time, in seconds
    queued_bytes: int  # before it
    cursor: Cursor  # what had been queued before it


@dataclass(frozen=True, slots=True)
class Close:
    code: int
    reason: str
    retry_after: float | None = None


class Connection:
    """Runs in the event loop. `lost` is called when the socket cannot be written to any more,
    `fell_behind` with each thing that is queued while too much is unconfirmed. `flush_soon` has
    `flush` called at the end of this turn of the loop, so that what comes in one turn goes out
    as one frame."""

    __slots__ = (
        "_loop",
        "_flush_soon",
        "_fell_behind",
        "_lost",
        "_send",
        "_silent",
        "_writer",
        "acknowledged",
        "acknowledged_bytes",
        "address",
        "asked",
        "catching_up",
        "closing",
        "device",
        "direct",
        "held",
        "id",
        "identity",
        "latency",
        "news",
        "opened_at",
        "outbox",
        "pings",
        "queued_bytes",
        "queued_epoch",
        "queued_version",
        "unconfirmed_since",
        "watched",
        "written_acknowledgement",
    )

    def __init__(
        self,
        identity: Identity,
        send: Send,
        *,
        lost: Callable[[], None],
        fell_behind: Callable[[Connection], None],
        flush_soon: Callable[[Connection], None],
        loop: asyncio.AbstractEventLoop,
        direct: DirectWriter | None = None,
        address: str = "",
        device: str = "",
    ) -> None:
        self.id = secrets.token_hex(8)
        self.identity = identity
        self.address = address
        self.device = device
        self.opened_at = loop.time()
        # The cursor after all that was queued, in two, which take less memory: see `queued`.
        self.queued_epoch: str | None = None
        self.queued_version = 0
        # Its rows are being read, and what is offered meanwhile is only noted.
        self.catching_up = False
        self.news: Cursor | None = None  # where the newest of it ends
        # What the client says that it holds, where it asked while its rows were being read.
        self.asked: list[Cursor | None] = []
        # Too much is unacknowledged: what is new stays in the database until a pong comes.
        self.held = False
        self.closing: Close | None = None
        self.watched: frozenset[str] = frozenset()  # topics of figures
        self.latency: float | None = None
        self.acknowledged: Cursor | None = None
        # When the oldest change that is not yet acknowledged was committed (seconds, wall clock).
        self.unconfirmed_since: float | None = None
        self.written_acknowledgement: Cursor | None = None  # what the database knows of it
        self.queued_bytes = 0  # of all that was ever queued
        self.acknowledged_bytes = 0
        self.pings: dict[int, SentPing] = {}
        # Short, as frames are joined, and mostly empty: then it is no object of its own.
        self.outbox: tuple[Outgoing, ...] = ()
        self._writer: asyncio.Task[None] | None = None
        self._send = send
        self._lost = lost
        self._fell_behind = fell_behind
        self._flush_soon = flush_soon
        self._silent = False  # the socket is gone, or somebody else ends it
        self.direct = direct
        self._loop = loop

    @property
    def user(self) -> str:
        return self.identity.user

    @property
    def queued(self) -> Cursor | None:
        """The cursor after all that was queued; None until the socket was told a first time."""
        return None if self.queued_epoch is None else Cursor(self.queued_epoch, self.queued_version)

    @queued.setter
    def queued(self, cursor: Cursor | None) -> None:
        self.queued_epoch, self.queued_version = cursor or (None, 0)

    @property
    def unacknowledged_bytes(self) -> int:
        return self.queued_bytes - self.acknowledged_bytes

    def unwritten_acknowledgement(self) -> int:
        """The version that the client has applied, where the database does not know it; else 0."""
        confirmed = self.acknowledged
        if confirmed is None or confirmed.epoch != self.queued_epoch:
            return 0
        written = self.written_acknowledgement
        known = written.since if written and written.epoch == confirmed.epoch else 0
        since = min(confirmed.since, self.queued_version)  # it cannot have more than it was told
        return since if since > known else 0

    def offer(self, frame: protocol.InboxFrame, *, has_rows: bool = True) -> bool:
        """Queues a change where it follows what is queued; False where something is missing
        between, or the rows themselves."""
        epoch, since = self.queued_epoch, self.queued_version
        if epoch is None or self.catching_up:
            self._note(Cursor(frame.epoch, frame.to))
            return True
        is_same_life = frame.epoch == epoch
        if is_same_life and frame.to <= since:
            return True
        if self.held:
            return True
        if not is_same_life or frame.start != since or not has_rows:
            return False
        if self.queued_bytes - self.acknowledged_bytes > HOLD_ABOVE_BYTES:
            self.held = True
        else:
            self.queue(frame)
        return True

    def _note(self, end: Cursor) -> None:
        news = self.news
        if news is None or news.epoch != end.epoch or news.since < end.since:
            self.news = end

    def is_behind(self, epoch: str, version: int) -> bool:
        """Whether the inbox has more than what is queued."""
        if self.queued_epoch is None:
            return False
        return self.queued_epoch != epoch or self.queued_version < version

    def queue(self, frame: protocol.InboxFrame) -> None:
        """Queues a frame, as one with what waits before it where the two are contiguous."""
        if self.queued_epoch != frame.epoch:  # else the hint's copy of it goes with the hint
            self.queued_epoch = frame.epoch
        self.queued_version = frame.to
        if self.outbox:
            last = self.outbox[-1]
            if isinstance(last, tuple):
                last = protocol.change_frame(last)
            if isinstance(last, protocol.InboxFrame) and last.joins(frame):
                self.outbox = (*self.outbox[:-1], last.join(frame))
                self._count(frame.size)
                return
        self._append(frame, frame.size)

    def write(self, text: str) -> None:
        """Queues a frame of another type."""
        self._append(text, len(text))

    def _append(self, frame: str | protocol.InboxFrame, size: int) -> None:
        if self.closing is None:
            if not self.outbox:
                self._flush_soon(self)
            self.outbox += (frame,)
            self._count(size)

    def _count(self, size: int) -> None:
        self.queued_bytes += size
        if self.queued_bytes - self.acknowledged_bytes > PING_ABOVE_BYTES:
            self._fell_behind(self)

    def close(self, code: int, reason: str, retry_after: float | None = None) -> None:
        """Says `bye` and closes. What waits before it is sent, if it goes out within a second."""
        if self.closing is not None:
            return
        self.outbox += (protocol.bye(code, reason, retry_after),)
        self.closing = Close(code, reason, retry_after)
        self._flush_soon(self)
        self._loop.call_later(ABORT_AFTER_S, self.abort)

    def forget(self) -> None:
        """The socket is gone: nothing is written any more, and nothing of it is held. The heartbeat
        has the connection until its next ping would be due."""
        self.end_with(1006, "gone")  # RFC 6455, 7.4.1: never sent
        self.direct, self._send, self._lost = None, _send_nothing, _do_nothing

    def end_with(self, code: int, reason: str = "") -> None:
        """Nothing is written any more: whoever calls this tells the client, if anybody does."""
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
        """Writes what waits; the rest in a task, where the server's `send` may have to wait."""
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
        except Exception as error:
            # The server's way of saying that the client is gone; each server has its own error.
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

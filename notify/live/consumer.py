"""One socket's life: handshake, who is this, what it says, and the end, whatever ended it."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import time
from functools import partial
from typing import Any, ClassVar

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django import db
from django.utils import timezone

from notify import conf, metrics, protocol, sending
from notify.access import authentication, handshake
from notify.bus import groups
from notify.changes import Cursor
from notify.exceptions import Busy, EpochChanged
from notify.live import events
from notify.live.connection import HOLD_ABOVE_BYTES, Connection
from notify.live.direct import DirectWriter
from notify.live.hub import Hub, current_hub
from notify.live.token_bucket import TokenBucket
from notify.protocol import Code, Error, Refused

logger = logging.getLogger(__name__)

MAX_OUTSTANDING_MARKS = 20
MAX_ERRORS, ERROR_WINDOW_S = 3, 10.0
DRAINING_RETRY_S = 1.0
EXPIRY_MARGIN_S = 0.1
CLOSES_A_SECOND, CLOSES_AT_ONCE = 1, 20  # of sockets that are not in this process
_SOCKET_ID = re.compile("[0-9a-f]{16}").fullmatch  # `Connection.id`
_LIKE_A_PONG = re.compile(rb'\s*\{\s*"type"\s*:\s*"pong"').match
RETRY_WITHIN_S = 10.0  # spreads clients that were refused because the database is away


class _Over(Exception):
    """The socket is closed, or was never accepted."""


class NotificationConsumer(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """Talks PROTOCOL version 1 (docs/protocol.md) with one client.

    The hub hears the channel layer for all sockets of the process, so this consumer has no
    channel of its own, and no thread hop per message either (Channels' `dispatch` makes one).
    """

    channel_layer_alias: ClassVar[Any] = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        self.base_send = send
        self.hub: Hub = current_hub()
        self.connection: Connection | None = None
        self._accepted = False
        self._ended_by_us = False
        self._task = asyncio.current_task()
        self._marks: list[protocol.MarkIds | protocol.MarkThrough] = []
        self._marking: asyncio.Task[None] | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._errors: list[float] = []  # when the latest were, in loop time
        self._bucket = TokenBucket(
            conf.current().frames_per_second, conf.current().frames_burst, self.hub.loop.time
        )
        self._closes: TokenBucket | None = None  # most sockets close no other
        self._refused_frames = 0
        self._direct: DirectWriter | None = None
        self._left_with: int | None = None  # the client's close code
        try:
            while True:
                await self.dispatch(await receive())
        except _Over:
            pass
        except StopConsumer:  # of a subclass: its end, but not the client's
            await self._end_abruptly()
        except asyncio.CancelledError:
            if not self._ended_by_us:
                await self._end_abruptly()
                raise
        except Exception:
            logger.exception("A socket's consumer failed.")
            await self._end_abruptly()
        finally:
            self._clean_up()

    async def dispatch(self, message: dict[str, Any]) -> None:
        handlers = {
            "websocket.connect": self.websocket_connect,
            "websocket.receive": self.websocket_receive,
            "websocket.disconnect": self.websocket_disconnect,
        }
        await handlers[message["type"]](message)

    # The handshake

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        offered = self.scope.get("subprotocols") or []
        if offered and protocol.SUBPROTOCOL not in offered:
            await self._refuse("subprotocol")
        has_ticket = handshake.ticket_of(self.scope) is not None
        if not has_ticket and not handshake.origin_allowed(self.scope):
            await self._refuse("origin")
        accept = {"type": "websocket.accept"}
        if offered:
            accept["subprotocol"] = protocol.SUBPROTOCOL
        if self.hub.draining:
            await self.base_send(accept)
            await self._close_unknown(Code.RESTARTING, "the server restarts", DRAINING_RETRY_S)
        if self.hub.is_full(self._address()):
            await self.base_send(accept)
            await self._close_full()
        try:
            identity = await self.hub.identify(self.scope)
            await self.base_send(accept)
            self._accepted = True
            if identity is None:
                await self._close_unknown(Code.NOT_SIGNED_IN, "not signed in")
            else:
                await self._begin(identity)
        except db.Error as error:
            logger.warning("A socket cannot begin without the database: %r", error)
            await self._end_abruptly(Code.RESTARTING, random.uniform(1, RETRY_WITHIN_S))  # noqa: S311

    async def _begin(self, identity: authentication.Identity) -> None:
        if self.hub.is_full(self._address()):  # by those that came while it was asked who this is
            await self._close_full()
        self._direct = DirectWriter.of(self.base_send) if conf.current().direct_writes else None
        if self._direct is not None:
            self._direct.hear_first(self._hear_pong)
        device = handshake.header(self.scope, b"user-agent") or ""
        self.connection = Connection(
            identity,
            self.base_send,
            lost=self._lost,
            fell_behind=self.hub.heartbeat.fell_behind,
            flush_soon=self.hub.flush_soon,
            direct=self._direct,
            loop=self.hub.loop,
            address=self._address(),
            device=device[:300],
        )
        self.hub.add(self.connection)
        metrics.OPENED.add()
        events.log(
            "opened",
            id=self.connection.id,
            user=identity.user,
            address=self._address(),
            by=identity.kind,
        )
        names = handshake.query(self.scope)
        cursor = protocol.parse_cursor(names.get("epoch"), names.get("since"))
        self._set_timers(self.connection)
        if self.hub.draining:  # since it was asked who this is
            self.connection.close(Code.RESTARTING, "the server restarts", DRAINING_RETRY_S)
            return
        await self.hub.begin(self.connection, cursor)

    def _set_timers(self, connection: Connection) -> None:
        loop = self.hub.loop
        age = conf.current().max_socket_age * random.uniform(11 / 12, 13 / 12)  # noqa: S311
        self._timers = [loop.call_later(age, connection.close, Code.MAXIMUM_AGE, "maximum age")]
        expires = connection.identity.session_expires
        if expires is not None:
            # Read anew then: it may have been prolonged.
            seconds = (expires - timezone.now()).total_seconds() + EXPIRY_MARGIN_S
            self._timers.append(loop.call_later(seconds, self._judge, connection))

    def _judge(self, connection: Connection) -> None:
        self.hub.spawn(self.hub.revalidation.run([connection]))

    async def _refuse(self, why: str) -> None:
        """Ends the handshake with 403."""
        metrics.REFUSED.add(why)
        origin = handshake.header(self.scope, b"origin")
        events.log("refused", why=why, address=self._address(), origin=origin)
        await self.base_send({"type": "websocket.close"})
        raise _Over

    async def _close_unknown(
        self, code: Code, reason: str, retry_after: float | None = None
    ) -> None:
        """Closes a socket that the hub never knew."""
        self._accepted = True
        metrics.CLOSED.add(str(int(code)))
        events.log("closed", code=int(code), reason=reason, address=self._address())
        await self._say_bye(code, reason, retry_after)
        raise _Over

    async def _close_full(self) -> None:
        events.log("limit", what="sockets", address=self._address(), sockets=self.hub.size)
        await self._close_unknown(Code.PROCESS_FULL, "this process is at its socket limit")

    def _address(self) -> str:
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    # Frames

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        connection = self.connection
        if connection is None or connection.closing is not None:
            return
        text = message.get("text")
        if text is None:
            connection.close(Code.MALFORMED, "binary frames are not spoken here")
        else:
            self._take(connection, text)

    def _hear_pong(self, payload: bytes) -> bool:
        """Takes a pong before the ASGI queue: there are thousands a minute, and what waits in the
        queue has no bearing on them. Whatever looks like something else goes the usual way."""
        connection = self.connection
        if connection is None or connection.closing is not None:
            return False
        pong = protocol.usual_pong(payload)
        if pong is None and not _LIKE_A_PONG(payload):
            return False
        try:
            self._take(connection, payload.decode(), pong)
        except Exception:  # the server would not know what to do with it
            logger.exception("A pong could not be taken.")
            connection.close(Code.INTERNAL_ERROR, "internal error")
        return True

    def _take(
        self, connection: Connection, text: str, parsed: protocol.ClientFrame | None = None
    ) -> None:
        if wait := self._bucket.take():
            self._limit(connection, wait)
            return
        self._refused_frames = 0
        try:
            self._handle(connection, parsed or protocol.parse(text))
        except protocol.Malformed as error:
            connection.close(Code.MALFORMED, str(error))
        except Refused as refused:
            self._answer_error(connection, refused)

    def _limit(self, connection: Connection, wait: float) -> None:
        self._refused_frames += 1
        metrics.FRAMES_REFUSED.add(Error.RATE_LIMITED)
        if self._refused_frames == 1:
            events.log("limit", what="frames", id=connection.id, user=connection.user)
            refused = Refused(
                Error.RATE_LIMITED, "too many frames", retry_after=max(0.1, round(wait, 1))
            )
            connection.write(protocol.error(refused))
        elif self._refused_frames > conf.current().frames_burst:
            connection.close(Code.TOO_MANY_FRAMES, "too many frames")

    def _answer_error(self, connection: Connection, refused: Refused) -> None:
        metrics.FRAMES_REFUSED.add(refused.code)
        connection.write(protocol.error(refused))
        if refused.code in {Error.RATE_LIMITED, Error.UNKNOWN_TYPE, Error.UNAVAILABLE}:
            return
        now = self.hub.loop.time()
        self._errors = [*self._errors, now][-MAX_ERRORS:]
        if len(self._errors) == MAX_ERRORS and now - self._errors[0] <= ERROR_WINDOW_S:
            connection.close(Code.MALFORMED, "too many frames that cannot be carried out")

    def _handle(self, connection: Connection, frame: protocol.ClientFrame) -> None:
        match frame:
            case protocol.Pong():
                self._take_pong(connection, frame)
            case protocol.Ping():
                connection.write(protocol.pong(frame.id))
            case protocol.Sync():
                self.hub.resync(connection, frame.cursor)
            case protocol.MarkIds() | protocol.MarkThrough():
                self._queue_mark(frame)
            case protocol.CloseSocket():
                self._close_socket(connection, frame)
            case protocol.Watch():
                self.hub.figures.watch(
                    connection, frame.topic, partial(self._answer_error, connection)
                )
            case protocol.Unwatch():
                self.hub.figures.unwatch(connection, frame.topic)

    def _take_pong(self, connection: Connection, pong: protocol.Pong) -> None:
        sent = self.hub.heartbeat.answered(connection, pong)
        if sent is None:
            return
        self._note_pong(connection, pong)
        if pong.cursor.epoch != sent.cursor.epoch or pong.cursor.since < sent.cursor.since:
            self.hub.resync(connection, pong.cursor)
            return
        if connection.held and connection.unacknowledged_bytes <= HOLD_ABOVE_BYTES:
            connection.release()
            self.hub.catch_up(connection, "resumed")
        self.hub.heartbeat.ask_on(connection)

    def _note_pong(self, connection: Connection, pong: protocol.Pong) -> None:
        if connection.latency is not None:
            metrics.LATENCY.observe(connection.latency)
        since = connection.unconfirmed_since
        if since is not None and pong.cursor == connection.queued:
            metrics.ACKNOWLEDGE_DELAY.observe(max(0.0, time.time() - since))
            connection.confirm()

    def _close_socket(self, connection: Connection, frame: protocol.CloseSocket) -> None:
        if connection.identity.by_token:
            raise Refused(
                Error.FORBIDDEN, "an API token closes no socket of its user's", ref=frame.ref
            )
        if not self.hub.close_socket(connection.user, frame.id) and _SOCKET_ID(frame.id):
            self._close_elsewhere(connection, frame)
        queued = connection.queued or Cursor("", 0)
        connection.write(protocol.done(frame.ref, queued.since))

    def _close_elsewhere(self, connection: Connection, frame: protocol.CloseSocket) -> None:
        if self._closes is None:
            self._closes = TokenBucket(CLOSES_A_SECOND, CLOSES_AT_ONCE, self.hub.loop.time)
        if wait := self._closes.take():
            raise Refused(
                Error.RATE_LIMITED,
                "too many sockets to close",
                ref=frame.ref,
                retry_after=max(0.1, round(wait, 1)),
            )
        groups.publish_close(connection.user, frame.id)

    # Marks wait in order, so that "read" and then "unread" of one notification end as meant, and
    # beside the other frames, so that a slow database delays no pong.

    def _queue_mark(self, frame: protocol.MarkIds | protocol.MarkThrough) -> None:
        if len(self._marks) >= MAX_OUTSTANDING_MARKS:
            raise Refused(
                Error.RATE_LIMITED,
                f"{MAX_OUTSTANDING_MARKS} marks are under way; wait for their done",
                ref=frame.ref,
                retry_after=1,
            )
        self._marks.append(frame)
        if self._marking is None:
            self._marking = self.hub.loop.create_task(self._mark())

    async def _mark(self) -> None:
        try:
            while self._marks and self.connection is not None:
                await self._mark_one(self.connection, self._marks[0])
                self._marks.pop(0)
        except Exception:
            logger.exception("A mark failed.")
            if self.connection is not None:
                self.connection.close(Code.INTERNAL_ERROR, "internal error")
        finally:
            self._marking = None

    async def _mark_one(
        self, connection: Connection, frame: protocol.MarkIds | protocol.MarkThrough
    ) -> None:
        try:
            user = connection.user
            version = await self.hub.pool.run_in_turn(user, _carry_out_mark, user, frame)
        except EpochChanged:
            self.hub.resync(connection, None)
        except (Busy, db.Error) as error:
            logger.warning("A mark could not be carried out: %r", error)
            refused = Refused(Error.UNAVAILABLE, "not now; try again", ref=frame.ref, retry_after=2)
            connection.write(protocol.error(refused))
        else:
            connection.write(protocol.done(frame.ref, version))

    # The end

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        self._left_with = message.get("code")
        raise _Over

    def _lost(self) -> None:
        self._ended_by_us = True
        if self._task is not None:
            self._task.cancel()

    async def _end_abruptly(
        self, code: Code = Code.INTERNAL_ERROR, retry_after: float | None = None
    ) -> None:
        if self.connection is not None:
            self.connection.end_with(code)
        else:
            metrics.CLOSED.add(str(int(code)))
            events.log("closed", code=int(code), address=self._address())
        reason = "internal error" if code is Code.INTERNAL_ERROR else "the server is not ready"
        await self._say_bye(code, reason, retry_after)

    async def _say_bye(self, code: Code, reason: str, retry_after: float | None = None) -> None:
        try:
            if not self._accepted:
                await self.base_send({"type": "websocket.accept"})
            text = protocol.bye(code, reason, retry_after)
            await self.base_send({"type": "websocket.send", "text": text})
            await self.base_send({"type": "websocket.close", "code": int(code)})
        except Exception as error:
            logger.debug("The client is gone before it was told why: %r", error)

    def _clean_up(self) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._marking is not None:
            self._marking.cancel()
        if self._direct is not None:
            self._direct.let_go()
        if self.connection is not None:
            self._note_end(self.connection)
            self.hub.remove(self.connection)

    def _note_end(self, connection: Connection) -> None:
        closing = connection.closing
        code = self._left_with if closing is None else closing.code
        # A client may send any of thousands of codes: one more figure each would be too many.
        known = code is not None and (code in list(Code) or 1000 <= code <= 1015)
        metrics.CLOSED.add(str(int(code or 1006)) if known else "other")
        events.log(
            "closed",
            id=connection.id,
            user=connection.user,
            code=int(code or 1006),
            reason=closing.reason if closing is not None else "by the client",
            seconds=self.hub.loop.time() - connection.opened_at,
            latency=connection.latency,
        )


def _carry_out_mark(user: str, frame: protocol.MarkIds | protocol.MarkThrough) -> int:
    if isinstance(frame, protocol.MarkIds):
        return sending.mark(user, frame.as_, ids=frame.ids)
    return sending.mark_through(user, frame.as_, epoch=frame.epoch, through=frame.through)

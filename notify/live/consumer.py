"""The life of one socket: handshake, frames, and its end for whatever reason."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any, ClassVar

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django import db
from django.utils import timezone

from notify import conf, metrics, protocol
from notify.access import authentication, handshake
from notify.changes import Locale
from notify.live import events
from notify.live.commands import Commands
from notify.live.connection import Connection
from notify.live.direct import DirectWriter
from notify.live.hub import Hub, current_hub
from notify.protocol import Code

logger = logging.getLogger(__name__)

DRAINING_RETRY_S = 1.0
EXPIRY_MARGIN_S = 0.1
RETRY_WITHIN_S = 10.0  # spreads the clients that were refused because the database is away


class _Ended(Exception):
    """The socket is closed, or was refused."""


class NotificationConsumer(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """Speaks version 1 of the protocol (docs/protocol.md) with one client.

    The hub listens to the channel layer for all sockets of the process. So this consumer has no
    channel of its own, and no thread hop per message (Channels' `dispatch` makes one).
    """

    channel_layer_alias: ClassVar[Any] = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        self.base_send = send
        self.hub: Hub = current_hub()
        self.connection: Connection | None = None
        self._commands: Commands | None = None
        self._direct: DirectWriter | None = None
        self._accepted = False
        self._is_lost = False
        self._task = asyncio.current_task()
        self._timers: list[asyncio.TimerHandle] = []
        self._client_code: int | None = None  # the close code that the client sent
        try:
            while True:
                await self.dispatch(await receive())
        except _Ended:
            pass
        except StopConsumer:  # raised by a subclass: the client does not know yet
            await self._end_abruptly()
        except asyncio.CancelledError:
            if not self._is_lost:
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
            await self._close_unregistered(Code.RESTARTING, "the server restarts", DRAINING_RETRY_S)
        if self.hub.is_full(self._address()):
            await self.base_send(accept)
            await self._close_full()
        try:
            identity = await self.hub.identify(self.scope)
            await self.base_send(accept)
            self._accepted = True
            if identity is None:
                await self._close_unregistered(Code.NOT_SIGNED_IN, "not signed in")
            else:
                await self._begin(identity)
        except db.Error as error:
            logger.warning("A socket couldn't start without the database: %r", error)
            await self._end_abruptly(Code.RESTARTING, random.uniform(1, RETRY_WITHIN_S))  # noqa: S311

    async def _begin(self, identity: authentication.Identity) -> None:
        names = handshake.query(self.scope)
        asked = names.get("language"), names.get("zone")
        locale = await self.hub.locale_of(identity.user, *asked)
        if self.hub.is_full(self._address()):  # it may have filled up meanwhile
            await self._close_full()
        connection = self._register(identity, locale)
        cursor = protocol.parse_cursor(names.get("epoch"), names.get("since"))
        self._set_timers(connection)
        if self.hub.draining:  # since authentication began
            connection.close(Code.RESTARTING, "the server restarts", DRAINING_RETRY_S)
            return
        await self.hub.begin(connection, cursor)

    def _register(self, identity: authentication.Identity, locale: Locale) -> Connection:
        self._direct = DirectWriter.of(self.base_send) if conf.current().direct_writes else None
        connection = self.connection = Connection(
            identity,
            self.base_send,
            locale,
            lost=self._end_lost,
            fell_behind=self.hub.heartbeat.fell_behind,
            flush_soon=self.hub.flush_soon,
            direct=self._direct,
            loop=self.hub.loop,
            address=self._address(),
            device=(handshake.header(self.scope, b"user-agent") or "")[:300],
        )
        self._commands = Commands(self.hub, connection)
        if self._direct is not None:
            self._direct.hear_first(self._commands.hear_pong)
        self.hub.add(connection)
        metrics.OPENED.add()
        events.log(
            "opened",
            id=connection.id,
            user=identity.user,
            address=connection.address,
            by=identity.kind,
        )
        return connection

    def _set_timers(self, connection: Connection) -> None:
        loop = self.hub.loop
        age = conf.current().max_socket_age * random.uniform(11 / 12, 13 / 12)  # noqa: S311
        self._timers = [loop.call_later(age, connection.close, Code.MAXIMUM_AGE, "maximum age")]
        expires = connection.identity.session_expires
        if expires is not None:
            # Revalidated then, because the session may have been prolonged.
            seconds = (expires - timezone.now()).total_seconds() + EXPIRY_MARGIN_S
            self._timers.append(loop.call_later(seconds, self._revalidate, connection))

    def _revalidate(self, connection: Connection) -> None:
        self.hub.spawn(self.hub.revalidation.run([connection]))

    async def _refuse(self, why: str) -> None:
        """Ends the handshake with 403."""
        metrics.REFUSED.add(why)
        origin = handshake.header(self.scope, b"origin")
        events.log("refused", why=why, address=self._address(), origin=origin)
        await self.base_send({"type": "websocket.close"})
        raise _Ended

    async def _close_unregistered(
        self, code: Code, reason: str, retry_after: float | None = None
    ) -> None:
        """Closes a socket that is not in the hub's table."""
        self._accepted = True
        metrics.CLOSED.add(str(int(code)))
        events.log("closed", code=int(code), reason=reason, address=self._address())
        await self._send_bye(code, reason, retry_after)
        raise _Ended

    async def _close_full(self) -> None:
        metrics.LIMITS.add("sockets")
        events.log("limit", what="sockets", address=self._address(), sockets=self.hub.size)
        await self._close_unregistered(Code.PROCESS_FULL, "this process is at its socket limit")

    def _address(self) -> str:
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    # Frames

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        connection, commands = self.connection, self._commands
        if connection is None or commands is None or connection.closing is not None:
            return
        text = message.get("text")
        if text is None:
            connection.close(Code.MALFORMED, "binary frames are not supported")
        else:
            commands.take(text)

    # The end

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        self._client_code = message.get("code")
        raise _Ended

    def _end_lost(self) -> None:
        """Ends this consumer; the socket cannot be written to any more."""
        self._is_lost = True
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
        await self._send_bye(code, reason, retry_after)

    async def _send_bye(self, code: Code, reason: str, retry_after: float | None = None) -> None:
        try:
            if not self._accepted:
                await self.base_send({"type": "websocket.accept"})
            text = protocol.bye(code, reason, retry_after)
            await self.base_send({"type": "websocket.send", "text": text})
            await self.base_send({"type": "websocket.close", "code": int(code)})
        except Exception as error:
            logger.debug("The client had left before the close could be sent: %r", error)

    def _clean_up(self) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._commands is not None:
            self._commands.stop()
        if self._direct is not None:
            self._direct.let_go()
        if self.connection is not None:
            self._record_end(self.connection)
            self.hub.remove(self.connection)

    def _record_end(self, connection: Connection) -> None:
        closing = connection.closing
        code = self._client_code if closing is None else closing.code
        # A client may send any code; one time series for each would be too many.
        known = code is not None and (code in list(Code) or 1000 <= code <= 1015)
        metrics.CLOSED.add(str(int(code or 1006)) if known else "other")
        events.log(
            "closed",
            id=connection.id,
            user=connection.user,
            code=int(code or 1006),
            reason=closing.reason if closing is not None else "closed by the client",
            seconds=self.hub.loop.time() - connection.opened_at,
            latency=connection.latency,
        )

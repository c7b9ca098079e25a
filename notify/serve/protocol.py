"""The WebSocket protocol of `manage.py serve`: Daphne's, with bounds and a fast path for pongs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import reactor as _reactor
from twisted.internet.protocol import connectionDone

from notify.live.direct import DirectWriter
from notify.protocol import Code

logger = logging.getLogger(__name__)
reactor: Any = _reactor

MAX_QUEUED_FRAMES = 64  # received and not yet handled by the application
MAX_OTHER_FRAMES_PER_SECOND = 100  # control frames and continuations (RFC 6455, 5.4 and 5.5)
TEXT, MASKED = 0x81, 0x80  # RFC 6455, 5.2: FIN and opcode 1; the mask bit beside the length
TEXT_OR_BINARY = (1, 2)  # the opcodes that begin a message


class BoundedProtocol(WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    """One socket. Bounds the memory that a client can fill with frames that are not handled yet."""

    maxMessagePayloadSize: int  # noqa: N815  autobahn's
    # Gets each text frame first and returns whether it took it. See `DirectWriter.hear_first`.
    first_hearer: Callable[[bytes], bool] | None = None
    # Bypasses autobahn, so it must check the connection again after autobahn writes or closes.
    direct_writer: DirectWriter | None = None
    _state: int | None = None
    _other_frames = 0  # in `_counted_second`
    _counted_second = 0  # of the monotonic clock

    @property
    def state(self) -> int | None:
        return self._state

    @state.setter
    def state(self, state: int) -> None:
        self._state = state
        self._reset_direct_writer()

    def sendData(self, *args: Any, **options: Any) -> None:  # noqa: N802  autobahn's
        self._reset_direct_writer()
        super().sendData(*args, **options)

    def _reset_direct_writer(self) -> None:
        if self.direct_writer is not None:
            self.direct_writer.is_free = False

    def read_without_context(self) -> None:
        """Has the event loop read this socket without Twisted's logging context, which takes a
        twentieth of the CPU of 10,000 idle sockets (docs/performance.md), until the transport
        stops reading. TLS and similar transports are not registered as readers themselves."""
        if self.transport in reactor._readers:
            asyncio.get_running_loop().add_reader(
                self.transport.fileno(), reactor._readOrWrite, self.transport, True
            )

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  Twisted's
        """Reads a pong, which is a short frame in a segment of its own, in 2 µs; autobahn takes 15.
        10,000 idle sockets send 500 a second (docs/performance.md). Everything else goes to
        autobahn. A pong read here is missing from autobahn's statistics and does not restart the
        timer of its own pings; neither is used."""
        hearer = self.first_hearer
        if hearer is not None and self._is_between_frames():
            payload = _short_text(data)
            if payload is not None and hearer(payload):
                return
        if self.state == self.STATE_CONNECTING and hasattr(self, "handshake_deferred"):
            self._refuse_handshake()
        else:
            super().dataReceived(data)

    def _refuse_handshake(self) -> None:
        """Refuses a client that sends data before the handshake is answered (RFC 6455, 4.1).
        Autobahn would keep the data or parse it as another handshake."""
        deny: Any = ConnectionDeny  # autobahn has no types
        self.handshake_deferred.errback(
            deny(400, "A client must wait for the response to its handshake.")
        )
        del self.handshake_deferred
        self.server.protocol_disconnected(self)  # nothing from the application is sent any more

    def onConnect(self, request: Any) -> Any:  # noqa: N802  autobahn's
        """A subprotocol is an ASCII token (RFC 6455, 4.1); Daphne fails at any other text."""
        if not request.headers.get("sec-websocket-protocol", "").isascii():
            deny: Any = ConnectionDeny  # autobahn has no types
            raise deny(400, "Sec-WebSocket-Protocol must be ASCII.")
        return super().onConnect(request)

    def failHandshake(self, reason: str, *args: Any, **options: Any) -> None:  # noqa: N802
        """Removes the query string from the reason, which is logged and may contain the URL."""
        super().failHandshake(reason.partition("?")[0], *args, **options)

    def _is_between_frames(self) -> bool:
        """Open, with no incomplete header, frame or fragmented message."""
        return (
            self.state == self.STATE_OPEN
            and self.current_frame is None
            and not self.inside_message
            and not self.data
        )

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803  autobahn's
        if self.first_hearer is not None and not isBinary and self.first_hearer(payload):
            return
        if self.application_queue.qsize() >= MAX_QUEUED_FRAMES:
            self._abort("sends frames faster than they are handled")
        else:
            super().onMessage(payload, isBinary)

    def onFrameBegin(self) -> None:  # noqa: N802  autobahn's
        """Bounds the frames that are no message and that no other limit counts: pings, which are
        answered, pongs, and continuation frames, which may be empty."""
        if self.current_frame.opcode not in TEXT_OR_BINARY:
            second = int(time.monotonic())
            if second != self._counted_second:
                self._counted_second, self._other_frames = second, 0
            self._other_frames += 1
            if self._other_frames > MAX_OTHER_FRAMES_PER_SECOND:
                self._abort("sends too many control or continuation frames")
                return
        super().onFrameBegin()

    def _abort(self, reason: str) -> None:
        logger.warning("A client %s; its connection is aborted.", reason)
        self.muted = True
        self.wasNotCleanReason = reason
        self.dropConnection(abort=True)  # data that has been received is not read any more
        # Daphne does not send this event for a muted socket.
        self.application_queue.put_nowait({"type": "websocket.disconnect", "code": 1006})

    def sendMessage(self, payload: bytes, *args: Any, **options: Any) -> None:  # noqa: N802
        """Autobahn applies the limit on received messages to sent ones too; this lifts it."""
        if self.muted:  # aborted; the application still handles the frames before that event
            return
        bound: int = self.factory.maxMessagePayloadSize
        self.maxMessagePayloadSize = 0
        try:
            super().sendMessage(payload, *args, **options)
        finally:
            self.maxMessagePayloadSize = bound

    def onClose(self, *args: Any) -> None:  # noqa: N802  autobahn's
        """Daphne sets `server` in `onConnect`; a malformed handshake fails before that."""
        if hasattr(self, "server"):
            super().onClose(*args)

    def connectionLost(self, reason: Any = connectionDone) -> None:  # noqa: N802  Twisted's
        super().connectionLost(reason)
        self.is_closed.addCallback(_clear_result)  # which is this protocol: a reference cycle

    def end_without_application(self) -> None:
        """The application has ended: closes an open socket with 4500, and answers a handshake that
        it has not accepted with 500."""
        if hasattr(self, "handshake_deferred"):
            self.handle_exception(None)
        elif self.state == self.STATE_OPEN:
            self.serverClose(int(Code.INTERNAL_ERROR))


def configured_protocol(factory: Any) -> type[Any]:
    """A subclass of the factory's protocol that has the factory's options as class attributes.

    Autobahn copies all thirty options to each socket and formats them for a debug message that is
    not logged: a tenth of the CPU and of the memory of a connect (docs/performance.md).
    """
    options = {name: getattr(factory, name) for name in factory.protocol.CONFIG_ATTRS}
    # An option that is a function must not become a method.
    static = {name: staticmethod(one) if callable(one) else one for name, one in options.items()}
    return type(factory.protocol.__name__, (factory.protocol,), {**static, "CONFIG_ATTRS": ()})


def _short_text(data: bytes) -> bytes | None:
    """The payload of a client's text frame, if the data is exactly one: unfragmented, without
    extensions (RSV), masked, of 1 to 125 bytes (RFC 6455, 5.2 and 5.3), and ASCII, which is valid
    UTF-8 without a check."""
    size = len(data) - 6  # after a header of two bytes and a mask of four
    if not 0 < size < 126 or data[0] != TEXT or data[1] != MASKED | size:
        return None
    mask = (data[2:6] * 32)[:size]
    masked = int.from_bytes(data[6:], "big")
    payload = (masked ^ int.from_bytes(mask, "big")).to_bytes(size, "big")
    return payload if payload.isascii() else None


def _clear_result(_: object) -> None:
    """As the last callback of a Deferred, makes None its result."""

"""The fast path on Daphne: writes a frame straight into the socket.

Through Daphne a frame takes a coroutine, two logging calls, autobahn's framing, Twisted's buffer
and another turn of the event loop before `send(2)`. Here the text is framed (RFC 6455, 5.2: a
server's text frame is a header of 2 to 10 bytes and the payload, unmasked) and sent at once, if
nothing is queued on the transport before it. Bytes that the kernel does not take go to Twisted as
usual, which keeps the order and handles partial writes and closing. `NOTIFY_DIRECT_WRITES = False`
turns it off.

Under another server, or if a middleware has wrapped `send`, frames are sent by `send`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from twisted.internet.tcp import Connection

STATE_OPEN = 3  # autobahn's
_TEXT = 0x81  # FIN, opcode 1
_HEADER_16, _HEADER_64 = struct.Struct("!BBH"), struct.Struct("!BBQ")


def frame(payload: bytes) -> bytes:
    """A text frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, size)) + payload
    if size < 1 << 16:
        return _HEADER_16.pack(_TEXT, 126, size) + payload
    return _HEADER_64.pack(_TEXT, 127, size) + payload


class DirectWriter:
    """Writes to one Daphne protocol. The names that it uses of Twisted's FileDescriptor and of
    autobahn are not public: tests/unit/serve/test_server_contract.py.

    A broadcast writes to thousands of these, whose memory is no longer in the processor's cache:
    each object that is looked at has to be fetched (docs/performance.md). So the protocol of
    `manage.py serve` reports when its state changes, and until then nothing is looked at.
    """

    __slots__ = ("_is_notified", "_protocol", "_socket", "_transport", "is_free")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        # TLS and the like wrap a transport, and pass on its attributes, but write other bytes.
        plain = isinstance(self._transport, Connection)
        # Also None if the client has left during the handshake.
        self._socket: Any = getattr(self._transport, "socket", None) if plain else None
        self.is_free = False  # known to be open, with nothing queued on the transport
        self._is_notified = hasattr(protocol, "direct_writer")
        if self._is_notified:
            protocol.direct_writer = self

    @classmethod
    def of(cls, send: Any) -> DirectWriter | None:
        """The writer for an ASGI `send`, if that is Daphne's own: a partial of its
        `Server.handle_reply` with the protocol. Else None."""
        method = getattr(send, "func", None)
        if getattr(method, "__qualname__", "") != "Server.handle_reply":
            return None
        return cls(send.args[0]) if method.__module__ == "daphne.server" else None

    def hear_first(self, hearer: Callable[[bytes], bool] | None) -> None:
        """Has `manage.py serve` call `hearer` with each text frame before it queues the frame for
        ASGI, which costs a turn of the loop and a task's wake-up. `hearer` returns whether it took
        the frame."""
        if hasattr(self._protocol, "first_hearer"):
            self._protocol.first_hearer = hearer
            if hearer is not None:
                self._protocol.read_without_context()

    def let_go(self) -> None:
        """Drops the protocol's references to us."""
        self.hear_first(None)
        if self._is_notified:
            self._protocol.direct_writer = None
        self.is_free = self._is_notified = False

    def write(self, text: str) -> bool:
        """Writes a text frame. Returns False if the caller must send it through the server."""
        if not self.is_free and self._protocol.state != STATE_OPEN:
            return False  # autobahn leaves this state before it closes the transport
        data = frame(text.encode())
        if self.is_free or self._is_idle():
            self.send(data)
        else:
            self._transport.write(data)
        return True

    def send(self, data: bytes) -> None:
        """Sends a whole frame. Nothing may be queued on the transport before it."""
        try:
            sent = self._socket.send(data)
        except OSError:  # full, or broken: Twisted waits, or notices
            sent = 0
        if sent < len(data):
            self.is_free = False
            self._transport.write(data[sent:])

    def _is_idle(self) -> bool:
        if self._socket is None or self._transport._tempDataLen or self._transport.dataBuffer:
            return False
        self.is_free = self._is_notified
        return True

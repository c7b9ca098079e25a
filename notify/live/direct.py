"""The fast path on Daphne: a ready frame goes straight into the socket.

Through Daphne a frame passes a coroutine, two logging calls, autobahn's framing, Twisted's buffer
and another turn of the event loop before `send(2)`. Here it is framed (RFC 6455, 5.2: a server's
text frame is a header of 2 to 10 bytes and the payload, unmasked) and sent, where nothing is queued
on the transport before it. What the kernel does not take at once goes to Twisted as usual, so
order, partial writes and closing are Twisted's. `NOTIFY_DIRECT_WRITES = False` turns it off.

Under another server, or where a middleware has wrapped `send`, the plain path is taken.
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
    """A text frame as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, size)) + payload
    if size < 1 << 16:
        return _HEADER_16.pack(_TEXT, 126, size) + payload
    return _HEADER_64.pack(_TEXT, 127, size) + payload


class DirectWriter:
    """Of one Daphne protocol. The names that it reads of Twisted's FileDescriptor and of autobahn
    are not public: tests/unit/serve/test_server_contract.py.

    A broadcast comes to a thousand of these, whose memory is in no cache of the processor's any
    more: each object that is looked at has to be fetched (docs/performance.md). So the protocol
    of `manage.py serve` says when there is something new to see, and nothing is looked at until
    then.
    """

    __slots__ = ("_is_told", "_protocol", "_socket", "_transport", "is_free")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        # TLS and the like, whose bytes differ, wrap a transport and hand on what it has.
        plain = isinstance(self._transport, Connection)
        # None where the client has left during the handshake, too.
        self._socket: Any = getattr(self._transport, "socket", None) if plain else None
        self.is_free = False  # open, and nothing waits before us: without looking
        self._is_told = hasattr(protocol, "direct_writer")
        if self._is_told:
            protocol.direct_writer = self

    @classmethod
    def of(cls, send: Any) -> DirectWriter | None:
        """The writer beside an ASGI `send`, if it is Daphne's own: a partial of its
        `Server.handle_reply` with the protocol."""
        method = getattr(send, "func", None)
        if getattr(method, "__qualname__", "") != "Server.handle_reply":
            return None
        return cls(send.args[0]) if method.__module__ == "daphne.server" else None

    def hear_first(self, hearer: Callable[[bytes], bool] | None) -> None:
        """Has `manage.py serve` give each text frame to the hearer before the ASGI queue, which
        costs a turn of the loop and a task's wake-up; the hearer returns whether it took it."""
        if hasattr(self._protocol, "first_hearer"):
            self._protocol.first_hearer = hearer
            if hearer is not None:
                self._protocol.read_without_context()

    def let_go(self) -> None:
        """The protocol holds nothing of ours any more."""
        self.hear_first(None)
        if self._is_told:
            self._protocol.direct_writer = None
        self.is_free = self._is_told = False

    def write(self, text: str) -> bool:
        """Whether it was taken; else the caller sends it through the server."""
        if not self.is_free and self._protocol.state != STATE_OPEN:
            return False  # autobahn leaves it before it closes the transport
        data = frame(text.encode())
        if self.is_free or self._is_idle():
            self.send(data)
        else:
            self._transport.write(data)
        return True

    def send(self, data: bytes) -> None:
        """Where nothing waits before it: a whole frame."""
        try:
            sent = self._socket.send(data)
        except OSError:  # full, or broken: Twisted waits, or finds out
            sent = 0
        if sent < len(data):
            self.is_free = False
            self._transport.write(data[sent:])

    def _is_idle(self) -> bool:
        if self._socket is None or self._transport._tempDataLen or self._transport.dataBuffer:
            return False
        self.is_free = self._is_told
        return True

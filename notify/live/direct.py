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
    are not public: tests/unit/live/test_server_contract.py."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

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

    def write(self, text: str) -> bool:
        """Whether it was taken; else the caller sends it through the server."""
        protocol = self._protocol
        if protocol.state != protocol.STATE_OPEN:
            return False
        transport = protocol.transport
        data = frame(text.encode())
        if not _is_idle(transport):
            transport.write(data)
            return True
        try:
            sent = transport.socket.send(data)
        except OSError:  # full, or broken: Twisted waits, or finds out
            sent = 0
        if sent < len(data):
            transport.write(data[sent:])
        return True


def _is_idle(transport: Any) -> bool:
    """Nothing waits before us, and the socket is a plain one (not TLS, whose bytes differ)."""
    try:
        return (
            transport.connected
            and not transport.disconnecting
            and not transport._tempDataBuffer
            and len(transport.dataBuffer) == transport.offset
            and transport.socket is not None
        )
    except AttributeError:
        return False

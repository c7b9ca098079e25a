"""A WebSocket client's bytes (RFC 6455), as little of it as holds 10,000 sockets on one core."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA

FIN, RESERVED = 0x80, 0x70
MASKED = 0x80
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def new_key() -> bytes:
    return base64.b64encode(os.urandom(16))


def handshake(host: str, path: str, key: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key.decode()}",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def accepts(response: bytes, key: bytes) -> bool:
    """Whether the head of the response takes the handshake (RFC 6455, 4.1)."""
    expected = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return response.startswith(b"HTTP/1.1 101 ") and expected in response


def frame(opcode: int, payload: bytes) -> bytes:
    """One frame from a client, masked; up to 65,535 bytes."""
    size = len(payload)
    head = (
        bytes((FIN | opcode, MASKED | size))
        if size < 126
        else bytes((FIN | opcode, MASKED | 126)) + size.to_bytes(2)
    )
    mask = os.urandom(4)
    pattern = int.from_bytes((mask * (size // 4 + 1))[:size])
    return head + mask + (int.from_bytes(payload) ^ pattern).to_bytes(size)


class Incoming:
    """Cuts what a server sends into frames."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(opcode, payload) of each frame that is complete now. Raises ValueError for what no
        server here has a reason to send: fragments, reserved bits and masks."""
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        while end - at >= 2:
            first, size, start = data[at], data[at + 1], at + 2
            if not first & FIN or first & RESERVED or size & MASKED:
                raise ValueError("a fragment, a reserved bit, or a masked frame")
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4]), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10]), at + 10
            if end < start + size:  # also where its head is cut
                break
            yield first & 0xF, data[start : start + size]
            at = start + size
        self._rest = data[at:]

"""A client that keeps no rule: it writes what it likes, and reads only when it is asked to."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import Self

from tests.harness.server import Server

TEXT, BINARY, CLOSE, PING, CONTINUATION = 1, 2, 8, 9, 0


def frame(payload: bytes, opcode: int = TEXT, *, fin: bool = True, reserved: int = 0) -> bytes:
    """As RFC 6455, 5.2 has it; masked with zeros, which changes nothing."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 2**16:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + bytes(4) + payload


class RawSocket:
    """Blocking; every call gives up after `timeout` seconds with TimeoutError."""

    def __init__(
        self, server: Server, cookie: str, *, receive_buffer: int | None = None, timeout: float = 10
    ) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(timeout)
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.connect(("127.0.0.1", server.port))
        lines = (
            "GET /ws/notify/ HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            f"Origin: {server.url}",
            f"Cookie: {cookie}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol: notify.v1",
        )
        self._socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(1)
        assert b" 101 " in answer, answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    @property
    def timeout(self) -> float | None:
        return self._socket.gettimeout()

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._socket.settimeout(seconds)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def until_closed(self) -> int | None:
        """Reads on; the close code, or None where the connection ended without one."""
        data, code = b"", None
        with contextlib.suppress(ConnectionError):
            while code is None and (more := self._socket.recv(65536)):
                data += more
                code = _close_code(data)
        return code

    def closed_by_now(self) -> bool:
        """Whether the server has ended it, as far as that shows without reading frames."""
        try:
            self._socket.send(frame(b"", PING))
        except OSError:
            return True
        return False


def _close_code(data: bytes) -> int | None:
    while len(data) >= 2:
        opcode, size, start = data[0] & 0x0F, data[1] & 0x7F, 2
        if size == 126:
            size, start = struct.unpack("!H", data[2:4])[0], 4
        elif size == 127:
            size, start = struct.unpack("!Q", data[2:10])[0], 10
        if opcode == CLOSE:
            payload = data[start : start + size]
            return int(struct.unpack("!H", payload[:2])[0]) if len(payload) >= 2 else None
        data = data[start + size :]
    return None

"""The least that Python can do: one frame, and a write(2) of it to each socket in a loop.

No library, no buffer, no user, and no answer to a client that is slow: it fails where the kernel
does not take a whole frame. What is posted to it goes to everyone. `python bare_write.py 8000`
"""

import asyncio
import base64
import hashlib
import json
import os
import socket
import sys

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
files: list[int] = []


def frame(payload: bytes) -> bytes:
    """A text frame (RFC 6455, 5.2) of 126 to 65,535 bytes."""
    return bytes((0x81, 126)) + len(payload).to_bytes(2) + payload


def broadcast(payload: bytes) -> int:
    data = frame(payload)
    for file in files:
        if os.write(file, data) != len(data):
            raise RuntimeError("the kernel took a part only")
    return len(files)


class Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""
        self.file = -1

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if self.file >= 0 or not end:
            return
        lines = (line.partition(b":") for line in head.splitlines()[1:])
        headers = {name.lower(): value.strip() for name, _, value in lines}
        if head.startswith(b"POST "):
            if len(body) == int(headers[b"content-length"]):
                self.received = b""
                self.answer(json.dumps({"delivered": broadcast(body)}).encode())
            return
        digest = hashlib.sha1(headers[b"sec-websocket-key"] + GUID, usedforsecurity=False).digest()
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
        found: socket.socket = self.transport.get_extra_info("socket")
        self.file = found.fileno()
        files.append(self.file)

    def answer(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        self.transport.write(head.encode() + b"\r\n\r\n" + body)

    def connection_lost(self, exception: Exception | None) -> None:
        if self.file in files:
            files.remove(self.file)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

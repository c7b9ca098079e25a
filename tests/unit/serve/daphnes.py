"""A socket's protocol, made as Daphne and autobahn do, and the frames of a client."""

from __future__ import annotations

import asyncio
from typing import Any

from daphne.ws_protocol import WebSocketFactory

from notify.serve.protocol import BoundedProtocol
from notify.serve.proxy_headers import ProxyHeaders

HANDSHAKE = (
    b"GET /ws/notify/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)
MASK = b"\x01\x80\xff\x37"
CONTINUATION, TEXT, BINARY, CLOSE, PING = 0, 1, 2, 8, 9


class DaphnesServer:
    """The part of a server that Daphne's protocol uses."""

    root_path = ""
    proxy_headers = ProxyHeaders()
    proxy_forwarded_address_header = None

    def protocol_connected(self, protocol: object) -> None: ...

    def protocol_disconnected(self, protocol: object) -> None: ...

    def log_action(self, *action: object) -> None: ...

    def create_application(self, protocol: object, scope: object) -> asyncio.Queue[Any]:
        return asyncio.Queue()


def ws_factory(server: Any, protocol: type[BoundedProtocol] = BoundedProtocol) -> Any:
    factory = WebSocketFactory(server)
    factory.protocol = protocol
    factory.setProtocolOptions(
        openHandshakeTimeout=0, closeHandshakeTimeout=0, maxMessagePayloadSize=1000
    )
    return factory


def opened(transport: Any, protocol: type[BoundedProtocol] = BoundedProtocol) -> Any:
    """A protocol after an accepted handshake."""
    one = opening(transport, protocol)
    one.handle_reply({"type": "websocket.accept"})
    return one


def opening(
    transport: Any,
    protocol: type[BoundedProtocol] = BoundedProtocol,
    handshake: bytes = HANDSHAKE,
) -> Any:
    """A protocol whose handshake the application has not answered yet."""
    one = ws_factory(DaphnesServer(), protocol).buildProtocol(None)
    one._raw_query_string = b""
    one.makeConnection(transport)
    one.dataReceived(handshake)
    return one


def frame(
    payload: bytes,
    opcode: int = TEXT,
    *,
    fin: bool = True,
    reserved: int = 0,
    mask: bytes | None = MASK,
) -> bytes:
    """A frame of a client (RFC 6455, 5.2)."""
    size, masked = len(payload), 0x80 if mask else 0
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    length = bytes((masked | size,)) if size < 126 else bytes((masked | 126, size >> 8, size & 255))
    if mask:
        payload = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
    return bytes((first,)) + length + (mask or b"") + payload

"""HTTP requests of `manage.py serve`: bodies are bounded, handshakes follow RFC 6455, and proxy
headers that a client may have forged are removed."""

from __future__ import annotations

import logging
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from twisted.internet import reactor as _reactor

logger = logging.getLogger(__name__)
reactor: Any = _reactor

# Daphne keeps a body in memory for the application. Django accepts forms of 2.5 MB
# (DATA_UPLOAD_MAX_MEMORY_SIZE), notify's API accepts 1 MiB; files may be larger.
MAX_BODY_BYTES = 16 * 1024 * 1024
LINGER_S = 2.0  # before closing, so that a client still sending reads the answer (RFC 9112, 9.6)
_TOO_LARGE = (
    b"HTTP/1.1 413 Content Too Large\r\nContent-Type: text/plain\r\nContent-Length: 24\r\n"
    b"Connection: close\r\n\r\nThis body is too large.\n"
)


class BoundedRequest(WebRequest):  # type: ignore[misc]  # daphne has no types
    """Answers 413 as soon as a body is announced or received that exceeds the server's
    `max_body_bytes`, and keeps nothing of it. Accepts a handshake only if it is HTTP/1.1, has no
    body, and nothing follows it before the answer (RFC 6455, 4.1)."""

    _received = 0
    _is_refused = False

    def __init__(self, *args: Any, **options: Any) -> None:
        # Twisted would parse a form into `args`, which Daphne does not use, in the event loop:
        # 16 MB take seconds.
        super().__init__(*args, parsePOSTFormSubmission=False, **options)

    def __repr__(self) -> str:
        """Without the query string, because it is logged."""
        return f"<{type(self).__name__} {self.method!r} {self.uri.partition(b'?')[0]!r}>"

    def gotLength(self, length: int | None) -> None:  # noqa: N802  Twisted's
        is_too_large = length is not None and length > self.server.max_body_bytes
        super().gotLength(0 if is_too_large else length)
        if is_too_large:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802  Twisted's
        self._received += len(data)
        if self._is_refused:
            return
        if self._received > self.server.max_body_bytes:
            self._refuse()
        else:
            super().handleContentChunk(data)

    def _refuse(self) -> None:
        self._is_refused = True
        logger.warning("A request body exceeds %d bytes: 413.", self.server.max_body_bytes)
        self.content.seek(0)
        self.content.truncate()
        self.requestHeaders.removeHeader(b"expect")  # or Twisted answers 100 Continue
        self.transport.write(_TOO_LARGE)
        self.channel.dataReceived = _discard
        reactor.callLater(LINGER_S, self.transport.loseConnection)

    def process(self) -> Any:
        if self._is_refused:
            return None
        self.server.proxy_headers.strip(self.requestHeaders)
        if self.server.is_stopping:
            self.responseHeaders.setRawHeaders(b"connection", [b"close"])
            self.channel.persistent = False
        if self._is_handshake() and not self._is_alone():
            detail = "A handshake must use HTTP/1.1, have no body, and wait for the response."
            self.basic_error(400, b"Bad Request", detail)
            return None
        return super().process()

    def _is_handshake(self) -> bool:
        upgrade: bytes = self.requestHeaders.getRawHeaders(b"upgrade", [b""])[0]
        return upgrade.lower() == b"websocket"

    def _is_alone(self) -> bool:
        """HTTP/1.1, without a body, and no data after it."""
        return (
            self.clientproto == b"HTTP/1.1"
            and not self.requestHeaders.hasHeader(b"transfer-encoding")
            and not self.content.read(1)
            and not self.channel.clearLineBuffer()
        )


class BoundedFactory(HTTPFactory):  # type: ignore[misc]  # daphne has no types
    def buildProtocol(self, addr: object) -> Any:  # noqa: N802  Twisted's
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol

    def log(self, request: object) -> None:
        """Turns off Twisted's access log, which has the query string. Daphne's has not."""


def _discard(data: bytes) -> None:
    """Data after the answer."""

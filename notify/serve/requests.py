"""HTTP requests as `manage.py serve` takes them: their bodies are bounded, handshakes are those of
RFC 6455, and what a client says in a proxy's place is removed before anybody reads it."""

from __future__ import annotations

import logging
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from twisted.internet import reactor as _reactor

logger = logging.getLogger(__name__)
reactor: Any = _reactor

# Of one body, which Daphne gives to the application through the memory of the process. Django
# takes forms of 2.5 MB (DATA_UPLOAD_MAX_MEMORY_SIZE), notify's API 1 MiB; files may be larger.
MAX_BODY_BYTES = 16 * 1024 * 1024
LINGER_S = 2.0  # for a client that is still sending to read the answer (RFC 9112, 9.6)
_TOO_LARGE = (
    b"HTTP/1.1 413 Content Too Large\r\nContent-Type: text/plain\r\nContent-Length: 24\r\n"
    b"Connection: close\r\n\r\nThis body is too large.\n"
)


class BoundedRequest(WebRequest):  # type: ignore[misc]  # daphne has no types
    """A body above the server's `max_body_bytes` is answered with 413 as soon as it is announced,
    or has come; nothing of it is kept. A handshake is HTTP/1.1, has no body, and its client waits
    for the answer (RFC 6455, 4.1)."""

    _received = 0
    _is_refused = False

    def __init__(self, *args: Any, **options: Any) -> None:
        # Twisted reads a form into `args` in the event loop, which Daphne never looks at: 16 MB
        # of them take seconds.
        super().__init__(*args, parsePOSTFormSubmission=False, **options)

    def __repr__(self) -> str:
        """For the log, so without the query string."""
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
        logger.warning("A request has a body above %d bytes: 413.", self.server.max_body_bytes)
        self.content.seek(0)
        self.content.truncate()
        self.requestHeaders.removeHeader(b"expect")  # or it is told to go on
        self.transport.write(_TOO_LARGE)
        self.channel.dataReceived = _drop
        reactor.callLater(LINGER_S, self.transport.loseConnection)

    def process(self) -> Any:
        if self._is_refused:
            return None
        self.server.proxy_headers.strip(self.requestHeaders)
        if self._is_handshake() and not self._is_alone():
            what = "A handshake is HTTP/1.1, and nothing comes with it or before its answer."
            self.basic_error(400, b"Bad Request", what)
            return None
        return super().process()

    def _is_handshake(self) -> bool:
        upgrade: bytes = self.requestHeaders.getRawHeaders(b"upgrade", [b""])[0]
        return upgrade.lower() == b"websocket"

    def _is_alone(self) -> bool:
        """Of HTTP/1.1, without a body, and nothing has come after it."""
        return (
            self.clientproto == b"HTTP/1.1"
            and not self.requestHeaders.hasHeader(b"transfer-encoding")
            and not self.content.read(1)
            and not self.channel.clearLineBuffer()
        )


class BoundedFactory(HTTPFactory):  # type: ignore[misc]  # as above
    def buildProtocol(self, addr: object) -> Any:  # noqa: N802  Twisted's
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol

    def log(self, request: object) -> None:
        """Twisted's own line, with the query string: Daphne's access log has one without."""


def _drop(data: bytes) -> None:
    """What comes after the answer."""

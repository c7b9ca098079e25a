"""Anonymous HTTP requests, each on its own connection."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus

from django.urls import NoReverseMatch, reverse

from notify.management.doctor.target import TIMEOUT_S, Target
from notify.protocol import SUBPROTOCOL

MAX_BODY_BYTES = 2000
GATEWAY_FAILURES = {
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "bm90aWZ5LWRvY3Rvci0xMw==",
    "Sec-WebSocket-Protocol": SUBPROTOCOL,
}


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Message
    body: str

    @property
    def location(self) -> str:
        return self.header("Location")

    @property
    def outcome(self) -> tuple[int, str]:
        """Differs if the server took the request for a different one."""
        return self.status, self.location

    def header(self, name: str) -> str:
        """The value of this header, or an empty string."""
        return str(self.headers.get(name, ""))


def get(
    target: Target,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    plain: bool = False,
) -> Response:
    """The response to a GET.

    Args:
        plain: use the port without TLS.

    Raises:
        OSError, HTTPException: there is no response.
    """
    host = target.address[0] if plain else target.host
    sent = {"Host": host, "User-Agent": "notify_doctor"}
    connection = _http_connection(target, plain=plain)
    try:
        connection.request("GET", path, headers={**sent, **(headers or {})})
        response = connection.getresponse()
        return Response(
            response.status,
            response.headers,
            response.read(MAX_BODY_BYTES).decode("utf-8", "replace"),
        )
    finally:
        connection.close()


def _http_connection(target: Target, *, plain: bool) -> http.client.HTTPConnection:
    host, port = target.address
    if plain:
        return http.client.HTTPConnection(host, target.plain_port, timeout=TIMEOUT_S)
    if target.is_secure:
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=target.context)
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)


def try_handshake(target: Target, headers: Mapping[str, str] | None = None) -> Response:
    """The response to a WebSocket handshake; a socket that opens is closed at once."""
    own = {**HANDSHAKE, "Origin": target.origin}
    return get(target, target.socket_path, {**own, **(headers or {})})


def status_of(target: Target, request: bytes) -> int | None:
    """The status of the response to these bytes; None if the connection is closed without one."""
    with open_connection(target) as connection:
        connection.sendall(request)
        line = connection.makefile("rb").readline(MAX_BODY_BYTES)
    words = line.split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None


def open_connection(target: Target) -> socket.socket:
    """A TCP connection, with TLS for an https:// URL. Raises OSError."""
    plain = socket.create_connection(target.address, timeout=TIMEOUT_S)
    if target.context is None:
        return plain
    try:
        return target.context.wrap_socket(plain, server_hostname=target.address[0])
    except BaseException:
        plain.close()
        raise


def path_of(target: Target, name: str) -> str | None:
    """The path of a URL name of this project; None if it has no such name."""
    try:
        return target.path(reverse(name))
    except NoReverseMatch:
        return None


def ordinary_path(target: Target) -> str:
    """A path that notify answers in every project: with 401 for an anonymous request."""
    return path_of(target, "notify-api:inbox_page") or "/"

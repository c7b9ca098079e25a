"""Anonymous requests, each on a connection of its own."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus

from django.urls import NoReverseMatch, reverse

from notify.management.doctor.patient import PATIENCE_S, Patient
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
class Answer:
    status: int
    headers: Message
    body: str

    @property
    def location(self) -> str:
        return self.header("Location")

    @property
    def gist(self) -> tuple[int, str]:
        """Differs where the request was taken for another one."""
        return self.status, self.location

    def header(self, name: str) -> str:
        """Its value; empty where the answer has none of this name."""
        return str(self.headers.get(name, ""))


def ask(
    patient: Patient,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    plain: bool = False,
) -> Answer:
    """The answer to a GET; with `plain`, to one on the port without TLS. Raises OSError or
    HTTPException where there is none."""
    host, port = patient.address
    connection: http.client.HTTPConnection
    if plain:
        connection = http.client.HTTPConnection(host, patient.plain_port, timeout=PATIENCE_S)
    elif patient.is_secure:
        connection = http.client.HTTPSConnection(
            host, port, timeout=PATIENCE_S, context=patient.context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    sent = {"Host": host if plain else patient.host, "User-Agent": "notify_doctor"}
    try:
        connection.request("GET", path, headers={**sent, **(headers or {})})
        response = connection.getresponse()
        return Answer(
            response.status,
            response.headers,
            response.read(MAX_BODY_BYTES).decode("utf-8", "replace"),
        )
    finally:
        connection.close()


def shake_hands(patient: Patient, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to a WebSocket handshake; a socket that opens is closed at once."""
    own = {**HANDSHAKE, "Origin": patient.origin}
    return ask(patient, patient.socket_path, {**own, **(headers or {})})


def status_of(patient: Patient, request: bytes) -> int | None:
    """The status of the answer to a request as it stands; None where the connection is closed
    without an answer."""
    with connected(patient) as connection:
        connection.sendall(request)
        line = connection.makefile("rb").readline(MAX_BODY_BYTES)
    words = line.split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None


def connected(patient: Patient) -> socket.socket:
    """A connection, with TLS for an https:// URL. Raises OSError."""
    plain = socket.create_connection(patient.address, timeout=PATIENCE_S)
    if patient.context is None:
        return plain
    try:
        return patient.context.wrap_socket(plain, server_hostname=patient.address[0])
    except BaseException:
        plain.close()
        raise


def path_of(patient: Patient, name: str) -> str | None:
    """The path of a route of this project; None where no route has this name."""
    try:
        return patient.path(reverse(name))
    except NoReverseMatch:
        return None


def ordinary_path(patient: Patient) -> str:
    """A path that notify answers in every project: 401 for an anonymous request."""
    return path_of(patient, "notify-api:inbox_page") or "/"

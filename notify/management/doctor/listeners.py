"""The ports: TLS versions and ciphers, plain HTTP, slow clients, handshakes against the RFC."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import warnings
from http import HTTPStatus

from notify.management.doctor.asking import HANDSHAKE, Answer, ask, connected, path_of, status_of
from notify.management.doctor.patient import (
    FOREIGN_HOST,
    PATIENCE_S,
    Advice,
    Patient,
    Weak,
)

SLOW_S = 12.0
CANNOT = ("NO_CIPHERS", "NO_PROTOCOLS", "No cipher")  # of OpenSSL here, and not there


# Name, oldest and newest version, ciphers, and what nginx must say instead.
OLD_TLS = (
    (
        "TLS below 1.2",
        ssl.TLSVersion.TLSv1,
        ssl.TLSVersion.TLSv1_1,
        "ALL",
        "ssl_protocols TLSv1.2 TLSv1.3;",
    ),
    (
        "TLS 1.2 without forward secrecy",
        ssl.TLSVersion.TLSv1_2,
        ssl.TLSVersion.TLSv1_2,
        "kRSA:!NULL",
        "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;",
    ),
)


def old_tls(patient: Patient) -> str:
    """Tries TLS handshakes with old versions and ciphers. Raises Weak or Advice."""
    accepted, not_tried = [], []
    for what, oldest, newest, ciphers, cure in OLD_TLS:
        try:
            cipher = _cipher_with(patient, _context(oldest, newest, ciphers))
            accepted.append(f"{what} is accepted, with {cipher} (nginx: {cure})")
        except ssl.SSLError as error:
            if any(words in str(error) for words in CANNOT):
                not_tried.append(what)
        except OSError:  # closed without an alert
            pass
    if accepted:
        raise Weak(". ".join(accepted))
    if not_tried:
        raise Advice(f"not tried, as OpenSSL here cannot: {', '.join(not_tried)}")
    return "neither a version below 1.2 nor a cipher without forward secrecy is accepted"


def _context(oldest: ssl.TLSVersion, newest: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Nothing is sent on it, so the server need not prove who it is.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # which is why it is tried
        context.minimum_version = oldest
        context.maximum_version = newest
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    return context


def _cipher_with(patient: Patient, context: ssl.SSLContext) -> str:
    """The cipher of a handshake. Raises SSLError, or OSError, where there is none."""
    with (
        socket.create_connection(patient.address, timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname=patient.address[0]) as secured,
    ):
        return (secured.cipher() or ("an unknown cipher",))[0]


def plain_http(patient: Patient) -> str:
    """Whether port 80 redirects to https, and for its own name only. Raises Weak."""
    port, name = patient.plain_port, patient.address[0]
    by_name = _plain(patient, name)
    is_open = by_name is not None and by_name.status < HTTPStatus.BAD_REQUEST
    if by_name is not None and is_open and not by_name.location.startswith("https://"):
        raise Weak(
            f"port {port} answers {by_name.status} without TLS, and does not redirect. Have it "
            "(nginx: return 301 https://$host$request_uri;)"
        )
    foreign = _plain(patient, FOREIGN_HOST)
    if foreign is not None and (foreign.status < 300 or FOREIGN_HOST in foreign.location):
        raise Weak(
            f"port {port} answers {foreign.status} for any name, such as {FOREIGN_HOST}. Have it "
            "refuse those (nginx: a server with listen 80 default_server; return 444;)"
        )
    if is_open:
        return f"port {port} redirects to https, and for its own name only"
    return f"port {port} serves nothing"


def _plain(patient: Patient, host: str) -> Answer | None:
    try:
        return ask(patient, path_of(patient, "notify:dashboard") or "/", {"Host": host}, plain=True)
    except (OSError, http.client.HTTPException):
        return None


def slow_headers(patient: Patient) -> str:
    """Sends a header at a byte a second, for SLOW_S at most. Raises Advice."""
    began = time.monotonic()
    with connected(patient) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\nX-Slow: " % patient.host.encode())
        connection.settimeout(1)
        while (took := time.monotonic() - began) < SLOW_S:
            try:
                connection.sendall(b"x")
                connection.recv(1)  # the end, or an answer, which is 408
            except TimeoutError:
                continue
            except OSError:
                pass
            return f"cut off after {took:.0f} s at a byte a second"
    raise Advice(
        f"a client that sends a byte a second is not cut off within {SLOW_S:g} s; a few thousand "
        "of them take all connections (nginx: client_header_timeout 8s;)"
    )


def old_handshakes(patient: Patient) -> str:
    """Tries handshakes that RFC 6455, 4.2.1, forbids. Raises Advice."""
    head = {"Host": patient.host, "Origin": patient.origin, **HANDSHAKE}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    requests = {
        "HTTP/1.0": f"GET {patient.socket_path} HTTP/1.0\r\n{lines}\r\n",
        "a body": f"GET {patient.socket_path} HTTP/1.1\r\n{lines}Content-Length: 5\r\n\r\nhello",
    }
    accepted = [
        what
        for what, request in requests.items()
        if status_of(patient, request.encode()) == HTTPStatus.SWITCHING_PROTOCOLS
    ]
    if accepted:
        raise Advice(
            f"accepted with {' and with '.join(accepted)}, against RFC 6455. Hand on Upgrade of "
            "HTTP/1.1 only (nginx: a map of $server_protocol, as in deploy/nginx.conf); without a "
            "proxy, `manage.py serve` refuses such handshakes"
        )
    return "refused with HTTP/1.0, and with a body"

"""Steps about the ports: old TLS, plain HTTP, slow clients, handshakes that RFC 6455 forbids."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import warnings
from http import HTTPStatus

from notify.management.doctor.findings import Advice, Weakness
from notify.management.doctor.http_client import (
    HANDSHAKE,
    Response,
    get,
    open_connection,
    path_of,
    status_of,
)
from notify.management.doctor.target import FOREIGN_HOST, TIMEOUT_S, Target

SLOW_S = 12.0
# In errors of the OpenSSL of this machine, rather than of the server.
LOCAL_ERRORS = ("NO_CIPHERS", "NO_PROTOCOLS", "No cipher")

# Name, oldest and newest version, ciphers, and the nginx directive that refuses them.
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


def old_tls(target: Target) -> str:
    """Tries TLS handshakes with old versions and ciphers. Raises Weakness or Advice."""
    accepted, not_tried = [], []
    for name, oldest, newest, ciphers, directive in OLD_TLS:
        try:
            cipher = _cipher_with(target, _context(oldest, newest, ciphers))
            accepted.append(f"{name} is accepted, with {cipher} (nginx: {directive})")
        except ssl.SSLError as error:
            if any(text in str(error) for text in LOCAL_ERRORS):
                not_tried.append(name)
        except OSError:  # closed without an alert
            pass
    if accepted:
        raise Weakness(". ".join(accepted))
    if not_tried:
        raise Advice(f"not examined: this machine's OpenSSL lacks {', '.join(not_tried)}")
    return "versions below 1.2 and ciphers without forward secrecy are refused"


def _context(oldest: ssl.TLSVersion, newest: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Nothing is sent on it, so the server is not verified.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the versions that are tried
        context.minimum_version = oldest
        context.maximum_version = newest
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    return context


def _cipher_with(target: Target, context: ssl.SSLContext) -> str:
    """The negotiated cipher. Raises SSLError or OSError if the handshake fails."""
    with (
        socket.create_connection(target.address, timeout=TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=target.address[0]) as secured,
    ):
        return (secured.cipher() or ("an unknown cipher",))[0]


def plain_http(target: Target) -> str:
    """Checks that port 80 redirects to https, for its own host name only. Raises Weakness."""
    port, name = target.plain_port, target.address[0]
    own = _plain(target, name)
    is_open = own is not None and own.status < HTTPStatus.BAD_REQUEST
    if own is not None and is_open and not own.location.startswith("https://"):
        raise Weakness(
            f"port {port} responds with {own.status} without TLS, and does not redirect to https "
            "(nginx: return 301 https://$host$request_uri;)"
        )
    foreign = _plain(target, FOREIGN_HOST)
    if foreign is not None and (foreign.status < 300 or FOREIGN_HOST in foreign.location):
        raise Weakness(
            f"port {port} responds with {foreign.status} to any host name, such as {FOREIGN_HOST}. "
            "Refuse them (nginx: a server with listen 80 default_server; return 444;)"
        )
    if is_open:
        return f"port {port} redirects to https, for its own host name only"
    return f"port {port} serves nothing"


def _plain(target: Target, host: str) -> Response | None:
    try:
        return get(target, path_of(target, "notify:dashboard") or "/", {"Host": host}, plain=True)
    except (OSError, http.client.HTTPException):
        return None


def slow_headers(target: Target) -> str:
    """Sends a header at one byte per second, for at most SLOW_S. Raises Advice."""
    began = time.monotonic()
    with open_connection(target) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\nX-Slow: " % target.host.encode())
        connection.settimeout(1)
        while (took := time.monotonic() - began) < SLOW_S:
            try:
                connection.sendall(b"x")
                connection.recv(1)  # the connection ends, or a 408 arrives
            except TimeoutError:
                continue
            except OSError:
                pass
            return f"a client that sends one byte per second is cut off after {took:.0f} s"
    raise Advice(
        f"a client that sends one byte per second is not cut off within {SLOW_S:g} s. A few "
        "thousand of them take all connections (nginx: client_header_timeout 8s;)"
    )


def bad_handshakes(target: Target) -> str:
    """Tries handshakes that RFC 6455 (section 4.2.1) forbids. Raises Advice."""
    head = {"Host": target.host, "Origin": target.origin, **HANDSHAKE}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    requests = {
        "HTTP/1.0": f"GET {target.socket_path} HTTP/1.0\r\n{lines}\r\n",
        "a body": f"GET {target.socket_path} HTTP/1.1\r\n{lines}Content-Length: 5\r\n\r\nhello",
    }
    accepted = [
        name
        for name, request in requests.items()
        if status_of(target, request.encode()) == HTTPStatus.SWITCHING_PROTOCOLS
    ]
    if accepted:
        raise Advice(
            f"a handshake with {' and with '.join(accepted)} is accepted, which RFC 6455 forbids. "
            "Forward Upgrade of HTTP/1.1 only (nginx: a map of $server_protocol, as in "
            "deploy/nginx.conf); without a proxy, `manage.py serve` refuses such handshakes"
        )
    return "a handshake with HTTP/1.0 or with a body is refused"

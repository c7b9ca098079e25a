"""The steps by which a browser connects: DNS, TCP, TLS, the WebSocket handshake, the socket.

The first step that fails is the last, as the following ones depend on it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

from websockets.exceptions import InvalidStatus

from notify.management.doctor import socket_steps
from notify.management.doctor.error_texts import error_text
from notify.management.doctor.findings import Finding, Level, Problem, Step, run_step
from notify.management.doctor.target import FOREIGN_HOST, TIMEOUT_S, Target
from notify.management.doctor.websocket_client import WebSocketClient, open_websocket

MIN_CERTIFICATE_DAYS = 14


def run(target: Target) -> Iterator[Finding]:
    """Yields each finding as it is made."""
    steps: list[tuple[str, Step]] = [
        ("DNS", _dns),
        ("TCP", _tcp),
        ("TLS", _tls),
        ("Foreign origin", _foreign_origin),
    ]
    for name, step in steps:
        finding = run_step(name, step, target)
        yield finding
        if not finding.works:
            return
    yield from _use_socket(target)


def _use_socket(target: Target) -> Iterator[Finding]:
    # Not websockets.sync: it reads in another thread, and before Python 3.13 a TLS socket must not
    # be read and written at the same time. One handshake in 500 was never answered.
    with asyncio.Runner() as runner:
        try:
            connection = runner.run(open_websocket(target, target.origin))
        except Exception as error:  # noqa: BLE001  any error is a finding
            yield Finding("Upgrade", error_text(error), Level.FAIL)
            return
        yield Finding("Upgrade", f"{target.socket_path} accepts a handshake from {target.origin}")
        client = WebSocketClient(runner, connection)
        yield from socket_steps.run(target, client)
        client.close()


def _dns(target: Target) -> str:
    host, port = target.address
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return f"{host} resolves to {', '.join(sorted({str(one[4][0]) for one in addresses}))}"


def _tcp(target: Target) -> str:
    began = time.monotonic()
    with socket.create_connection(target.address, timeout=TIMEOUT_S):
        pass
    took_ms = (time.monotonic() - began) * 1000
    return f"port {target.address[1]} accepts connections ({took_ms:.0f} ms)"


def _tls(target: Target) -> str:
    if target.context is None:
        return "none: sessions and notices travel unencrypted. Use http:// on your own machine only"
    with (
        socket.create_connection(target.address, timeout=TIMEOUT_S) as plain,
        target.context.wrap_socket(plain, server_hostname=target.address[0]) as secured,
    ):
        certificate: Any = secured.getpeercert()
        days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / 86400
        text = f"{secured.version()}, the certificate is valid for another {days:.0f} days"
    return text if days > MIN_CERTIFICATE_DAYS else f"{text}. Renew it"


def _foreign_origin(target: Target) -> str:
    foreign = f"https://{FOREIGN_HOST}"

    async def open_and_close() -> None:
        await (await open_websocket(target, foreign)).close()

    try:
        asyncio.run(open_and_close())
    except InvalidStatus as error:
        if error.response.status_code == 403:
            return f"a handshake from {foreign} is refused with 403"
        raise
    raise Problem(f"a handshake from {foreign} is accepted. Check NOTIFY_ALLOWED_ORIGINS")

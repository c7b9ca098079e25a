"""Hop by hop to the socket, as a browser would come to it.

Each hop is told in words; the first that does not work ends the walk, as those behind it cannot.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

from websockets.exceptions import InvalidStatus

from notify.management.doctor.patient import (
    FOREIGN_HOST,
    PATIENCE_S,
    Finding,
    Level,
    Patient,
    Unwell,
)
from notify.management.doctor.talk import Talk, connected, converse
from notify.management.doctor.words import Look, found, of_error

CERTIFICATE_DAYS = 14


def hops(patient: Patient) -> Iterator[Finding]:
    """The findings, as they come."""
    before: list[tuple[str, Look]] = [
        ("DNS", _dns),
        ("TCP", _tcp),
        ("TLS", _tls),
        ("Foreign origin", _foreign_origin),
    ]
    for hop, look in before:
        finding = found(hop, look, patient)
        yield finding
        if not finding.works:
            return
    # Not websockets.sync: it reads in a thread of its own, and before Python 3.13 a TLS socket
    # must not be read and written at once. One handshake of 500 was never answered.
    with asyncio.Runner() as runner:
        try:
            talk = Talk(runner, runner.run(connected(patient, patient.origin)))
        except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
            yield Finding("Upgrade", of_error(error), Level.ILL)
            return
        yield Finding("Upgrade", f"{patient.socket_path} accepted, with Origin {patient.origin}")
        yield from converse(patient, talk)
        talk.close()


def _dns(patient: Patient) -> str:
    host, port = patient.address
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return f"{host} is {', '.join(sorted({str(one[4][0]) for one in addresses}))}"


def _tcp(patient: Patient) -> str:
    began = time.monotonic()
    with socket.create_connection(patient.address, timeout=PATIENCE_S):
        pass
    return f"port {patient.address[1]} answers in {(time.monotonic() - began) * 1000:.0f} ms"


def _tls(patient: Patient) -> str:
    if patient.context is None:
        return "none: sessions and notices travel readable. Fine on your own machine only"
    with (
        socket.create_connection(patient.address, timeout=PATIENCE_S) as plain,
        patient.context.wrap_socket(plain, server_hostname=patient.address[0]) as secured,
    ):
        certificate: Any = secured.getpeercert()
        days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / 86400
        said = f"{secured.version()}, the certificate is good for {days:.0f} days"
    return said if days > CERTIFICATE_DAYS else f"{said}: renew it"


def _foreign_origin(patient: Patient) -> str:
    foreign = f"https://{FOREIGN_HOST}"

    async def knock() -> None:
        await (await connected(patient, foreign)).close()

    try:
        asyncio.run(knock())
    except InvalidStatus as error:
        if error.response.status_code == 403:
            return "refused with 403, as it must be"
        raise
    raise Unwell(f"accepted a page of {foreign}: is that in NOTIFY_ALLOWED_ORIGINS?")

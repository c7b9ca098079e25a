"""Looks at a deployment from outside, hop by hop, as a browser would come to it.

Each hop is told in words; the first that does not work ends the walk, as those behind it cannot.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Origin, Subprotocol

from notify.live.protocol import SUBPROTOCOL

PATIENCE_S = 10.0
FOREIGN = "https://notify-doctor.invalid"
PINGS = 5
NOTICES = 5
QUICK_S = 0.3  # one sweep may come so soon after a notice, but not most of them
CERTIFICATE_DAYS = 14


class Unwell(Exception):
    """A hop does not work; the message says which cure to try."""


@dataclass(frozen=True, slots=True)
class Finding:
    hop: str
    said: str
    well: bool = True


@dataclass(frozen=True, slots=True)
class Patient:
    """`url` is that of the pages. `cookie` signs a user in, to whom `send` sends a notice and
    returns its id. `ssl_context` is None for what the machine trusts."""

    url: str
    cookie: str
    send: Callable[[], int]
    idle_s: float = 0.0
    ssl_context: ssl.SSLContext | None = None

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_secure(self) -> bool:
        return urlsplit(self.url).scheme == "https"

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if self.is_secure else 80)

    def context(self) -> ssl.SSLContext | None:
        return (self.ssl_context or ssl.create_default_context()) if self.is_secure else None

    async def open(self, origin: str) -> ClientConnection:
        return await connect(
            f"{'wss' if self.is_secure else 'ws'}://{urlsplit(self.url).netloc}/ws/notify/",
            origin=Origin(origin),
            additional_headers={"Cookie": self.cookie},
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            ping_interval=None,
            open_timeout=PATIENCE_S,
            close_timeout=2,
            ssl=self.context(),
            proxy=None,
        )


def examine(patient: Patient) -> Iterator[Finding]:
    """The findings, as they come."""
    before: list[tuple[str, Callable[[Patient], str]]] = [
        ("DNS", _dns),
        ("TCP", _tcp),
        ("TLS", _tls),
        ("Foreign origin", _foreign_origin),
    ]
    for hop, look in before:
        finding = _found(hop, look, patient)
        yield finding
        if not finding.well:
            return
    # Not websockets.sync: it reads in a thread of its own, and before Python 3.13 a TLS socket
    # must not be read and written at once. One handshake of 500 was never answered.
    with asyncio.Runner() as runner:
        try:
            talk = Talk(runner, runner.run(patient.open(patient.origin)))
        except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
            yield Finding("Upgrade", _words_of(error), well=False)
            return
        yield Finding("Upgrade", f"accepted, with Origin {patient.origin}")
        yield from _examine_socket(patient, talk)
        talk.close()


def _examine_socket(patient: Patient, talk: Talk) -> Iterator[Finding]:
    for name, ask in (("hello", _hello), ("Ping", _ping), ("Push", _push), ("Idle", _idle)):
        finding = _found(name, partial(ask, talk=talk), patient)
        yield finding
        if not finding.well:
            return


def _found(hop: str, look: Callable[[Patient], str], patient: Patient) -> Finding:
    try:
        return Finding(hop, look(patient))
    except Exception as error:  # noqa: BLE001  as above
        return Finding(hop, _words_of(error), well=False)


def _words_of(error: Exception) -> str:
    match error:
        case Unwell():
            return str(error)
        case InvalidStatus():
            return _words_of_status(error.response.status_code)
        case ssl.SSLCertVerificationError():
            return f"the certificate does not hold: {error.verify_message}"
        case socket.gaierror():
            return f"this name has no address ({error.strerror})"
        case TimeoutError():
            return "no answer in time; look for a firewall, or a process that hangs"
        case ConnectionClosed():
            return f"the connection was closed ({error})"
        case OSError() | InvalidHandshake():
            return f"{error}"
    return repr(error)


def _words_of_status(status: int) -> str:
    cures = {
        403: "refused: the Origin is not the request's own as the process sees it. Have the proxy "
        "hand on Host with its port and X-Forwarded-Proto, set BEHIND_PROXY=on, and start "
        "`manage.py serve` with --proxy-headers; or name the origin in NOTIFY_ALLOWED_ORIGINS",
        400: "refused by the process: is the host in ALLOWED_HOSTS, and is Upgrade handed on?",
        404: "not found: does the proxy hand on /ws/notify/, and Upgrade and Connection?",
        429: "the proxy limits this address; wait a little",
        502: "the proxy reaches no process; are they running, on the ports that it knows?",
        503: "the proxy has nobody to ask",
        504: "the proxy waits in vain for the process",
    }
    about = cures.get(status, "an answer other than 101: is Upgrade handed on by every proxy?")
    return f"HTTP {status}: {about}"


def _dns(patient: Patient) -> str:
    host, port = patient.address
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return f"{host} is {', '.join(sorted({str(one[4][0]) for one in found}))}"


def _tcp(patient: Patient) -> str:
    began = time.monotonic()
    with socket.create_connection(patient.address, timeout=PATIENCE_S):
        pass
    return f"port {patient.address[1]} answers in {(time.monotonic() - began) * 1000:.0f} ms"


def _tls(patient: Patient) -> str:
    context = patient.context()
    if context is None:
        return "none: sessions and notices travel readable. Fine on your own machine only"
    with (
        socket.create_connection(patient.address, timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname=patient.address[0]) as secured,
    ):
        certificate: Any = secured.getpeercert()
        days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / 86400
        said = f"{secured.version()}, the certificate is good for {days:.0f} days"
    return said if days > CERTIFICATE_DAYS else f"{said}: renew it"


def _foreign_origin(patient: Patient) -> str:
    async def knock() -> None:
        await (await patient.open(FOREIGN)).close()

    try:
        asyncio.run(knock())
    except InvalidStatus as error:
        if error.response.status_code == 403:
            return "refused with 403, as it must be"
        raise
    raise Unwell(f"accepted a page of {FOREIGN}: is that in NOTIFY_ALLOWED_ORIGINS?")


class Talk:
    """Reads frames and answers pings, as every client must."""

    def __init__(self, runner: asyncio.Runner, connection: ClientConnection) -> None:
        self._runner = runner
        self._connection = connection
        self.epoch: str | None = None
        self.version = 0
        self.rows: set[int] = set()
        self.pings = 0

    def say(self, **frame: Any) -> None:
        self._runner.run(self._connection.send(json.dumps(frame)))

    def close(self) -> None:
        self._runner.run(self._connection.close())

    def frame(self, until: float) -> dict[str, Any]:
        """The next frame; raises TimeoutError after `until` (monotonic)."""
        patience = max(0.0, until - time.monotonic())
        text = self._runner.run(asyncio.wait_for(self._connection.recv(), patience))
        frame: dict[str, Any] = json.loads(text)
        if frame["type"] == "bye":
            raise Unwell(_words_of_bye(frame))
        if frame["type"] == "ping":
            self.pings += 1
            self.say(type="pong", id=frame["id"], epoch=self.epoch, version=self.version)
        elif frame["type"] == "inbox":
            self.epoch, self.version = frame["epoch"], frame["to"]
            self.rows |= {row["id"] for row in frame["notifications"]}
        return frame

    def wait_for(self, type_: str) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_S
        while (frame := self.frame(until))["type"] != type_:
            pass
        return frame


def _words_of_bye(frame: dict[str, Any]) -> str:
    said = f"closed with {frame['code']}, {frame['reason']}"
    if frame["code"] == 4401:
        said += ". This command and the server must have one database and one SECRET_KEY"
    return said


def _hello(patient: Patient, talk: Talk) -> str:
    hello = talk.wait_for("hello")
    talk.wait_for("inbox")
    interval, timeout = hello["ping_interval"], hello["ping_timeout"]
    beats = "no pings" if interval is None else f"a ping every {interval:g} s"
    return f"protocol {hello['protocol']}, {beats}, answered within {timeout or '∞'} s"


def _ping(patient: Patient, talk: Talk) -> str:
    took = []
    for n in range(PINGS):
        began = time.monotonic()
        talk.say(type="ping", id=n)
        talk.wait_for("pong")
        took.append((time.monotonic() - began) * 1000)
    return f"{statistics.median(took):.1f} ms there and back, {max(took):.1f} ms at the most"


def _push(patient: Patient, talk: Talk) -> str:
    took = [_time_of_a_notice(patient, talk) for _ in range(NOTICES)]
    said = f"{NOTICES} notices came within {', '.join(f'{one * 1000:.0f}' for one in took)} ms"
    if statistics.median(took) <= QUICK_S:
        return f"{said}: through the channel layer"
    return (
        f"{said}: only by the sweep. Nothing is lost, but the channel layer does not work between "
        "this command and the server. Have both the same REDIS_URL, and look whether Redis runs"
    )


def _time_of_a_notice(patient: Patient, talk: Talk) -> float:
    began = time.monotonic()
    wanted = patient.send()
    until = time.monotonic() + 2 * PATIENCE_S
    while wanted not in talk.rows:
        talk.frame(until)
    return time.monotonic() - began


def _idle(patient: Patient, talk: Talk) -> str:
    if not patient.idle_s:
        return "not tried; --idle 90 sees whether a proxy closes a quiet socket"
    until, pings = time.monotonic() + patient.idle_s, talk.pings
    try:
        while True:
            talk.frame(until)
    except TimeoutError:
        heard = talk.pings - pings
        return f"open after {patient.idle_s:g} s, in which it was pinged {heard} times"

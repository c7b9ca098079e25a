"""The socket: what a client hears and says on it."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from notify.management.doctor.patient import PATIENCE_S, Finding, Patient, Unwell
from notify.management.doctor.words import found
from notify.protocol import SUBPROTOCOL

PINGS = 5
NOTICES = 5
QUICK_S = 0.3  # one sweep may come so soon after a notice, but not most of them


async def connected(patient: Patient, origin: str) -> ClientConnection:
    """A socket as a page of `origin` opens it. Raises what `connect` does."""
    return await connect(
        f"{'wss' if patient.is_secure else 'ws'}://{patient.host}{patient.socket_path}",
        origin=Origin(origin),
        additional_headers={"Cookie": patient.cookie},
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,
        ping_interval=None,
        open_timeout=PATIENCE_S,
        close_timeout=2,
        ssl=patient.context,
        proxy=None,
    )


def converse(patient: Patient, talk: Talk) -> Iterator[Finding]:
    """The findings on an open socket, up to the first that does not work."""
    for name, ask in (("hello", _hello), ("Ping", _ping), ("Push", _push), ("Idle", _idle)):
        finding = found(name, partial(ask, talk=talk), patient)
        yield finding
        if not finding.works:
            return


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

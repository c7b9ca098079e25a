"""The steps on an open socket: hello, pings, notices, and staying open while idle."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from functools import partial

from notify.management.doctor.findings import Finding, run_step
from notify.management.doctor.target import TIMEOUT_S, Target
from notify.management.doctor.websocket_client import WebSocketClient

PINGS = 5
NOTICES = 5
MAX_PUSH_S = 0.3  # median: a sweep may deliver one notice that fast, but not most of them


def run(target: Target, client: WebSocketClient) -> Iterator[Finding]:
    """Yields each finding as it is made, up to the first step that fails."""
    for name, step in (("Hello", _hello), ("Ping", _ping), ("Push", _push), ("Idle", _idle)):
        finding = run_step(name, partial(step, client=client), target)
        yield finding
        if not finding.works:
            return


def _hello(target: Target, client: WebSocketClient) -> str:
    hello = client.wait_for("hello")
    client.wait_for("inbox")
    interval, timeout = hello["ping_interval"], hello["ping_timeout"]
    pings = "no pings"
    if interval is not None:
        pings = f"a ping every {interval:g} s"
        pings += f", to be answered within {timeout:g} s" if timeout else ""
    return f"protocol {hello['protocol']}, {pings}"


def _ping(target: Target, client: WebSocketClient) -> str:
    times_ms = []
    for n in range(PINGS):
        began = time.monotonic()
        client.send(type="ping", id=n)
        client.wait_for("pong")
        times_ms.append((time.monotonic() - began) * 1000)
    median, maximum = statistics.median(times_ms), max(times_ms)
    return f"round trip {median:.1f} ms (median), {maximum:.1f} ms (maximum)"


def _push(target: Target, client: WebSocketClient) -> str:
    times_s = [_time_of_a_notice(target, client) for _ in range(NOTICES)]
    times = ", ".join(f"{time_s * 1000:.0f}" for time_s in times_s)
    text = f"{NOTICES} notices arrived, after {times} ms"
    if statistics.median(times_s) <= MAX_PUSH_S:
        return f"{text}, through the channel layer"
    return (
        f"{text}, only by the sweep. Nothing is lost, but the channel layer does not connect this "
        "command with the server. Give both the same CHANNEL_LAYERS, and check that Redis runs"
    )


def _time_of_a_notice(target: Target, client: WebSocketClient) -> float:
    """Seconds from sending a notice to receiving it."""
    began = time.monotonic()
    notification_id = target.send()
    deadline = time.monotonic() + 2 * TIMEOUT_S
    while notification_id not in client.notification_ids:
        client.receive(deadline)
    return time.monotonic() - began


def _idle(target: Target, client: WebSocketClient) -> str:
    if not target.idle_s:
        return "not tried; --idle 90 shows whether a proxy closes an idle socket"
    deadline, pings_before = time.monotonic() + target.idle_s, client.pings
    try:
        while True:
            client.receive(deadline)
    except TimeoutError:
        pings = client.pings - pings_before
        return f"still open after {target.idle_s:g} s, with {pings} pings from the server"

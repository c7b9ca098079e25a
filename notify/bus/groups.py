"""Names of groups, and announcing a change to whoever has sockets open.

The layer carries hints only; it may lose them. So nobody waits for it: hints are handed to an
event loop (the server's own where this process has one, else one in a thread), are given up
after `NOTIFY_PUBLISH_TIMEOUT`, and after a failure nobody tries the layer for five seconds.
(`async_to_sync(group_send)` opens a loop and a connection per call, and hangs with a hung
Redis.)

Others may use the same layer: each deployment has groups of its own, and its name is in each
hint, with the version of what a hint says. Here groups are named without it ("processes",
"user.7"); `full_name` is the name on the layer.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import hashlib
import logging
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from itertools import chain
from typing import Any

from channels.layers import get_channel_layer

from notify import conf, protocol
from notify.bus.loop_thread import start_loop, stop_loop
from notify.bus.outages import Lateness, reason
from notify.changes import Change, Row
from notify.sql import database

logger = logging.getLogger(__name__)

Hint = dict[str, Any]

# Raised when hints change so that an older process would misread one: it drops them, and the
# sweep shows what they said.
VERSION = 1

EVERY_PROCESS = "processes"
MAX_USER_HINTS = 100  # a change of more inboxes is one hint to every process
MAX_ROWS_BYTES = 64 * 1024  # a hint with more leaves its rows to be read
PAUSE_AFTER_FAILURE_S = 5.0
MAX_WAITING = 1000
MAX_WAITING_ASKS = 500  # then what clients ask of other processes is left out
LATE_PART = 0.5  # of the time limit: then the event loop was late, and not the layer
QUIET_S = 60.0  # between two lines of the log about a late loop

# A process hears its own hints directly, and knows by this name which to ignore on the layer.
ORIGIN = uuid.uuid4().hex

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def user_group(user: str) -> str:
    """The group of the processes that have a socket of this user (a `str(pk)`)."""
    # Channels allows ASCII letters, digits, hyphen, underscore and period, below 100 characters.
    name = user if _NAME.fullmatch(user) else hashlib.sha256(user.encode()).hexdigest()
    return f"user.{name}"


def full_name(deployment: str, group: str) -> str:
    """A group of this deployment, as it is called on the layer."""
    return f"notify.{deployment}.{group}"


def hint_of(change: Change) -> Hint:
    return {
        "type": "notify.change",
        "at": time.time(),  # of the commit, as near as can be told
        # One flat list: a list for each would have the garbage collector run in the hub.
        "steps": [*chain.from_iterable(change.steps)],
        "arrivals": _encoded_arrivals(change.arrivals),
        "rows": _encoded(change.rows),
    }


def publish(change: Change) -> None:
    """Announces a change. Never waits, never raises."""
    hint = hint_of(change)
    if len(change.steps) > MAX_USER_HINTS:
        messages = [(EVERY_PROCESS, hint)]
    else:
        messages = [(user_group(step.user), hint | {"steps": [*step]}) for step in change.steps]
    publisher.publish(messages, hint)


def publish_work() -> None:
    """Wakes the workers: batches are waiting."""
    hint = {"type": "notify.work"}
    publisher.publish([(EVERY_PROCESS, hint)], hint)


def publish_session_check(user: str) -> None:
    """Asks every process to read anew whether this user's sockets may stay open."""
    hint = {"type": "notify.session", "user": user}
    publisher.publish([(user_group(user), hint)], hint)


def publish_close(user: str, socket_id: str) -> None:
    """Asks the process that has this socket of the user's to close it."""
    hint = {"type": "notify.close", "user": user, "socket": socket_id}
    publisher.publish([(user_group(user), hint)], hint, most=MAX_WAITING_ASKS)


def publish_ask(topic: str, group: str, holds_s: float) -> None:
    """Asks the processes of a group for their part of a topic that is watched in this one, which
    believes it for so long."""
    hint = {"type": "notify.ask", "topic": topic, "process": ORIGIN, "holds": holds_s}
    publisher.publish([(group, hint)], hint, most=MAX_WAITING_ASKS)


def publish_part(topic: str, part: Any) -> None:
    """Tells this process's part of a topic to whoever watches it."""
    hint = {"type": "notify.part", "topic": topic, "process": ORIGIN, "part": part}
    publisher.publish([(EVERY_PROCESS, hint)], hint, most=MAX_WAITING_ASKS)


def _encoded_arrivals(arrivals: Sequence[Row]) -> list[str]:
    """One is always told, however long; several, if they are not too long together."""
    encoded = [protocol.arrival_tail(row) for row in arrivals]
    return encoded if len(encoded) == 1 or _is_little(encoded) else []


def _encoded(rows: list[Row] | None) -> list[str] | None:
    if rows is None:
        return None
    encoded = [protocol.encode(row) for row in rows]
    return encoded if _is_little(encoded) else None


def _is_little(encoded: list[str]) -> bool:
    return protocol.frame_size(encoded) <= MAX_ROWS_BYTES


def _let_the_loop_run() -> None:
    """Gives the interpreter to the thread of the hub's event loop, which has just been woken and
    would get it when this one has to wait, or after 5 ms (`sys.getswitchinterval`). So a notice
    is on its way before the view that sent it goes on: docs/performance.md."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # this is another thread
        time.sleep(0)


def _deployment() -> str | None:
    """Ours, as this process has read it last; None where it is unknown. Never raises. Only who
    has never read it asks the database, which may keep one waiting, and an event loop may not."""
    known = database.deployment()
    if known is None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            with contextlib.suppress(Exception):
                return database.facts().deployment
    return known


class Publisher:
    """One in each process. Thread-safe."""

    def __init__(self) -> None:
        self.failures = 0  # hints that the layer did not take
        self._lock = threading.Lock()
        self._hub: tuple[asyncio.AbstractEventLoop, Callable[[Hint], None]] | None = None
        self._thread_loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[Future[None]] = set()
        self._paused_until = 0.0
        self._told_of_outage = False
        self._lateness = Lateness()
        self._told_of_lateness_at = -QUIET_S

    def attach(self, loop: asyncio.AbstractEventLoop, receive: Callable[[Hint], None]) -> None:
        """This process has a hub: it hears hints directly, and its loop speaks to the layer."""
        self._hub = (loop, receive)

    def detach(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._hub is not None and self._hub[0] is loop:
            self._hub = None

    def publish(
        self, messages: list[tuple[str, Hint]], local: Hint, most: int = MAX_WAITING
    ) -> None:
        """Gives each (group, hint) to the layer, unless `most` calls wait for it already, and
        `local` to the hub of this process. The layer gets nothing as long as this process does
        not know which deployment it is of."""
        try:
            hub = self._hub
            if hub is not None and not hub[0].is_closed():
                hub[0].call_soon_threadsafe(hub[1], local)
                _let_the_loop_run()
            self._submit(messages, most)
        except Exception:
            self._failed(len(messages), "Hints cannot be handed to the channel layer")

    @property
    def paused(self) -> bool:
        """Whether the layer failed a moment ago, and is left alone."""
        return time.monotonic() < self._paused_until

    def _submit(self, messages: list[tuple[str, Hint]], most: int) -> None:
        waits = self.paused or len(self._waiting) >= most
        deployment = None if waits else _deployment()
        if deployment is None:
            self.failures += len(messages)
            return
        sending = self._send(deployment, messages)
        future = asyncio.run_coroutine_threadsafe(sending, self._loop())
        self._waiting.add(future)
        future.add_done_callback(self._waiting.discard)

    async def _send(self, deployment: str, messages: list[tuple[str, Hint]]) -> None:
        layer = get_channel_layer(conf.current().channel_layer)
        if layer is None:
            return
        ours = {"origin": ORIGIN, "deployment": deployment, "v": VERSION}
        limit = conf.current().publish_timeout
        lateness = self._lateness
        with lateness:
            late_before = lateness.seconds()
            try:
                async with asyncio.timeout(limit):
                    for group, hint in messages:
                        await layer.group_send(full_name(deployment, group), hint | ours)
            except (UnicodeEncodeError, OverflowError):  # of this hint, and not of the layer
                self.failures += len(messages)
                logger.exception("A hint is nothing that a channel layer can carry.")
            except Exception as error:
                late = lateness.seconds() - late_before
                if isinstance(error, TimeoutError) and late > LATE_PART * limit:
                    self._gave_up_late(len(messages), late)
                else:
                    self._failed(len(messages), f"The channel layer took no hint ({reason(error)})")
            else:
                self._told_of_outage = False

    def _gave_up_late(self, count: int, late_s: float) -> None:
        self.failures += count
        if time.monotonic() - self._told_of_lateness_at >= QUIET_S:
            self._told_of_lateness_at = time.monotonic()
            logger.warning(
                "The event loop is late (%.1f s), so hints were given up; the sweep brings what "
                "they said. This process has too much to do, or something blocks its loop.",
                late_s,
            )

    def _failed(self, count: int, why: str) -> None:
        self.failures += count
        if not self._told_of_outage:
            self._told_of_outage = True
            logger.warning(
                "%s; sockets are served by the sweep. It is tried again every %g s.",
                why,
                PAUSE_AFTER_FAILURE_S,
            )
        self._paused_until = time.monotonic() + PAUSE_AFTER_FAILURE_S

    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._hub is not None and not self._hub[0].is_closed():
            return self._hub[0]
        return self._thread_loop or self._use(start_loop("notify-publisher"))

    def _use(self, loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
        """Or that of the thread that was first. Nothing is waited for while the lock is held: it
        may be older than gevent's patch, and then holds up all greenlets."""
        with self._lock:
            chosen = self._thread_loop = self._thread_loop or loop
        if chosen is loop:
            atexit.register(self.close)
        else:
            stop_loop(loop)
        return chosen

    def flush(self) -> None:
        """Waits for what was published, at most `NOTIFY_PUBLISH_TIMEOUT`."""
        wait(list(self._waiting), timeout=conf.current().publish_timeout)

    def close(self) -> None:
        """Flushes, and ends the thread; the next `publish` starts another."""
        self.flush()
        with self._lock:
            loop, self._thread_loop = self._thread_loop, None
            if loop is not None:
                self._lateness = Lateness()  # whoever is inside does not come out any more
        if loop is not None:
            stop_loop(loop)


publisher = Publisher()


def _start_anew() -> None:
    global publisher  # noqa: PLW0603  threads and loops do not survive a fork
    publisher = Publisher()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_start_anew)

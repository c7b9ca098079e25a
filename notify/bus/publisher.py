"""Publishes hints to the server processes that have open sockets.

The channel layer may lose hints, so no caller waits for it. Hints are handed to an event loop:
the server's own where this process has a hub, else one in a thread. They are given up after
`NOTIFY_PUBLISH_TIMEOUT`, and after a failure the layer is left alone for five seconds.
(`async_to_sync(group_send)` opens a loop and a connection per call, and hangs with a hung Redis.)
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from channels.layers import get_channel_layer

from notify import conf
from notify.bus import hints
from notify.bus.groups import EVERY_PROCESS, full_name, user_group
from notify.bus.hints import Hint
from notify.bus.loop_thread import start_loop, stop_loop
from notify.bus.outages import LOG_INTERVAL_S, Lateness, reason
from notify.changes import Change
from notify.sql import database

T = TypeVar("T")

logger = logging.getLogger(__name__)

MAX_USER_HINTS = 100  # a change of more inboxes is one hint to every process
PAUSE_AFTER_FAILURE_S = 5.0
MAX_PENDING = 1000  # calls of the layer
MAX_PENDING_ASKS = 500  # above it, what clients ask of other processes is dropped
LATE_FRACTION = 0.5  # of the timeout: above it the event loop was late, not the layer


class Publisher:
    """Hands hints to the channel layer and to this process's own hub. Thread-safe.

    There is one in each process, `publisher`. Its `publish…` methods neither wait nor raise.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Starts from nothing, as after a fork: threads and loops do not survive one."""
        self.failures = 0  # hints that the layer did not get
        self._lock = threading.Lock()
        self._hub: tuple[asyncio.AbstractEventLoop, Callable[[Hint], None]] | None = None
        self._thread_loop: asyncio.AbstractEventLoop | None = None
        self._pending: set[Future[None]] = set()
        self._paused_until = 0.0
        self._outage_logged = False
        self._lateness = Lateness()
        self._lateness_logged_at = -LOG_INTERVAL_S

    def attach(self, loop: asyncio.AbstractEventLoop, receive: Callable[[Hint], None]) -> None:
        """Gives hints to the hub of this process directly, and uses its loop for the layer."""
        self._hub = (loop, receive)

    def detach(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._hub is not None and self._hub[0] is loop:
            self._hub = None

    # What is published

    def publish(self, change: Change) -> None:
        """Announces a change to the processes that have sockets of its users."""
        for part in change.parts():
            self._publish_part(part)

    def _publish_part(self, change: Change) -> None:
        hint = hints.change_hint(change)
        if len(change.steps) > MAX_USER_HINTS:
            self._publish([(EVERY_PROCESS, hint)], hint)
            return
        one_each = [(user_group(step.user), hints.for_one(hint, step)) for step in change.steps]
        self._publish(one_each, hint)

    def publish_work(self) -> None:
        """Wakes the workers, because batches are due."""
        hint = hints.work_hint()
        self._publish([(EVERY_PROCESS, hint)], hint)

    def publish_session_check(self, user: str) -> None:
        """Has every process revalidate this user's sockets."""
        hint = hints.session_hint(user)
        self._publish([(user_group(user), hint)], hint)

    def publish_preferences(self, user: str, changed: str) -> None:
        """Tells this user's sockets, in every process, that they have changed what they want."""
        hint = hints.preferences_hint(user, changed)
        self._publish([(user_group(user), hint)], hint)

    def publish_close(self, user: str, socket_id: str) -> None:
        """Has the process that holds this socket of the user's close it."""
        hint = hints.close_hint(user, socket_id)
        self._publish([(user_group(user), hint)], hint, MAX_PENDING_ASKS)

    def publish_ask(self, topic: str, holds_s: float, *groups: str) -> None:
        """Asks the processes of these groups for their parts of a topic.

        `holds_s` is for how many seconds this process will use an answer.
        """
        hint = hints.ask_hint(topic, holds_s)
        self._publish([(group, hint) for group in groups], hint, MAX_PENDING_ASKS)

    def publish_question(self, topic: str, answers: str) -> None:
        """Asks all processes with a hub, this one too, for their parts, in the group `answers`."""
        hint = hints.ask_hint(topic, 0.0, answers)
        self._publish([(EVERY_PROCESS, hint)], hint, MAX_PENDING_ASKS)

    def publish_part(self, topic: str, part: Any, group: str = EVERY_PROCESS) -> None:
        """Sends this process's part of a topic to the processes that watch it, or to a group."""
        hint = hints.part_hint(topic, part)
        self._publish([(group, hint)], hint, MAX_PENDING_ASKS)

    def run(self, work: Coroutine[Any, Any, T], within_s: float) -> T:
        """Runs a coroutine in the loop that calls the channel layer, and waits for its result.

        Raises:
            TimeoutError: It takes longer.
            Exception: What it raises.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._loop())
        try:
            return future.result(within_s)
        finally:
            future.cancel()

    # How it gets there

    @property
    def paused(self) -> bool:
        """Whether the layer failed a moment ago and is left alone."""
        return time.monotonic() < self._paused_until

    def _publish(
        self, messages: Sequence[tuple[str, Hint]], local: Hint, max_pending: int = MAX_PENDING
    ) -> None:
        """Gives `local` to the hub of this process and each (group, hint) to the layer.

        The layer gets nothing while `max_pending` calls wait for it, or until this process
        knows which deployment it belongs to.
        """
        try:
            hub = self._hub
            if hub is not None and not hub[0].is_closed():
                hub[0].call_soon_threadsafe(hub[1], local)
                _yield_to_hub()
            self._submit(messages, max_pending)
        except Exception:
            self._note_failure(len(messages), "Hints cannot be handed to the channel layer")

    def _submit(self, messages: Sequence[tuple[str, Hint]], max_pending: int) -> None:
        is_refused = self.paused or len(self._pending) >= max_pending
        deployment = None if is_refused else _deployment()
        if deployment is None:
            self.failures += len(messages)
            return
        sending = self._send(deployment, messages)
        future = asyncio.run_coroutine_threadsafe(sending, self._loop())
        self._pending.add(future)
        future.add_done_callback(self._pending.discard)

    async def _send(self, deployment: str, messages: Sequence[tuple[str, Hint]]) -> None:
        layer = get_channel_layer(conf.current().channel_layer)
        if layer is None:
            return
        timeout = conf.current().publish_timeout
        lateness = self._lateness
        with lateness:
            late_before = lateness.seconds()
            try:
                async with asyncio.timeout(timeout):
                    for group, hint in messages:
                        name = full_name(deployment, group)
                        await layer.group_send(name, hints.stamped(hint, deployment))
            except (UnicodeEncodeError, OverflowError):  # the hint's fault, not the layer's
                self.failures += len(messages)
                logger.exception("A hint cannot be encoded for the channel layer.")
            except Exception as error:
                late = lateness.seconds() - late_before
                if isinstance(error, TimeoutError) and late > LATE_FRACTION * timeout:
                    self._note_late_loop(len(messages), late)
                else:
                    why = f"The channel layer did not accept a hint ({reason(error)})"
                    self._note_failure(len(messages), why)
            else:
                self._outage_logged = False

    def _note_late_loop(self, count: int, late_s: float) -> None:
        self.failures += count
        if time.monotonic() - self._lateness_logged_at >= LOG_INTERVAL_S:
            self._lateness_logged_at = time.monotonic()
            logger.warning(
                "The event loop is late (%.1f s), so hints were dropped; the sweep delivers what "
                "they announced. This process is overloaded, or something blocks its event loop.",
                late_s,
            )

    def _note_failure(self, count: int, why: str) -> None:
        self.failures += count
        if not self._outage_logged:
            self._outage_logged = True
            logger.warning(
                "%s; the sweep serves the sockets. Retrying every %g s.",
                why,
                PAUSE_AFTER_FAILURE_S,
            )
        self._paused_until = time.monotonic() + PAUSE_AFTER_FAILURE_S

    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._hub is not None and not self._hub[0].is_closed():
            return self._hub[0]
        return self._thread_loop or self._use(start_loop("notify-publisher"))

    def _use(self, loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
        """Adopts this loop, unless another thread was first; returns the one in use.

        Nothing waits while it holds the lock, which may be older than gevent's patch and would
        then block all greenlets.
        """
        with self._lock:
            chosen = self._thread_loop = self._thread_loop or loop
        if chosen is loop:
            atexit.register(self.close)
        else:
            stop_loop(loop)
        return chosen

    def flush(self) -> None:
        """Waits for all that was published, for at most `NOTIFY_PUBLISH_TIMEOUT`."""
        wait(list(self._pending), timeout=conf.current().publish_timeout)

    def close(self) -> None:
        """Flushes and stops the thread; the next `publish` starts another."""
        self.flush()
        with self._lock:
            loop, self._thread_loop = self._thread_loop, None
            if loop is not None:
                self._lateness = Lateness()  # what is inside the old one never leaves it
        if loop is not None:
            stop_loop(loop)


def _yield_to_hub() -> None:
    """Lets the thread of the hub's event loop, which was just woken, run now.

    Else it gets the interpreter when this thread has to wait, or after 5 ms
    (`sys.getswitchinterval`). So a notice is on its way before the view that sent it goes on:
    docs/performance.md.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # this is another thread than the hub's
        time.sleep(0)


def _deployment() -> str | None:
    """The deployment as this process last read it; None where it is unknown. Never raises.

    It queries the database only where that was never read, and never in an event loop, which must
    not wait.
    """
    known = database.deployment()
    if known is None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            with contextlib.suppress(Exception):
                return database.facts().deployment
    return known


publisher = Publisher()

if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=publisher.reset)

"""This process on the channel layer: the groups that it is in and the hints that it receives.

A layer delivers at most once, drops silently and may forget a group. So the listener sends a
probe to itself through a group, and counts the layer as down when the probe does not come back.

Other deployments and other versions of notify may share the layer. Their hints are dropped
before anything else in them is believed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, cast

from channels.layers import InMemoryChannelLayer, get_channel_layer
from cryptography.fernet import InvalidToken

from notify import conf, metrics
from notify.bus import hints
from notify.bus.groups import EVERY_PROCESS, full_name
from notify.bus.hints import Hint
from notify.bus.membership import Membership
from notify.bus.outages import LOG_INTERVAL_S, reason

logger = logging.getLogger(__name__)

CALL_TIMEOUT_S = 2.0
PROBE_TIMEOUT_S = 0.5
PROBE_CHECKS = 10  # in that time, so that a late event loop has had as many turns
RETRY_AFTER_S = 1.0
UNREADABLE = (ValueError, InvalidToken)  # from another serializer, or with another key
MAX_UNREADABLE = 1000  # in a row: above it, or before the first probe, the layer itself is broken
HINTS_PER_TURN = 100  # then other tasks of the loop run


class Listener:
    """Receives the hints of other processes.

    Until `belong_to` has named the deployment and a probe has come back, it joins its probe's
    group only: a message that cannot be decoded before that means a broken layer.

    Args:
        receive: Called with each hint of another process.
        joined: Called with each group once it is joined; its hints arrive only from then on.
        back: Called when the layer works again.
        group: That it is in from the start.
    """

    def __init__(
        self,
        receive: Callable[[Hint], None],
        joined: Callable[[str], None],
        back: Callable[[], None],
        group: str = EVERY_PROCESS,
    ) -> None:
        self._receive = receive
        self._joined = joined
        self._back = back
        self._channel: str | None = None
        self._probe_group = f"notify.probe.{uuid.uuid4().hex}"
        self._probes_sent = 0
        self._probe_heard = 0
        self._probe_sent_at = 0.0
        self._deployment: str | None = None
        self._groups = {group}  # without the deployment, as callers name them
        self._membership = Membership(
            self._probe_group, self._call, self._is_ready, self._note_joined
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_down = False
        self.latency: float | None = None  # of the last probe, in seconds; None while it is down
        self._failure = ""  # the reason of the last failure, until a probe comes back
        self._dropped_at = -LOG_INTERVAL_S
        self._unreadable = 0  # messages in a row

    @property
    def _layer(self) -> Any:
        return get_channel_layer(conf.current().channel_layer)

    @property
    def hears_others(self) -> bool:
        """Whether the layer carries hints between processes."""
        return self._layer is not None and not isinstance(self._layer, InMemoryChannelLayer)

    def start(self) -> None:
        if self._layer is not None:
            self._spawn(self._listen())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, self._membership.stop(), return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CALL_TIMEOUT_S):  # for all together: the layer may hang
                await self._membership.leave_all()

    # Groups

    def belong_to(self, deployment: str) -> None:
        """Joins the groups of this deployment and leaves those of the previous one.

        It changes after a failover or a restore.
        """
        if deployment != self._deployment:
            self._deployment = deployment
            self._membership.want_only(full_name(deployment, group) for group in self._groups)

    def join(self, group: str) -> None:
        self._groups.add(group)
        if self._deployment is not None:
            self._membership.want(full_name(self._deployment, group))

    def leave(self, group: str) -> None:
        self._groups.discard(group)
        if self._deployment is not None:
            self._membership.unwant(full_name(self._deployment, group))

    def _is_ready(self) -> bool:
        return self._probe_heard > 0 and not self.is_down

    def _note_joined(self, name: str) -> None:
        if name == self._probe_group:
            self._send_probe()
        elif self._deployment is not None:
            self._joined(name.removeprefix(full_name(self._deployment, "")))

    # Probing

    def probe(self) -> None:
        """Sends a probe, and checks within half a second whether it came back."""
        if self._layer is None:
            return
        self._membership.join_missing()
        self._send_probe()

    def _send_probe(self) -> None:
        self._probes_sent += 1
        self._probe_sent_at = time.monotonic()
        self._spawn(self._await_probe(self._probes_sent))

    async def _await_probe(self, n: int) -> None:
        await self._call("group_send", self._probe_group, hints.probe(self._probe_group, n))
        for _ in range(PROBE_CHECKS):
            await asyncio.sleep(PROBE_TIMEOUT_S / PROBE_CHECKS)
            if self._probe_heard >= n:
                return
        self._note_down(f"its probe did not come back within {PROBE_TIMEOUT_S:g} s")

    def _note_down(self, why: str) -> None:
        if not self.is_down:
            logger.warning(
                "The channel layer is down (%s); the sweep serves the sockets.",
                self._failure or why,
            )
            self.is_down = True
        self.latency = None
        self._membership.note_down()

    def _note_probe(self, n: int) -> None:
        is_first = not self._probe_heard
        self._probe_heard = max(self._probe_heard, n)
        if n == self._probes_sent:
            self.latency = time.monotonic() - self._probe_sent_at
        self._failure = ""
        if is_first:
            self._membership.join_missing()
        if self.is_down:
            logger.warning("The channel layer is back.")
            self.is_down = False
            self._probe_heard = self._probes_sent  # the others were sent while it was down
            self._membership.note_back()
            self._back()

    # Receiving

    async def _listen(self) -> None:
        while True:
            try:
                if self._channel is None:
                    self._channel = await self._layer.new_channel()
                    self._membership.begin(self._channel)
                await self._read(self._channel)
            except Exception as error:
                logger.debug("Reading from the channel layer failed: %r", error)
                self._note_down(reason(error))
                await asyncio.sleep(RETRY_AFTER_S)

    async def _read(self, channel: str) -> None:
        layer = self._layer
        for n in range(HINTS_PER_TURN):
            try:
                message = await layer.receive(channel)
            except UNREADABLE as error:
                self._note_unreadable(error)
            else:
                self._unreadable = 0
                self._take(message)
            if n == HINTS_PER_TURN - 1:
                await asyncio.sleep(0)

    def _note_unreadable(self, error: Exception) -> None:
        self._unreadable += 1
        if self._unreadable > MAX_UNREADABLE or not self._probe_heard:
            raise error
        self._drop("unreadable", repr(error))

    def _take(self, message: Any) -> None:
        if not isinstance(message, dict):
            self._drop("unreadable", f"a {type(message).__name__}")
            return
        probe = hints.probe_number(message, self._probe_group)  # a name that nobody else knows
        stamp = hints.stamp_of(message)
        if probe is not None:
            self._note_probe(probe)
        elif self._deployment is None or stamp.deployment != self._deployment:
            metrics.HINTS_DROPPED.add("deployment")
        elif stamp.version != hints.VERSION:
            self._drop("version", f"version {stamp.version!r}")
        elif stamp.origin != hints.ORIGIN:
            self._hand_on(message)

    def _hand_on(self, message: dict[str, Any]) -> None:
        try:
            self._receive(cast("Hint", message))
        except Exception as error:  # the next sweep recovers what it announced
            logger.debug("A hint could not be used.", exc_info=True)
            self._drop("unreadable", f"{message.get('type')!r}: {error!r}")

    def _drop(self, why: str, what: str) -> None:
        """Logs one line, then none until a minute has passed without a dropped hint: in a rolling
        upgrade the processes of the other version send thousands."""
        metrics.HINTS_DROPPED.add(why)
        now = time.monotonic()
        if now - self._dropped_at >= LOG_INTERVAL_S:
            logger.warning(
                "Hints on the channel layer cannot be used (%.200s); another version of notify "
                "may have sent them. The sweep delivers what they announced.",
                what,
            )
        self._dropped_at = now

    async def _call(self, method: str, *args: Any) -> bool:
        """Calls the layer, within two seconds; returns whether it succeeded."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                await getattr(self._layer, method)(*args)
        except Exception as error:
            logger.debug("The channel layer failed at %s: %r", method, error)
            self._failure = reason(error)
            return False
        return True

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

"""This process on the channel layer: the groups that it is in, and what it hears.

A layer delivers at most once, drops silently and may forget a group, so this class never asks
more of it than hints. It finds out by itself whether it still hears anything: it sends itself a
probe through a group and counts the layer as down when the probe does not come back.

Other deployments, and other versions of us, may use the same layer. What is not ours is dropped
before anything else in it is believed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer
from cryptography.fernet import InvalidToken

from notify import conf, metrics
from notify.bus.groups import EVERY_PROCESS, ORIGIN, QUIET_S, VERSION, Hint, full_name
from notify.bus.outages import reason

logger = logging.getLogger(__name__)

CALL_TIMEOUT_S = 2.0
PROBE_TIMEOUT_S = 0.5
PROBE_LOOKS = 10  # in that time: a loop that is late has had so many turns then
RETRY_AFTER_S = 1.0
MOVES_AT_ONCE = 8  # the core layer takes a connection to Redis for each, and keeps it
UNREADABLE = (ValueError, InvalidToken)  # by another serializer, or with another key
MAX_UNDECODED = 1000  # in a row: then, or where nothing ever came, it is the layer that is wrong
HINTS_A_TURN = 100  # then the loop gets to do something else


class Layer:
    """`receive` gets each hint of other processes; `joined` each user's group once it is joined
    (only from then on do hints for it arrive); `back` is called when the layer works again.

    It joins no group but that of its probe until `belong_to` has told the deployment, and a probe
    came back: what it cannot decode before is then no hint of others, but a layer that is wrong."""

    def __init__(
        self,
        receive: Callable[[Hint], None],
        joined: Callable[[str], None],
        back: Callable[[], None],
    ) -> None:
        self._receive = receive
        self._joined_callback = joined
        self._back = back
        self._channel: str | None = None
        self._probe_group = f"notify.probe.{uuid.uuid4().hex}"
        self._probes_sent = 0
        self._probe_heard = 0
        self._deployment: str | None = None
        self._groups = {EVERY_PROCESS}  # as callers name them; below, as they are on the layer
        self._wanted = {self._probe_group}
        self._joined: set[str] = set()
        self._left_behind: set[str] = set()  # joined before the layer went down
        self._moving: dict[str, asyncio.Task[None]] = {}
        self._moves = asyncio.Semaphore(MOVES_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_down = False
        self._failure = ""  # the last one's reason, until a probe comes back
        self._unreadable_at = -QUIET_S
        self._undecoded = 0  # in a row

    @property
    def _layer(self) -> Any:
        return get_channel_layer(conf.current().channel_layer)

    @property
    def hears_others(self) -> bool:
        """Whether hints of other processes come by it."""
        return self._layer is not None and not isinstance(self._layer, InMemoryChannelLayer)

    def start(self) -> None:
        if self._layer is not None:
            self._spawn(self._listen())

    async def stop(self) -> None:
        for task in [*self._tasks, *self._moving.values()]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._moving.values(), return_exceptions=True)
        if self._channel is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CALL_TIMEOUT_S):  # for all: the layer may hang
                    await asyncio.gather(*map(self._discard, self._joined))

    async def _discard(self, group: str) -> None:
        async with self._moves:
            await self._try("group_discard", group, self._channel)

    def belong_to(self, deployment: str) -> None:
        """Joins the groups of this deployment, and leaves those of the one before: after a
        failover or a restore it is another."""
        if deployment == self._deployment:
            return
        self._deployment = deployment
        ours = {full_name(deployment, group) for group in self._groups}
        self._wanted = ours | {self._probe_group}
        for group in self._joined ^ self._wanted:
            self._move(group)

    def join(self, group: str) -> None:
        self._groups.add(group)
        if self._deployment is not None:
            name = full_name(self._deployment, group)
            self._wanted.add(name)
            self._move(name)

    def leave(self, group: str) -> None:
        self._groups.discard(group)
        if self._deployment is not None:
            name = full_name(self._deployment, group)
            self._wanted.discard(name)
            self._move(name)

    def probe(self) -> None:
        """Sends a probe, and looks a moment later whether it came back."""
        if self._layer is None:
            return
        self._join_wanted()  # where joining has failed
        self._probe_once()

    def _probe_once(self) -> None:
        self._probes_sent += 1
        self._spawn(self._send_probe(self._probes_sent))

    async def _send_probe(self, n: int) -> None:
        probe = {"type": "notify.probe", "of": self._probe_group, "n": n}
        await self._try("group_send", self._probe_group, probe)
        for _ in range(PROBE_LOOKS):
            await asyncio.sleep(PROBE_TIMEOUT_S / PROBE_LOOKS)
            if self._probe_heard >= n:
                return
        self._note_down(f"its probe did not come back within {PROBE_TIMEOUT_S:g} s")

    def _note_down(self, why: str) -> None:
        if not self.is_down:
            logger.warning(
                "The channel layer is down (%s); sockets are served by the sweep.",
                self._failure or why,
            )
            self.is_down = True
        # The core layer keeps its groups in Redis, where they may have been lost. The probe's
        # is joined again first, and when a probe comes back, the others.
        self._left_behind |= self._joined
        self._joined.clear()

    def _note_probe(self, n: int) -> None:
        is_first = not self._probe_heard
        self._probe_heard = max(self._probe_heard, n)
        self._failure = ""
        if is_first:
            self._join_wanted()
        if self.is_down:
            logger.warning("The channel layer is back.")
            self.is_down = False
            self._probe_heard = self._probes_sent  # those under way were sent while it was down
            self._joined |= self._left_behind - self._wanted
            self._left_behind.clear()
            for group in self._joined ^ self._wanted:
                self._move(group)
            self._back()

    def _join_wanted(self) -> None:
        for group in self._wanted - self._joined:
            self._move(group)

    # Groups. One task a group moves it to where it is wanted: a late leave cannot undo a join.

    def _move(self, group: str) -> None:
        is_ready = self._probe_heard and not self.is_down
        if not is_ready and group != self._probe_group:
            return  # thousands of groups would fail one by one; they are joined when it is
        if group not in self._moving and self._channel is not None:
            task = asyncio.get_running_loop().create_task(self._move_group(group))
            self._moving[group] = task

    async def _move_group(self, group: str) -> None:
        try:
            if group == self._probe_group:  # it waits for nobody: without it, the layer is down
                await self._move_where_wanted(group)
                return
            async with self._moves:
                if not self.is_down:  # since this one waits
                    await self._move_where_wanted(group)
        finally:
            del self._moving[group]

    async def _move_where_wanted(self, group: str) -> None:
        while (group in self._wanted) != (group in self._joined):
            if group in self._wanted:
                if not await self._try("group_add", group, self._channel):
                    return  # the next probe that is missed tries again
                self._joined.add(group)
                if group == self._probe_group:
                    self._probe_once()
                elif self._deployment is not None:
                    self._joined_callback(group.removeprefix(full_name(self._deployment, "")))
            else:
                self._joined.discard(group)
                await self._try("group_discard", group, self._channel)

    # Hearing

    async def _listen(self) -> None:
        while True:
            try:
                if self._channel is None:
                    self._channel = await self._layer.new_channel()
                    self._join_wanted()
                await self._hear(self._channel)
            except Exception as error:
                logger.debug("The channel layer cannot be read: %r", error)
                self._note_down(reason(error))
                await asyncio.sleep(RETRY_AFTER_S)

    async def _hear(self, channel: str) -> None:
        layer = self._layer
        for n in range(HINTS_A_TURN):
            try:
                hint = await layer.receive(channel)
            except UNREADABLE as error:
                self._note_undecoded(error)
            else:
                self._undecoded = 0
                self._take(hint)
            if n == HINTS_A_TURN - 1:
                await asyncio.sleep(0)

    def _note_undecoded(self, error: Exception) -> None:
        self._undecoded += 1
        if self._undecoded > MAX_UNDECODED or not self._probe_heard:
            raise error
        self._drop("unreadable", repr(error))

    def _take(self, hint: Any) -> None:
        if not isinstance(hint, dict):
            self._drop("unreadable", f"a {type(hint).__name__}")
        elif hint.get("of") == self._probe_group:  # which nobody else knows
            self._note_probe(hint["n"])
        elif self._deployment is None or hint.get("deployment") != self._deployment:
            metrics.HINTS_DROPPED.add("deployment")
        elif hint.get("v") != VERSION:
            self._drop("version", f"version {hint.get('v')!r}")
        elif hint.get("origin") != ORIGIN:
            self._hand_on(hint)

    def _hand_on(self, hint: Hint) -> None:
        try:
            self._receive(hint)
        except Exception as error:  # the sweep heals
            logger.debug("A hint could not be used.", exc_info=True)
            self._drop("unreadable", f"{hint.get('type')!r}: {error!r}")

    def _drop(self, why: str, what: str) -> None:
        """One line, and then none until a minute went by without: in a rolling upgrade the
        processes of the other version tell us thousands."""
        metrics.HINTS_DROPPED.add(why)
        now = time.monotonic()
        if now - self._unreadable_at >= QUIET_S:
            logger.warning(
                "Hints on the channel layer cannot be used (%.200s), as of another version of "
                "notify; the sweep brings what they said.",
                what,
            )
        self._unreadable_at = now

    async def _try(self, method: str, *args: Any) -> bool:
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

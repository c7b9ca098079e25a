"""Figures that a client watches: sent once a second while anybody does.

A process knows its own sockets only. While somebody watches what concerns all of them, it asks
the others over the layer once a second, and adds up what they have answered by the next one.
Where the layer is down there is only its own part, and `processes` says so. Nobody watches: nobody
asks.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError

from notify import devices
from notify.inbox import reading
from notify.live import authentication, groups, protocol
from notify.live.connection import Connection
from notify.live.groups import ORIGIN, Hint
from notify.live.operations import Rates, part_of
from notify.live.protocol import Error, Refused

if TYPE_CHECKING:
    from notify.live.hub import Hub

INTERVAL_S = 1.0
PART_HOLDS_S = 3.5  # an answer that old is of a process that is gone, or no longer reached
MAX_TOPICS = 20  # of one socket
RECHECK_S = 30.0  # whether the watchers still may
OWN = "sockets"  # the topic that needs no permission
PERMISSION = "notify.view_operations"
_PERMISSIONS = {"person": "notify.view_inbox"}


class Figures:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._watchers: dict[str, set[Connection]] = {}
        self._timer: asyncio.TimerHandle | None = None
        # By topic and process: when it was heard (loop time), and what the other process said.
        self._parts: dict[str, dict[str, tuple[float, Any]]] = {}
        self._rates = Rates()
        self._newest_notice: int | None = None
        self._rechecked_at = hub.loop.time()
        self._sending: set[str] = set()  # topics whose figures are being read

    def watch(self, connection: Connection, topic: str, refuse: Callable[[Refused], None]) -> None:
        """Begins to send a topic; where the user may not see it, or it is one too many, it is
        refused."""
        if len(connection.watched) >= MAX_TOPICS:
            refuse(Refused(Error.INVALID, f"topic: {MAX_TOPICS} are watched; unwatch one"))
            return
        connection.watched |= {topic}
        self._hub.spawn(self._watch(connection, topic, refuse))

    def unwatch(self, connection: Connection, topic: str) -> None:
        connection.watched -= {topic}
        watchers = self._watchers.get(topic, set())
        watchers.discard(connection)
        if not watchers:
            self._watchers.pop(topic, None)
            self._parts.pop(topic, None)
            if topic == "operations":  # what is between two watches is not a second's
                self._rates, self._newest_notice = Rates(), None

    def forget(self, connection: Connection) -> None:
        for topic in list(self._watchers):
            self.unwatch(connection, topic)

    def stop(self) -> None:
        self._watchers.clear()
        if self._timer is not None:
            self._timer.cancel()

    def asked(self, hint: Hint) -> None:
        """Another process wants our part of a topic."""
        if hint["process"] == ORIGIN:
            return
        part = self._own_part(hint["topic"])
        if part:
            groups.publish_part(hint["topic"], part)

    def told(self, hint: Hint) -> None:
        """Another process's part; of use if somebody watches here."""
        topic = hint["topic"]
        if hint["process"] != ORIGIN and topic in self._watchers:
            heard = self._parts.setdefault(topic, {})
            heard[hint["process"]] = (self._hub.loop.time(), hint["part"])

    async def _watch(
        self, connection: Connection, topic: str, refuse: Callable[[Refused], None]
    ) -> None:
        try:
            may = await self._may(connection, topic)
        except DatabaseError:
            connection.watched -= {topic}
            refuse(Refused(Error.UNAVAILABLE, "not now; try again", retry_after=2))
            return
        if not may:
            connection.watched -= {topic}
            refuse(Refused(Error.FORBIDDEN, f"{topic} needs the permission {_needed(topic)}"))
            return
        if connection.closing is not None or topic not in connection.watched:
            return  # it went, or thought better of it, while the database was asked
        self._watchers.setdefault(topic, set()).add(connection)
        self._ask(topic)
        if self._timer is None:
            self._timer = self._hub.loop.call_later(INTERVAL_S, self._tick)
        await self._send(topic)

    async def _may(self, connection: Connection, topic: str) -> bool:
        return topic == OWN or await self._hub.pool.run(
            authentication.has_permission, connection.user, _needed(topic)
        )

    def _tick(self) -> None:
        self._timer = None
        if not self._watchers:
            return
        self._timer = self._hub.loop.call_later(INTERVAL_S, self._tick)
        for topic in list(self._watchers):
            self._ask(topic)
            if topic not in self._sending:  # else the database takes its time
                self._hub.spawn(self._send(topic))
        if self._hub.loop.time() - self._rechecked_at >= RECHECK_S:
            self._rechecked_at = self._hub.loop.time()
            self._hub.spawn(self._recheck())

    async def _recheck(self) -> None:
        for topic, watchers in list(self._watchers.items()):
            for connection in list(watchers):
                if not await self._may(connection, topic):
                    self.unwatch(connection, topic)

    def _ask(self, topic: str) -> None:
        name, _, of = topic.partition(":")
        if self._hub.layer.is_down:
            return
        if name == "operations":
            groups.publish_ask(topic, groups.EVERY_PROCESS)
        elif name == "person":
            groups.publish_ask(topic, groups.user_group(of))

    async def _send(self, topic: str) -> None:
        self._sending.add(topic)
        try:
            await self._send_now(topic)
        finally:
            self._sending.discard(topic)

    async def _send_now(self, topic: str) -> None:
        name, _, of = topic.partition(":")
        shared: Any = None
        if name == "notice":
            shared = await self._hub.pool.run(reading.progress, int(of))
        elif name == "operations":
            shared = await self._operations()
        elif name == "person":
            shared = sorted(
                (socket for part in self._all_parts(topic).values() for socket in part),
                key=lambda socket: -socket["age"],
            )
        for connection in list(self._watchers.get(topic, ())):
            data = self._own_sockets(connection) if topic == OWN else shared
            connection.write(protocol.figures(topic, data))

    def _own_sockets(self, watcher: Connection) -> list[dict[str, Any]]:
        """The watcher's own sockets on this process."""
        own = self._hub.of_user(watcher.user)
        return [self._socket(one) | {"this": one is watcher} for one in own]

    def _socket(self, connection: Connection) -> dict[str, Any]:
        return {
            "id": connection.id,
            "device": devices.name(connection.device),
            "age": round(self._hub.loop.time() - connection.opened_at, 1),
            "latency": connection.latency,
        }

    def _own_part(self, topic: str) -> Any:
        name, _, of = topic.partition(":")
        if name == "operations":
            return part_of(self._hub)
        return [self._socket(one) for one in self._hub.of_user(of)]

    def _all_parts(self, topic: str) -> dict[str, Any]:
        """By process; of this one, of now."""
        now, heard = self._hub.loop.time(), self._parts.get(topic, {})
        for process in [name for name, (at, _) in heard.items() if now - at > PART_HOLDS_S]:
            del heard[process]
        return {ORIGIN: self._own_part(topic)} | {name: part for name, (_, part) in heard.items()}

    async def _operations(self) -> dict[str, Any]:
        written: int | None = None  # without the database the other figures are still of use
        with contextlib.suppress(DatabaseError):
            self._newest_notice, written = await self._hub.pool.run(
                reading.notices_after, self._newest_notice
            )
        figures = self._rates.take(self._all_parts("operations"), self._hub.loop.time())
        return figures | {"notices": written}


def _needed(topic: str) -> str:
    return _PERMISSIONS.get(topic.partition(":")[0], PERMISSION)

"""Figures that a client watches: sent once a second while anybody does.

A process knows its own sockets only. While somebody watches what concerns all of them, it asks
the others over the layer once a second, and adds up what they have answered by the next one.
Where the layer is down there is only its own part, and `processes` says so. Nobody watches: nobody
asks. Everybody may watch their own sockets, so those are kept by user, as `sockets:<key>`, and
asked for in turn where they are many.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from django import db

from notify import protocol
from notify.access import authentication, user_agents
from notify.bus import groups
from notify.bus.hints import ORIGIN, AskHint, PartHint
from notify.bus.publisher import publisher
from notify.inbox import progress
from notify.live.connection import Connection
from notify.live.rates import Rates, part_of
from notify.models import permissions
from notify.protocol import Error, Refused

if TYPE_CHECKING:
    from notify.live.hub import Hub

INTERVAL_S = 1.0
PART_HOLDS_S = 3.5  # an answer that old is of a process that is gone, or no longer reached
MAX_TOPICS = 20  # of one socket
RECHECK_S = 30.0  # whether the watchers still may
OWN = "sockets"  # the topic that needs no permission
MAX_OWN_ASKS = 100  # in one interval: the layer has announcements to carry
_PERMISSIONS = {"person": permissions.VIEW_INBOX}


class Figures:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._watchers: dict[str, set[Connection]] = {}
        self._timer: asyncio.TimerHandle | None = None
        # By topic and process: when it was heard (loop time), and what the other process said.
        self._parts: dict[str, dict[str, tuple[float, Any]]] = {}
        # By topic that another process watches: until when it holds our part (loop time).
        self._told_until: dict[str, float] = {}
        self._rates = Rates()
        self._newest_notice: int | None = None
        self._rechecked_at = hub.loop.time()
        self._sending: set[str] = set()  # topics whose figures are being read

    def watch(self, connection: Connection, topic: str, refuse: Callable[[Refused], None]) -> None:
        """Begins to send a topic; where the user may not see it, or it is one too many, it is
        refused."""
        if topic in connection.watched:
            return  # it gets it every second
        if len(connection.watched) >= MAX_TOPICS:
            refuse(Refused(Error.INVALID, f"topic: {MAX_TOPICS} are watched; unwatch one"))
            return
        if connection.identity.by_token and topic != OWN:  # whatever its user may
            refuse(Refused(Error.FORBIDDEN, f"{topic}: an API token watches {OWN} only"))
            return
        connection.watched |= {topic}
        self._hub.spawn(self._watch(connection, topic, refuse))

    def unwatch(self, connection: Connection, topic: str) -> None:
        connection.watched -= {topic}
        key = _key(connection, topic)
        watchers = self._watchers.get(key, set())
        watchers.discard(connection)
        if not watchers:
            self._watchers.pop(key, None)
            self._parts.pop(key, None)
            if key == "operations":  # what is between two watches is not a second's
                self._rates, self._newest_notice = Rates(), None

    def forget(self, connection: Connection) -> None:
        for topic in connection.watched:
            self.unwatch(connection, topic)
        if self._hub.of_user(connection.user) == (connection,):
            self._tell_gone(connection.user)

    def _tell_gone(self, user: str) -> None:
        """Somebody's last socket here goes, and nobody will ask this process again: who was told
        of it a moment ago hears that there is none."""
        for topic in (f"{OWN}:{user}", f"person:{user}"):
            if self._told_until.pop(topic, 0.0) > self._hub.loop.time():
                publisher.publish_part(topic, [])

    def stop(self) -> None:
        self._watchers.clear()
        if self._timer is not None:
            self._timer.cancel()

    def asked(self, hint: AskHint) -> None:
        """Another process wants our part of a topic."""
        if hint["process"] == ORIGIN:
            return
        part = self._own_part(hint["topic"])
        if part:
            self._told_until[hint["topic"]] = self._hub.loop.time() + hint.get("holds", 0.0)
            publisher.publish_part(hint["topic"], part)

    def told(self, hint: PartHint) -> None:
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
        except Exception as error:  # of the project's own, too, who may ask another service
            self.unwatch(connection, topic)
            refuse(Refused(Error.UNAVAILABLE, "not now; try again", retry_after=2))
            if not isinstance(error, db.Error):
                raise
            return
        if not may:
            self.unwatch(connection, topic)
            refuse(Refused(Error.FORBIDDEN, f"{topic} needs the permission {_needed(topic)}"))
            return
        if connection.closing is not None or topic not in connection.watched:
            return  # it went, or thought better of it, while the database was asked
        key = _key(connection, topic)
        if key not in self._watchers:
            self._ask(key)
        watchers = self._watchers.setdefault(key, set())
        watchers.add(connection)
        if self._timer is None:
            self._timer = self._hub.loop.call_later(INTERVAL_S, self._tick)
        if key != "operations":
            await self._send_now(key, [connection])
        elif len(watchers) == 1:  # else it waits for the others' next, which count from their last
            await self._send(key)

    async def _may(self, connection: Connection, topic: str) -> bool:
        return topic == OWN or await self._hub.pool.run(
            authentication.user_has, connection.user, _needed(topic)
        )

    def _tick(self) -> None:
        self._timer = None
        if not self._watchers:
            return
        self._timer = self._hub.loop.call_later(INTERVAL_S, self._tick)
        self._ask_all()
        for topic in list(self._watchers):
            if topic not in self._sending:  # else the database takes its time
                self._hub.spawn(self._send(topic))
        if self._hub.loop.time() - self._rechecked_at >= RECHECK_S:
            self._rechecked_at = self._hub.loop.time()
            self._hub.spawn(self._recheck())

    async def _recheck(self) -> None:
        for topic, watchers in list(self._watchers.items()):
            for connection in list(watchers) if not _is_own(topic) else ():
                if not await self._may(connection, topic):
                    self.unwatch(connection, topic)

    def _ask_all(self) -> None:
        for topic in [one for one in self._watchers if not _is_own(one)]:
            self._ask(topic)
        for topic in list(itertools.islice(filter(_is_own, self._watchers), MAX_OWN_ASKS)):
            self._ask(topic)
            self._watchers[topic] = self._watchers.pop(topic)  # the others' turn

    def _ask(self, topic: str) -> None:
        name, _, of = topic.partition(":")
        if self._hub.layer.is_down:
            return
        if name == "operations":
            publisher.publish_ask(topic, groups.EVERY_PROCESS, self._holds_s(topic))
        elif name in {OWN, "person"}:
            publisher.publish_ask(topic, groups.user_group(of), self._holds_s(topic))

    async def _send(self, topic: str) -> None:
        self._sending.add(topic)
        try:
            await self._send_now(topic, self._watchers.get(topic, ()))
        finally:
            self._sending.discard(topic)

    async def _send_now(self, topic: str, watchers: Collection[Connection]) -> None:
        name, _, of = topic.partition(":")
        shared: Any = None
        if name == "notice":
            shared = await self._hub.pool.run(progress.progress, int(of))
        elif name == "operations":
            shared = await self._operations()
        elif name in {OWN, "person"}:
            shared = self._sockets(topic)
        watching = self._watchers.get(topic, set())  # by now
        for connection in watching.intersection(watchers):
            if name == OWN:
                data = [one | {"this": one["id"] == connection.id} for one in shared]
                connection.write(protocol.figures(OWN, data))
            else:
                connection.write(protocol.figures(topic, shared))

    def _sockets(self, topic: str) -> list[dict[str, Any]]:
        """Somebody's, on all processes, oldest first; as old as they are now."""
        now = self._hub.loop.time()
        found = [
            (socket["age"] + now - at, socket)
            for at, part in self._all_parts(topic).values()
            for socket in part
        ]
        found.sort(key=lambda one: -one[0])
        return [socket | {"age": round(age, 1)} for age, socket in found]

    def _socket(self, connection: Connection) -> dict[str, Any]:
        return {
            "id": connection.id,
            "device": user_agents.name(connection.device),
            "age": round(self._hub.loop.time() - connection.opened_at, 3),
            "latency": connection.latency,
        }

    def _own_part(self, topic: str) -> Any:
        name, _, of = topic.partition(":")
        if name == "operations":
            return part_of(self._hub)
        return [self._socket(one) for one in self._hub.of_user(of)]

    def _all_parts(self, topic: str) -> dict[str, tuple[float, Any]]:
        """By process, with when it was heard; of this one, of now."""
        now, heard = self._hub.loop.time(), self._parts.get(topic, {})
        holds_s = self._holds_s(topic)
        for process in [name for name, (at, _) in heard.items() if now - at > holds_s]:
            del heard[process]
        return {ORIGIN: (now, self._own_part(topic)), **heard}

    def _holds_s(self, topic: str) -> float:
        """How old a part may be: until the next was told, had it not been lost."""
        if not _is_own(topic):
            return PART_HOLDS_S
        # There may be so many that not each is asked for in each interval.
        return PART_HOLDS_S * max(1.0, sum(map(_is_own, self._watchers)) / MAX_OWN_ASKS)

    async def _operations(self) -> dict[str, Any]:
        written: int | None = None  # without the database the other figures are still of use
        with contextlib.suppress(db.Error):
            self._newest_notice, written = await self._hub.pool.run(
                progress.notices_after, self._newest_notice
            )
        parts = {process: part for process, (_, part) in self._all_parts("operations").items()}
        return self._rates.take(parts, self._hub.loop.time()) | {"notices": written}


def _key(connection: Connection, topic: str) -> str:
    """By which the watchers of a topic are kept: the sockets of one's own are each user's."""
    return f"{OWN}:{connection.user}" if topic == OWN else topic


def _is_own(key: str) -> bool:
    return key.startswith(f"{OWN}:")


def _needed(topic: str) -> str:
    return _PERMISSIONS.get(topic.partition(":")[0], permissions.VIEW_OPERATIONS)

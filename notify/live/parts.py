"""Parts of feeds that concern all processes: each knows its own sockets and figures only.

While somebody watches such a feed here, this process asks the others for their parts over the
channel layer, once a second, and uses what they have answered by the next time. While the layer is
down, there is only its own part. Users who watch their own sockets may be many: then not all of
their feeds are asked for each time, but one after the other.

Live operations and their history are the same for all who watch: a process that has heard another
one ask does not ask too, and an answer goes to all, also that of the process that asks. So there is
one question a second, and one answer of each process, however many people watch on however many
processes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from notify.access import user_agents
from notify.bus import groups
from notify.bus.hints import ORIGIN, AskHint, PartHint
from notify.bus.listener import Listener
from notify.bus.publisher import publisher
from notify.live.connection import Connection
from notify.live.feeds import OPERATIONS, OWN, feeds_about, is_own, split
from notify.live.sockets import Sockets

PART_HOLDS_S = 3.5  # then its process has died, or cannot be reached any more
MAX_OWN_ASKS = 100  # at a time: the layer has changes to carry
MIN_INTERVAL_S = 0.8  # between two questions, and two answers, that concern every process


class Parts:
    """`clock` is monotonic, in seconds; `of_process` returns this process's part of a feed that
    concerns every process."""

    def __init__(
        self,
        sockets: Sockets,
        layer: Listener,
        clock: Callable[[], float],
        of_process: Mapping[str, Callable[[], Any]],
    ) -> None:
        self._sockets = sockets
        self._layer = layer
        self._clock = clock
        self._of_process = of_process
        self._asked_at: dict[str, float] = {}  # by feed of `of_process`, by whichever process
        self._answered_at: dict[str, float] = {}  # by this process
        # By feed that is watched here, and by process: when its part came, and the part.
        self._heard: dict[str, dict[str, tuple[float, Any]]] = {}
        self._asks_since: dict[str, float] = {}  # by feed that is watched here, without a break
        # By feed that another process watches: until when it uses the part that it got from us.
        self._answers_hold_until: dict[str, float] = {}

    # Of feeds that are watched here

    def start(self, feed: str) -> None:
        """Somebody begins to watch it."""
        if feed not in self._heard:
            self._heard[feed] = {}
            self._asks_since[feed] = self._clock()
            self._ask(feed)

    def stop(self, feed: str) -> None:
        """Nobody watches it any more."""
        self._heard.pop(feed, None)
        self._asks_since.pop(feed, None)

    def ask_all(self) -> None:
        """Asks the other processes for their parts."""
        for feed in [one for one in self._heard if not is_own(one)]:
            self._ask(feed)
        for feed in list(itertools.islice(filter(is_own, self._heard), MAX_OWN_ASKS)):
            self._ask(feed)
            self._heard[feed] = self._heard.pop(feed)  # to the end: next time others are asked for

    def _ask(self, feed: str) -> None:
        name, user = split(feed)
        if self._layer.is_down:
            self._asks_since[feed] = self._clock()
            return
        if feed in self._of_process:
            if self._is_first(self._asked_at, feed):
                workers = [groups.WORKERS] if feed == OPERATIONS else []
                publisher.publish_ask(feed, self._holds_s(feed), groups.EVERY_PROCESS, *workers)
                self._answered_at[feed] = self._clock()
                self._publish(feed, self._own(feed), self._holds_s(feed))
        elif name in {OWN, "person"}:
            publisher.publish_ask(feed, self._holds_s(feed), groups.user_group(user))

    def take(self, hint: PartHint) -> None:
        """Another process answered."""
        feed = hint["topic"]
        if hint["process"] != ORIGIN and feed in self._heard:
            self._heard[feed][hint["process"]] = (self._clock(), hint["part"])

    def asked_for(self, feed: str) -> float:
        """For how many seconds all processes could answer: below two, one that is missing may only
        be late."""
        return self._clock() - self._asks_since[feed]

    def all_of(self, feed: str) -> dict[str, tuple[float, Any]]:
        """By process, with the time when it came. That of this process is made now."""
        now, heard = self._clock(), self._heard.get(feed, {})
        holds_s = self._holds_s(feed)
        for process in [name for name, (at, _) in heard.items() if now - at > holds_s]:
            del heard[process]
        return {ORIGIN: (now, self._own(feed)), **heard}

    def sockets(self, feed: str) -> list[dict[str, Any]]:
        """The sockets of a user in all processes, oldest first, with their age by now."""
        now = self._clock()
        found = [
            (socket["age"] + now - at, socket)
            for at, part in self.all_of(feed).values()
            for socket in part
        ]
        found.sort(key=lambda one: -one[0])
        return [socket | {"age": round(age, 1)} for age, socket in found]

    def _holds_s(self, feed: str) -> float:
        """For how long a part is used: until the next one would have come, even if one is lost."""
        if not is_own(feed):
            return PART_HOLDS_S
        # If there are many, not all of them are asked for each time.
        return PART_HOLDS_S * max(1.0, sum(map(is_own, self._heard)) / MAX_OWN_ASKS)

    # Of feeds that are watched elsewhere

    def answer(self, hint: AskHint) -> None:
        """Another process asks for our part, or one, maybe this, asks all of them once."""
        feed = hint["topic"]
        if "answers" in hint:
            if feed in self._of_process:
                publisher.publish_part(feed, self._own(feed), hint["answers"])
            return
        if hint["process"] == ORIGIN:
            return
        if feed in self._of_process:
            self._asked_at[feed] = self._clock()
            if not self._is_first(self._answered_at, feed):
                return  # the asking process has heard that answer, too
        part = self._own(feed)
        if part:
            self._publish(feed, part, hint.get("holds", 0.0))

    def _publish(self, feed: str, part: Any, holds_s: float) -> None:
        self._answers_hold_until[feed] = self._clock() + holds_s
        publisher.publish_part(feed, part)

    def _is_first(self, times: dict[str, float], feed: str) -> bool:
        """Whether nothing was noted for the feed within the interval; notes it."""
        now = self._clock()
        if now - times.get(feed, -MIN_INTERVAL_S) < MIN_INTERVAL_S:
            return False
        times[feed] = now
        return True

    def publish_end(self) -> None:
        """This process shuts down: tells those that still use our last answer."""
        if self._answers_hold_until.get(OPERATIONS, 0.0) > self._clock():
            publisher.publish_part(OPERATIONS, self._own(OPERATIONS))

    def publish_gone(self, user: str) -> None:
        """The user's last socket here is gone, so that nobody will ask this process again: tells
        those that still use our last answer."""
        for feed in feeds_about(user):
            if self._answers_hold_until.pop(feed, 0.0) > self._clock():
                publisher.publish_part(feed, [])

    def _own(self, feed: str) -> Any:
        if feed in self._of_process:
            return self._of_process[feed]()
        _, user = split(feed)
        return [self._socket(one) for one in self._sockets.of_user(user)]

    def _socket(self, connection: Connection) -> dict[str, Any]:
        return {
            "id": connection.id,
            "device": user_agents.name(connection.device),
            "age": round(self._clock() - connection.opened_at, 3),
            "latency": connection.latency,
        }

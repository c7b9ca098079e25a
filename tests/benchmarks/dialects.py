"""What a client knows about a server's frames: it checks each, and finds the notifications."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple, Protocol

from tests.benchmarks.payload import notification


class Told(NamedTuple):
    """What one frame said to a client."""

    numbers: list[int] = []  # of the notifications in it
    answer: bytes | None = None  # what the client says to it
    ready: bool = False  # the client now knows all that there was when it came
    read: list[int] = []  # ids of notices that it held unread, and that are read now


class Dialect(Protocol):
    """One client's view. `take` raises AssertionError where a frame is not what it should be."""

    ready_when_open: bool

    def take(self, frame: bytes) -> Told: ...

    def query(self) -> str:
        """What the client adds to the path: where it was when it lost the connection."""


_sent = cache(notification)  # it is compared with what each of thousands got


class Plain:
    """Each frame is one notification."""

    ready_when_open = True

    def take(self, frame: bytes) -> Told:
        said = json.loads(frame)
        assert said == _sent(said["n"]), said
        return Told([said["n"]])

    def query(self) -> str:
        return ""


class SocketIO:
    """https://socket.io/docs/v4/socket-io-protocol/: each packet has its type before its JSON."""

    ready_when_open = False

    def take(self, frame: bytes) -> Told:
        match frame[:1], frame[1:2]:
            case b"0", _:  # Engine.IO is open; we connect to the namespace
                return Told(answer=b"40")
            case b"2", _:  # its ping
                return Told(answer=b"3")
            case b"4", b"0":
                return Told(ready=True)
            case b"4", b"2":
                event, said = json.loads(frame[2:])
                assert event == "notification", event
                assert said == _sent(said["n"]), said
                return Told([said["n"]])
            case _:
                raise AssertionError(frame)

    def query(self) -> str:
        return "?EIO=4&transport=websocket"


SENT = ("title", "body", "level", "url")


class Notify:
    """docs/protocol.md, of which a gap is an error here: nothing may be lost or come twice."""

    ready_when_open = False

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.version = 0
        self.unseen: set[int] = set()  # by arrival
        self.unread: set[int] = set()
        self.newest: int | None = None  # id of the notice that arrived last
        self._goal: int | None = None  # the version that `hello` named, until it is reached

    def query(self) -> str:
        return "" if self.epoch is None else f"?epoch={self.epoch}&since={self.version}"

    def take(self, frame: bytes) -> Told:
        said = json.loads(frame)
        match said["type"]:
            case "inbox":
                return self._reset(said) if said.get("reset") else self._change(said)
            case "ping":
                held = {"id": said["id"], "epoch": self.epoch, "version": self.version}
                return Told(answer=json.dumps({"type": "pong"} | held).encode())
            case "hello":
                return self._hello(said)
            case "done":
                return Told()
            case _:
                raise AssertionError(said)

    def _hello(self, frame: dict[str, Any]) -> Told:
        if self.epoch is None:
            return Told()  # a reset follows
        assert frame["epoch"] == self.epoch, frame
        self._goal = frame["version"]
        return Told(ready=self._reached())

    def _reset(self, frame: dict[str, Any]) -> Told:
        assert self.epoch is None, f"a second reset: {frame}"
        self.epoch, self.version = frame["epoch"], frame["to"]
        rows = frame["notifications"]
        self.unseen = {row["arrived"] for row in rows if row["seen"] is None}
        self.unread = {row["arrived"] for row in rows if row["read"] is None}
        self.newest = rows[0]["id"] if rows else None
        self._check_counts(frame)
        return Told(ready=True)

    def _change(self, frame: dict[str, Any]) -> Told:
        rows = frame["notifications"]
        assert frame["epoch"] == self.epoch, frame
        assert frame["from"] == self.version, f"{frame['from']} does not follow {self.version}"
        versions = {row["version"] for row in rows}
        assert versions == set(range(self.version + 1, frame["to"] + 1)), frame
        arrived = [row for row in rows if row["arrived"] > self.version]
        read = []
        for row in arrived:
            sent = _sent(row["data"]["n"])
            assert all(row[name] == sent[name] for name in SENT), frame
            self.unseen.add(row["arrived"])
            self.unread.add(row["arrived"])
            self.newest = row["id"]
        for row in rows:
            if row["seen"] is not None:
                self.unseen.discard(row["arrived"])
            if row["read"] is not None:
                self.unread.discard(row["arrived"])
                read.append(row["id"])
        self._check_counts(frame)
        self.version = frame["to"]
        return Told([row["data"]["n"] for row in arrived], ready=self._reached(), read=read)

    def _check_counts(self, frame: dict[str, Any]) -> None:
        assert (frame["unseen"], frame["unread"]) == (len(self.unseen), len(self.unread)), frame

    def _reached(self) -> bool:
        if self._goal is None or self.version < self._goal:
            return False
        self._goal = None
        return True


DIALECTS: dict[str, type[Dialect]] = {"plain": Plain, "notify": Notify, "socketio": SocketIO}

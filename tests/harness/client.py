"""A client written from the protocol page alone: it shares no code with the server.

    async with Client(server.socket_url, cookie=session_cookie(ada), origin=server.url) as client:
        await client.until(lambda: client.unseen == 1)
        assert [row["title"] for row in client.shown] == ["Hello"]

It keeps the client rules (hold user, epoch, version; apply an `inbox`, notice a gap, answer
pings) and records every frame. Tests break a rule on purpose by its switches: `answer_pings`,
`apply_frames`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import ssl
from collections.abc import Callable
from typing import Any, Self, TypeAlias
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.harness.waiting import deadline

Frame: TypeAlias = dict[str, Any]

SUBPROTOCOL = "notify.v1"
PATIENCE = 10.0


class Client:
    """One user's client. The cursor outlives the socket: `connect()` again to come back."""

    def __init__(  # one argument for each thing that a client may send with its handshake
        self,
        url: str,
        *,
        cookie: str | None = None,
        origin: str | None = None,
        ticket: str | None = None,
        ticket_in_query: bool = False,
        query: dict[str, str] | None = None,
        subprotocols: tuple[str, ...] | None = (SUBPROTOCOL,),
        trust: ssl.SSLContext | None = None,
        answer_pings: bool = True,
        apply_frames: bool = True,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.url = url
        self.cookie = cookie
        self.origin = origin
        self.ticket = ticket
        self.ticket_in_query = ticket_in_query
        self.query = query
        self.subprotocols = subprotocols
        self.trust = trust  # for wss://
        self.more_headers = headers or {}
        self.answer_pings = answer_pings
        self.apply_frames = apply_frames

        # What the client holds; it outlives a socket.
        self.user: str | None = None
        self.epoch: str | None = None
        self.version = 0
        self.unseen = 0
        self.unread = 0
        self.badge = 0
        self.rows: dict[int, Frame] = {}
        self.edge = 0  # the window shows what arrived here or later; 0: it shows all
        self.resets = 0
        self.applied: list[tuple[int, int]] = []  # the (from, to) of each frame that was applied

        # What the socket in use has brought.
        self.frames: list[Frame] = []
        self.subprotocol: str | None = None
        self.close_code: int | None = None
        self._connection: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._sync_outstanding = False
        self._news = asyncio.Event()
        self._refs = 0
        self._name = secrets.token_hex(4)  # of this client's marks, unlike those of others
        self.before_marks: dict[str, Frame] = {}  # the cursor before a mark, by its ref

    # ----------------------------------------------------------------------- one socket's life

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Opens a socket, with the cursor if there is one; returns once it is accepted.

        Raises websockets' InvalidStatus where the handshake is refused.
        """
        self.frames = []
        self.close_code = None
        self._sync_outstanding = False
        self._connection = await connect(
            self._full_url(),
            origin=self.origin,  # type: ignore[arg-type]  # a NewType of str
            additional_headers=self._headers(),
            subprotocols=self.subprotocols,  # type: ignore[arg-type]  # as above
            compression=None,
            ping_interval=None,
            max_size=None,
            open_timeout=deadline(PATIENCE),
            close_timeout=1,
            proxy=None,
            ssl=self.trust,
        )
        self.subprotocol = self._connection.subprotocol
        self._reader = asyncio.create_task(self._read(self._connection))

    async def close(self, code: int = 1000) -> None:
        """Closes from this side."""
        if self._connection is not None:
            await self._connection.close(code)
        if self._reader is not None:
            await self._reader

    async def cut(self) -> None:
        """Loses the connection without a word, as a network does."""
        assert self._connection is not None, "not connected"
        self._connection.transport.abort()
        await self.closed()

    async def closed(self, seconds: float = PATIENCE) -> int:
        """The close code, once the socket is closed from whichever side."""
        assert self._reader is not None, "not connected"
        async with asyncio.timeout(deadline(seconds)):
            await asyncio.shield(self._reader)
        assert self.close_code is not None, "the reader ended without a close code"
        return self.close_code

    @property
    def open(self) -> bool:
        return self._reader is not None and not self._reader.done()

    def _full_url(self) -> str:
        query = dict(self.query or {})
        if self.query is None and self.epoch is not None:
            query = {"epoch": self.epoch, "since": str(self.version)}
        if self.ticket is not None and self.ticket_in_query:
            query["ticket"] = self.ticket
        return f"{self.url}?{urlencode(query)}" if query else self.url

    def _headers(self) -> dict[str, str]:
        headers = dict(self.more_headers)
        if self.cookie is not None:
            headers["Cookie"] = self.cookie
        if self.ticket is not None and not self.ticket_in_query:
            headers["Authorization"] = f"Bearer {self.ticket}"
        return headers

    async def _read(self, connection: ClientConnection) -> None:
        try:
            async for message in connection:
                assert isinstance(message, str), f"binary from the server: {message!r}"
                frame = json.loads(message)
                self.frames.append(frame)
                await self._handle(frame)
                self._news.set()
        except ConnectionClosed:
            pass
        finally:
            self.close_code = connection.close_code
            self._news.set()

    # ---------------------------------------------------------------------- the client's rules

    async def _handle(self, frame: Frame) -> None:
        if frame["type"] == "hello":
            self._meet(frame)
        elif frame["type"] == "inbox" and self.apply_frames:
            await self._apply(frame)
        elif frame["type"] == "ping" and self.answer_pings:
            await self._answer(frame)

    def _meet(self, hello: Frame) -> None:
        """Never applies one user's cursor to another; else a hello changes nothing."""
        if self.user is not None and self.user != hello["user"]:
            self.epoch, self.version, self.rows = None, 0, {}
        self.user = hello["user"]

    async def _apply(self, frame: Frame) -> None:
        reset = frame.get("reset", False)
        if not reset and (frame["epoch"] != self.epoch or frame["from"] > self.version):
            await self.sync()
            return
        self._sync_outstanding = False  # what was missing is here
        if reset:
            self._replace(frame)
        elif frame["to"] > self.version:
            self._merge(frame["notifications"])
        else:
            return
        self.applied.append((frame["from"], frame["to"]))
        self.epoch, self.version = frame["epoch"], frame["to"]
        self.unseen, self.unread = frame["unseen"], frame["unread"]
        self.badge = frame.get("badge", self.unseen)  # an older server does not tell it

    def _replace(self, reset: Frame) -> None:
        self.resets += 1
        self.rows = {row["id"]: row for row in reset["notifications"]}
        arrivals = [row["arrived"] for row in reset["notifications"]]
        self.edge = min(arrivals) if arrivals and reset["next"] is not None else 0

    def _merge(self, rows: list[Frame]) -> None:
        for row in rows:
            held = self.rows.get(row["id"])
            if held is None or row["version"] > held["version"]:
                self.rows[row["id"]] = row

    def apply_page(self, page: Frame) -> None:
        """Takes a page of the HTTP API that was asked for with this epoch: moves the edge."""
        if page["epoch"] != self.epoch:
            return
        self._merge(page["notifications"])
        arrivals = [row["arrived"] for row in page["notifications"]]
        self.edge = min(arrivals, default=0) if page["next"] is not None else 0

    async def _answer(self, ping: Frame) -> None:
        await self.send(type="pong", id=ping["id"], epoch=self.epoch, version=self.version)
        if ping["epoch"] != self.epoch or ping["version"] > self.version:
            await self.sync()

    @property
    def shown(self) -> list[Frame]:
        """What the user would see: newest first, without the archived and the recalled."""
        rows = (
            row
            for row in self.rows.values()
            if row["arrived"] >= self.edge and not row["archived"] and not row["recalled"]
        )
        return sorted(rows, key=lambda row: int(row["arrived"]), reverse=True)

    @property
    def titles(self) -> list[str]:
        return [row["title"] for row in self.shown]

    # ------------------------------------------------------------------------- what it can say

    async def send(self, **frame: Any) -> None:
        """Sends a frame, e.g. `send(type="ping", id=1)`; on a closed socket it is lost."""
        await self.send_raw(json.dumps(frame))

    async def send_raw(self, message: str | bytes) -> None:
        assert self._connection is not None, "not connected"
        with contextlib.suppress(ConnectionClosed):
            await self._connection.send(message)

    async def sync(self) -> None:
        """Asks for what is missing; one at a time."""
        if not self._sync_outstanding:
            self._sync_outstanding = True
            await self.send(type="sync", epoch=self.epoch, since=self.version)

    async def mark(self, as_: str, *ids: int, **through: int) -> Frame:
        """Marks by ids, or all `through` a version, or of those what is read (`through_read`);
        returns the server's `done` or `error`."""
        self._refs += 1
        ref = f"{self._name}-{self._refs}"
        what = {"epoch": self.epoch, **through} if through else {"ids": ids}
        self.before_marks[ref] = {"epoch": self.epoch, "since": self.version}
        await self.send(type="mark", ref=ref, **{"as": as_}, **what)
        return await self.frame(lambda frame: frame.get("ref") == ref)

    async def undo(self, mark: str) -> Frame:
        """Takes a mark back, by its ref; returns the server's `done` or `error`."""
        self._refs += 1
        ref = f"{self._name}-{self._refs}"
        await self.send(type="undo", ref=ref, mark=mark, **self.before_marks[mark])
        return await self.frame(lambda frame: frame.get("ref") == ref)

    # --------------------------------------------------------------------------------- waiting

    async def until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Returns once `condition` holds; it is looked at after every frame.

        Raises TimeoutError with the frames that came, or AssertionError where the socket closed
        without it.
        """
        try:
            async with asyncio.timeout(deadline(seconds)):
                while not condition():
                    assert self.open, f"closed with {self.close_code}; frames: {self.frames}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise TimeoutError(f"not within {deadline(seconds)} s; frames: {self.frames}") from None

    async def frame(
        self, condition: Callable[[Frame], object] | str, seconds: float = PATIENCE
    ) -> Frame:
        """The first frame of this socket of that type, or for which the condition holds."""

        def matching() -> Frame | None:
            for frame in self.frames:
                if frame["type"] == condition if isinstance(condition, str) else condition(frame):
                    return frame
            return None

        await self.until(matching, seconds)
        found = matching()
        assert found is not None
        return found

    def of_type(self, type_: str) -> list[Frame]:
        return [frame for frame in self.frames if frame["type"] == type_]

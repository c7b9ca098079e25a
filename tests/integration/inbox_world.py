"""A server and its clients without sockets, for tests/integration/test_inbox_machine.py: the real
store and the real frames, the hub's rules for who is told what, and between server and clients
a channel layer and a network that do what a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from django.contrib.auth.models import User

from notify import protocol, sending, sql
from notify.bus import hints
from notify.changes import Change, Cursor, Reading, Step
from notify.inbox import places, reading
from notify.inbox.rows import notice_row
from notify.models import Notification, Place
from notify.protocol import inbox_frames
from notify.sql.keys import public_key
from tests.integration.model_client import Asked, Frame, ModelClient
from tests.unit.inbox.helpers import committed, key

PAGE = 2

RECOUNT = """
    SELECT i.user_id, i.version, i.floor, i.acknowledged, i.opened,
           i.unseen, i.unread, i.unseen - i.overlooked,
           count(CASE WHEN n.seen IS NULL THEN n.notice_id END),
           count(CASE WHEN n.read IS NULL THEN n.notice_id END),
           count(CASE WHEN n.seen IS NULL AND n.arrived > i.opened THEN n.notice_id END)
    FROM notify_inbox i LEFT JOIN notify_notification n
         ON n.user_id = i.user_id AND n.place = %s
    GROUP BY i.user_id
"""


@dataclass
class Hint:
    """What the layer carries of a change to the hub."""

    step: Step
    rows: list[str] | None


@dataclass
class Socket:
    """A client and what is under way to it; `queued` is as in notify.live.connection."""

    name: str
    client: ModelClient
    queued: Cursor | None = None
    frames: list[str] = field(default_factory=list)
    pages: list[tuple[Asked, Reading]] = field(default_factory=list)

    def receive_page(self) -> None:
        asked, page = self.pages.pop(0)
        self.client.receive_page(asked, page.epoch, page.rows, page.next)


class Flags(NamedTuple):
    """What is told apart of a notification's state."""

    seen: bool = False
    read: bool = False
    place: Place = Place.INBOX

    @property
    def counted(self) -> tuple[bool, bool]:
        """Whether it counts for its inbox as unseen and as unread."""
        in_inbox = self.place == Place.INBOX
        return in_inbox and not self.seen, in_inbox and not self.read

    def moved(self, move: places.Move) -> Flags:
        return self._replace(place=places.MOVES.get((self.place, move), self.place))

    def marked(self, as_: str) -> Flags:
        """As a mark leaves it: docs/protocol.md, `mark`, in Python."""
        if self.place == Place.RECALLED:
            return self
        match as_:
            case "seen":
                return self._replace(seen=True)
            case "read":
                return self._replace(seen=True, read=True)
            case "archived":
                moved = self.moved("archive")
                return self if moved == self else moved._replace(seen=True, read=True)
            case "unarchived":
                moved = self.moved("unarchive")
                return self if moved == self else moved._replace(seen=True)
            case _:
                return self._replace(read=False) if self.place == Place.INBOX else self


def flags_of(user: str) -> dict[int, Flags]:
    """Each notification of a user's, by its notice."""
    rows = Notification.objects.filter(user=user)
    return {
        notice: Flags(seen is not None, read is not None, Place(place))
        for notice, seen, read, place in rows.values_list("notice", "seen", "read", "place")
    }


def versions_of(user: str) -> dict[int, int]:
    """The version of each notification of a user's, by its notice."""
    return dict(Notification.objects.filter(user=user).values_list("notice", "version"))


def counted(flags: Iterable[Flags]) -> tuple[int, int]:
    """How many of them count as unseen and as unread."""
    each = [one.counted for one in flags]
    return sum(unseen for unseen, _ in each), sum(unread for _, unread in each)


class World:
    """`announced` is the list that `publisher.publish` appends to."""

    def __init__(self, users: list[User], owners: list[int], announced: list[Change]) -> None:
        self.users = users
        self.sockets = [
            Socket(f"socket {n}", ModelClient(key(users[owner]))) for n, owner in enumerate(owners)
        ]
        self.announced = announced
        self.layer: list[Hint] = []
        self.calm = True  # whether all is carried out and arrives at once, and in order
        self._versions = dict.fromkeys(map(key, users), 0)
        self._touched: set[str] = set()  # what `check` looks at

    # The project

    def do(self, what: Callable[[], Any]) -> Any:
        """Does it and what waits for its commit, and gives what it announced to the layer."""
        self._touched.add("database")
        with committed():
            done = what()
        while self.calm and sending.carry_out_next():
            pass
        for change in self.announced:
            for step in change.steps:
                # No version is missing, and none is told twice.
                assert step.start == self._versions[step.user]
                assert step.to == step.start + _versions_of(change, step)
                self._versions[step.user] = step.to
                self.layer.append(Hint(step, _encoded_rows(change, step)))
        self.announced.clear()
        if self.calm:
            self.all_arrives()
        return done

    def head(self, user: str) -> Reading:
        return reading.heads([user])[user]

    # The hub

    def offer(self, hint: Hint) -> None:
        """What the hub does with a hint: tells it, drops it, or reads what is missing."""
        for socket in self.sockets:
            if socket.client.user == hint.step.user and socket.queued is not None:
                self._offer(socket, socket.queued, hint)

    def _offer(self, socket: Socket, queued: Cursor, hint: Hint) -> None:
        step = hint.step
        if step.epoch == queued.epoch and step.to <= queued.since:
            return
        if step.epoch != queued.epoch or step.start != queued.since or hint.rows is None:
            self.catch_up(socket, queued)
            return
        size = protocol.frame_size(hint.rows)
        frame = protocol.InboxFrame(*step[1:], hint.rows, size)
        self._queue(socket, [frame])

    def catch_up(self, socket: Socket, cursor: Cursor | None) -> None:
        [found] = reading.changes([(socket.client.user, cursor)])
        assert found is not None
        frames = protocol.frames_of(found)
        if frames is None:
            [anew] = reading.resets([socket.client.user])
            assert anew is not None
            frames = protocol.frames_of(anew)
            assert frames is not None
        assert frames[0].reset or frames[0].start == found.since
        assert all(first.to == second.start for first, second in pairwise(frames))
        self._queue(socket, frames)

    def _queue(self, socket: Socket, frames: list[protocol.InboxFrame]) -> None:
        for frame in _merged(frames):
            text = frame.encode()
            assert len(frame.rows) <= inbox_frames.MAX_FRAME_ROWS
            assert len(text.encode()) <= inbox_frames.MAX_FRAME_BYTES
            socket.frames.append(text)
            socket.queued = Cursor(frame.epoch, frame.to)

    def sweep(self) -> None:
        heads = reading.heads(map(key, self.users))
        for socket in self.sockets:
            head = heads[socket.client.user]
            if socket.queued != (head.epoch, head.version):
                self.catch_up(socket, socket.queued)

    # The network

    def all_arrives(self) -> None:
        while self.layer:
            self.offer(self.layer.pop(0))
        for socket in self.sockets:
            while socket.frames:
                self.receive(socket, socket.frames.pop(0))

    def receive(self, socket: Socket, frame: str) -> None:
        self._touched.add(socket.name)
        if socket.client.receive(frame):
            self.catch_up(socket, socket.client.cursor)

    def receive_page(self, socket: Socket) -> None:
        self._touched.add(socket.name)
        socket.receive_page()

    def ask_for_more(self, socket: Socket) -> None:
        asked = socket.client.ask_for_more()
        if asked is not None:
            page = reading.page(socket.client.user, before=asked.before, limit=PAGE)
            assert page is not None
            socket.pages.append((asked, page))

    # The truth

    def check(self) -> None:
        """The counts are those of the rows; a client that is up to date equals the database."""
        if not self._touched:
            return
        if "database" in self._touched:
            self._check_inboxes()
        heads = reading.heads(map(key, self.users))
        truths: dict[str, list[Frame]] = {}
        for socket in self.sockets:
            head, cursor = heads[socket.client.user], socket.client.cursor
            if cursor is None or cursor.epoch != head.epoch:
                continue
            assert cursor.since <= head.version
            if cursor.since == head.version and self._touched & {"database", socket.name}:
                if head.user not in truths:
                    truths[head.user] = truth(head.user)
                assert_equal(socket.client, head, truths[head.user])
        self._touched.clear()

    def _check_inboxes(self) -> None:
        found = sql.fetch(RECOUNT, [Place.INBOX])
        for user, version, floor, acknowledged, opened, *numbers in found:
            assert numbers[:3] == numbers[3:]
            assert version == self._versions[public_key(user)]
            assert 0 <= acknowledged <= version >= max(floor, opened)

    def everybody_comes_back(self) -> None:
        """Whatever was lost: with their cursors, the next frames make all clients equal. One who
        comes without a cursor, and asks for page after page, is equal too."""
        for socket in self.sockets:
            head, rows = self.head(socket.client.user), truth(socket.client.user)
            socket.frames.clear()
            self.catch_up(socket, socket.client.cursor)
            for frame in socket.frames:
                assert not socket.client.receive(frame)
            assert_equal(socket.client, head, rows)
            fresh = Socket("fresh", ModelClient(socket.client.user))
            self.catch_up(fresh, None)
            assert not fresh.client.receive(fresh.frames.pop())
            while fresh.client.edge:
                self.ask_for_more(fresh)
                fresh.receive_page()
            assert_equal(fresh.client, head, rows)


def _versions_of(change: Change, step: Step) -> int:
    """By how many versions a change takes an inbox on: one for each notice that arrived."""
    if change.arrivals or change.rows is not None:
        return len(change.arrivals) or 1
    arrived = Notification.objects.filter(
        user=step.user, arrived__gt=step.start, arrived__lte=step.to
    )
    return arrived.count() or 1


def _encoded_rows(change: Change, step: Step) -> list[str] | None:
    [part] = [part for part in change.parts() if step in part.steps]
    hint = hints.change_hint(part)
    rows = protocol.Rows(hint["arrivals"], hint["rows"])
    return rows.after(step.start) if rows.are_known else None


def _merged(frames: list[protocol.InboxFrame]) -> list[protocol.InboxFrame]:
    """As they go out of a queue: those that are contiguous as one."""
    merged: list[protocol.InboxFrame] = []
    for frame in frames:
        if merged and merged[-1].joins(frame):
            merged[-1] = merged[-1].join(frame)
        else:
            merged.append(frame)
    return merged


def assert_equal(client: ModelClient, head: Reading, rows: list[Frame]) -> None:
    """The client is as the database, down to the edge of its window."""
    assert client.cursor == (head.epoch, head.version)
    assert (client.unseen, client.unread, client.badge) == (head.unseen, head.unread, head.badge)
    assert client.shown == [row for row in rows if row["arrived"] >= client.edge]


def truth(user: str) -> list[Frame]:
    """What an inbox shows, newest first, written down without notify's SQL."""
    live = Notification.objects.filter(user=user, place=Place.INBOX)
    return [
        notice_row(row.notice)
        | {"arrived": row.arrived, "version": row.version}
        | {name: _rfc3339(getattr(row, name)) for name in ("seen", "read")}
        for row in live.order_by("-arrived").select_related("notice")
    ]


def _rfc3339(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"

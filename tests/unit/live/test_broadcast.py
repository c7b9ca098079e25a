"""The fast path of a broadcast sends a socket what the general path does, whatever its state."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from notify.access.authentication import Identity
from notify.changes import Cursor
from notify.live import broadcast
from notify.live.connection import PING_ABOVE_BYTES, Connection
from notify.live.direct import DirectWriter
from notify.protocol import Code, Rows, UserChange, change_frame
from tests.unit.live.fakes import ENGLISH, settle
from tests.unit.live.test_direct import Transport
from tests.unit.serve.daphnes import CLOSE, PING, frame, opened

ROWS = {
    "a notice": Rows(['"id":1,"title":"100 %d é"}']),
    "a long notice": Rows([f'"id":1,"title":"{"x" * 100_000}"}}']),
    "two notices": Rows(['"id":1}', '"id":2}']),
    "a change": Rows([], ['{"id":1}']),
    "not known": Rows([]),
}

RARELY = st.sampled_from([*[False] * 9, True])


class Way:
    """One socket, from the hint to the client."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, direct: bool = True) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.theirs.setblocking(False)
        self.ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.protocol = opened(Transport(self.ours))
        self.protocol.transport.doWrite()
        self.received = b""
        self.fell_behind = self.gaps = self.lost = 0
        self.unflushed: list[Connection] = []
        self.connection = Connection(
            Identity("1"),
            self.send,
            ENGLISH,
            lost=self.count_lost,
            fell_behind=self.count_fallen_behind,
            flush_soon=self.unflushed.append,
            loop=loop,
            direct=DirectWriter(self.protocol) if direct else None,
        )
        self.connection.start_at(Cursor("e1", 10))

    def count_lost(self) -> None:
        self.lost += 1

    def count_fallen_behind(self, connection: Connection) -> None:
        self.fell_behind += 1

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.protocol.serverClose(message["code"])
        else:
            self.protocol.serverSend(message["text"])

    def hear(self, told: UserChange) -> None:
        sockets = {"1": (self.connection,)}
        for connection, one in broadcast.offer([told], sockets, 0.0, self.unflushed):
            self.offer(connection, one)

    def offer(self, connection: Connection, told: UserChange) -> None:
        if not connection.offer(change_frame(told), has_rows=told[-1].are_known):
            self.gaps += 1

    def flush(self) -> None:
        broadcast.flush(self.unflushed)
        self.unflushed.clear()

    def read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := self.theirs.recv(1 << 20):
                self.received += data

    def end(self) -> None:
        self.ours.close()
        self.theirs.close()

    @property
    def sent(self) -> bytes:
        return self.received + bytes(self.protocol.transport.waiting())

    @property
    def state(self) -> Any:
        one = self.connection
        return (
            *(one.queued, one.queued_bytes, one.held, one.closing, one.news, one.catching_up),
            *(self.protocol.state, self.fell_behind, self.gaps, self.lost),
        )


class PlainWay(Way):
    def hear(self, told: UserChange) -> None:
        self.offer(self.connection, told)

    def flush(self) -> None:
        while self.unflushed:
            self.unflushed.pop(0).flush()


class Broadcasts(RuleBasedStateMachine):
    """Three sockets get the same hints, and have the same clients: one on the fast path, one on it
    without a direct writer, and one on the general path, which is the reference."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.ways = [Way(self.loop), Way(self.loop, direct=False), PlainWay(self.loop)]
        self.plain = self.ways[2]

    def each(self, action: Callable[[Way], object]) -> None:
        for way in self.ways:
            action(way)

    @rule(
        ahead=st.sampled_from([0, 0, 0, 0, -1, 1]),
        epoch=st.sampled_from(["e1", "e1", "e1", "e2"]),
        rows=st.sampled_from([*["a notice"] * 4, *ROWS]),
        counts=st.tuples(*[st.integers(0, 10**12)] * 3),
    )
    def hear(self, ahead: int, epoch: str, rows: str, counts: tuple[int, int, int]) -> None:
        assert self.plain.connection.queued
        start = self.plain.connection.queued.since + ahead
        to = start + max(1, len(ROWS[rows]))
        self.each(lambda way: way.hear(("1", epoch, start, to, *counts, ROWS[rows])))

    @rule()
    def flush(self) -> None:
        self.each(lambda way: way.flush())
        self.loop.run_until_complete(settle())  # without a direct writer a task writes

    @rule()
    def turn(self) -> None:
        """A turn of the event loop: Twisted writes what it can."""
        self.flush()
        for way in self.ways:
            if way.protocol.transport.waiting():
                way.protocol.transport.doWrite()

    @rule()
    def write(self) -> None:
        self.each(lambda way: way.connection.write('{"type":"pong","id":1}'))

    @rule()
    def read(self) -> None:
        self.each(lambda way: way.read())

    @rule()
    def confirm(self) -> None:
        def confirm(way: Way) -> None:
            way.connection.acknowledged_bytes = way.connection.queued_bytes

        self.each(confirm)

    @rule(held=RARELY)
    def hold(self, held: bool) -> None:
        self.each(lambda way: way.connection.hold() if held else way.connection.release())

    @rule(is_being_read=RARELY)
    def catch_up(self, is_being_read: bool) -> None:
        self.each(lambda way: setattr(way.connection, "catching_up", is_being_read))

    @rule(leaves=RARELY)
    def hear_client(self, leaves: bool) -> None:
        self.flush()
        self.each(lambda way: way.protocol.dataReceived(frame(b"", CLOSE if leaves else PING)))

    @rule(closes=RARELY)
    @precondition(lambda self: self.plain.connection.closing is None)
    def close(self, closes: bool) -> None:
        if closes:
            self.each(lambda way: way.connection.close(Code.RESTARTING, "the server restarts"))

    @rule(ends=RARELY)
    def end(self, ends: bool) -> None:
        if ends:
            self.each(lambda way: way.connection.end_with(1006))

    @invariant()
    def the_fast_path_leaves_the_same_state(self) -> None:
        fast, _, plain = self.ways
        assert fast.state == plain.state

    def teardown(self) -> None:
        self.turn()
        self.read()
        fast, without, plain = (way.sent for way in self.ways)
        self.each(lambda way: way.end())
        self.loop.close()
        assert fast == plain
        assert without == plain


TestBroadcasts = Broadcasts.TestCase


def notice(start: int, title: str = "a") -> UserChange:
    return ("1", "e1", start, start + 1, 1, 1, 1, Rows([f'"id":{start},"title":"{title}"}}']))


def far_behind(connection: Connection) -> None:
    connection.queued_bytes = PING_ABOVE_BYTES


# The states in which a socket does not take the fast path.
STATES: dict[str, Callable[[Connection], object]] = {
    "as usual": lambda one: None,
    "ahead": lambda one: one.start_at(Cursor("e1", 12)),
    "behind": lambda one: one.start_at(Cursor("e1", 9)),
    "another epoch": lambda one: one.start_at(Cursor("e0", 10)),
    "not loaded yet": lambda one: setattr(one, "queued_epoch", None),
    "being read for": lambda one: one.begin_catch_up(),
    "held": lambda one: one.hold(),
    "far behind": far_behind,
    "something is queued": lambda one: one.write('{"type":"pong","id":1}'),
    "closing": lambda one: one.close(Code.RESTARTING, "the server restarts"),
    "ended": lambda one: one.end_with(1006),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("is_free", [True, False])
async def test_in_each_state_it_sends_what_the_general_path_sends(
    state: str, rows: str, is_free: bool
) -> None:
    loop = asyncio.get_running_loop()
    ways = [Way(loop), Way(loop, direct=False), PlainWay(loop)]
    for way in ways:
        if is_free and way.connection.direct:
            way.connection.direct.write("0")
        elif is_free:
            way.protocol.serverSend("0")
        STATES[state](way.connection)
        to = 10 + max(1, len(ROWS[rows]))
        way.hear(("1", "e1", 10, to, 1, 1, 1, ROWS[rows]))
        way.flush()
        await settle()
        way.hear(notice(to))
        way.connection.write('{"type":"pong","id":2}')
        way.flush()
        await settle()
        way.read()
    fast, without, plain = ways
    assert (fast.state, fast.sent) == (plain.state, plain.sent)
    assert (without.state, without.sent) == (plain.state, plain.sent)
    for way in ways:
        way.end()


@pytest.mark.parametrize("to", [9, 10, 12, "11"])
async def test_a_hint_of_another_version_takes_the_general_path(to: Any) -> None:
    ways = [cls(asyncio.get_running_loop()) for cls in (Way, PlainWay)]
    for way in ways:
        with contextlib.suppress(TypeError):  # which the layer logs
            way.hear(("1", "e1", 10, to, 1, 1, 1, ROWS["a notice"]))
        way.flush()
        way.read()
    fast, plain = ways
    assert (fast.state, fast.sent) == (plain.state, plain.sent)
    assert fast.lost == 0
    for way in ways:
        way.end()


@pytest.fixture
async def way() -> Any:
    one = Way(asyncio.get_running_loop())
    yield one
    one.end()


async def test_a_notice_to_a_socket_in_its_usual_state_takes_the_fast_path(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.hear(notice(10))
    way.flush()
    assert way.connection.direct is not None
    assert way.connection.direct.is_free
    monkeypatch.setattr(Connection, "offer", None)
    monkeypatch.setattr(Connection, "flush", None)
    way.hear(notice(11))
    way.flush()
    way.read()
    assert way.received.endswith(
        b'{"type":"inbox","epoch":"e1","from":11,"to":12,"unseen":1,"unread":1,"badge":1,'
        b'"notifications":[{"arrived":12,"version":12,"id":11,"title":"a"}]}'
    )
    assert way.connection.unconfirmed_since == 0.0


async def test_a_socket_that_cannot_be_written_to_is_aborted_and_delays_no_other(way: Way) -> None:
    other = Way(asyncio.get_running_loop())
    for one in (way, other):
        one.hear(notice(10))
        one.flush()
    nonsense: Any = ("1", "e1", 11, 12, None, 1, 1, Rows(['"id":1}']))
    way.hear(nonsense)
    other.hear(notice(11))
    broadcast.flush([way.connection, other.connection])
    other.read()
    assert b'"from":11' in other.received
    assert (way.lost, other.lost) == (1, 0)
    other.end()

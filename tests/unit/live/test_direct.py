"""The fast path writes the same bytes as autobahn, whatever the transport does."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from autobahn.websocket.protocol import WebSocketProtocol
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock
from twisted.python.log import callWithLogger

from notify.live import direct
from notify.live.direct import DirectWriter
from notify.protocol import InboxFrame
from notify.serve import protocol as serve_protocol
from tests.harness.waiting import aeventually
from tests.unit.live.fakes import Recorder, Wire, open_connection, settle
from tests.unit.serve.daphnes import CLOSE, PING, frame, opened


class Autobahn(WebSocketProtocol):
    """Autobahn's own framing, into a list of bytes."""

    def __init__(self) -> None:
        self.state = WebSocketProtocol.STATE_OPEN
        self.written = b""
        self.logFrames = self.logOctets = False
        self.factory = type("Factory", (), {"isServer": True})
        self.applyMask = False
        self.maskServerFrames = self.maskClientFrames = False
        self.trafficStats = type("Stats", (), {})()
        for name in ("outgoingOctetsWebSocketLevel", "outgoingWebSocketFrames"):
            setattr(self.trafficStats, name, 0)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:  # noqa: N802
        self.written += data


@given(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000]))
def test_a_frame_has_the_bytes_that_autobahn_writes(size: int) -> None:
    autobahn = Autobahn()
    payload = b"x" * size
    autobahn.sendFrame(opcode=1, payload=payload)
    assert direct.frame(payload) == autobahn.written


class Transport(Connection):
    """Twisted's buffering around a real socket."""

    def __init__(self, one: socket.socket) -> None:
        reactor: Any = MemoryReactorClock()
        FileDescriptor.__init__(self, reactor)
        self.socket = one
        self.fileno = one.fileno
        self.connected = True

    def setTcpNoDelay(self, enabled: bool) -> None: ...  # noqa: N802  not of this family

    def getPeer(self) -> IPv4Address:  # noqa: N802
        return IPv4Address("TCP", "127.0.0.1", 1)

    getHost = getPeer  # noqa: N815

    def waiting(self) -> bytes:
        return bytes(self.dataBuffer[self.offset :]) + b"".join(self._tempDataBuffer)


class Protocol:
    STATE_OPEN = 3

    def __init__(self, transport: Any) -> None:
        self.state = self.STATE_OPEN
        self.transport = transport


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


Sockets = tuple[socket.socket, socket.socket]


def test_a_frame_is_sent_at_once(sockets: Sockets) -> None:
    transport = Transport(sockets[0])
    assert DirectWriter(Protocol(transport)).write("é")
    assert sockets[1].recv(100) == direct.frame("é".encode())
    assert transport.waiting() == b""


def test_bytes_that_the_kernel_does_not_take_are_queued_in_twisted(
    sockets: Sockets,
) -> None:
    sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    transport = Transport(sockets[0])
    writer = DirectWriter(Protocol(transport))
    texts = [str(n) * 50_000 for n in range(5)]
    for text in texts:
        assert writer.write(text)
    waiting = transport.waiting()
    assert waiting
    taken = b""
    sockets[1].setblocking(False)
    while True:
        try:
            taken += sockets[1].recv(1 << 20)
        except BlockingIOError:
            break
    assert taken + waiting == b"".join(direct.frame(text.encode()) for text in texts)


def test_frames_do_not_overtake_what_twisted_has_queued(sockets: Sockets) -> None:
    transport = Transport(sockets[0])
    transport.write(b"before")
    assert DirectWriter(Protocol(transport)).write("after")
    assert transport.waiting() == b"before" + direct.frame(b"after")


def test_a_broken_socket_is_left_to_twisted(sockets: Sockets) -> None:
    transport = Transport(sockets[0])
    sockets[0].shutdown(socket.SHUT_WR)
    assert DirectWriter(Protocol(transport)).write("text")
    assert transport.waiting() == direct.frame(b"text")


def test_nothing_is_written_to_a_socket_that_is_not_open(sockets: Sockets) -> None:
    protocol = Protocol(Transport(sockets[0]))
    protocol.state = 2
    assert not DirectWriter(protocol).write("text")


def test_a_transport_that_is_not_a_plain_socket_is_written_to_as_usual() -> None:
    written = []

    class Tls:
        def write(self, data: bytes) -> None:
            written.append(data)

    assert DirectWriter(Protocol(Tls())).write("text")
    assert written == [direct.frame(b"text")]


def served(one: socket.socket) -> Any:
    """The protocol of `manage.py serve`, whose handshake the client has read."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    protocol = opened(Transport(one))
    protocol.transport.doWrite()
    return protocol


class Operations(RuleBasedStateMachine):
    """What is written directly comes after everything written before, however that came to the
    transport, and nothing follows a closing frame. Three sockets receive and send the same: the
    first has a writer that its protocol notifies, the second one that looks at its protocol each
    time. The third has none, and is the reference."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs = [socket.socketpair() for _ in range(3)]
        self.protocols, self.received = [], [b"", b"", b""]
        for ours, theirs in self.pairs:
            ours.setblocking(False)
            theirs.setblocking(False)
            self.protocols.append(served(ours))
        self.writers = [DirectWriter(one) for one in self.protocols[:2]]
        self.writers[1].let_go()
        self.writers[1]._is_notified = False

    @rule(size=st.sampled_from([1, 200, 100_000]))
    def write(self, size: int) -> None:
        plain = self.protocols[2]
        is_open = plain.state == plain.STATE_OPEN
        assert [one.write("x" * size) for one in self.writers] == [is_open] * 2
        assert not self.writers[1].is_free
        if is_open:
            plain.serverSend("x" * size)

    @rule(size=st.sampled_from([1, 200, 100_000]))
    def send_through_the_server(self, size: int) -> None:
        for one in self.protocols:
            if one.state == one.STATE_OPEN:
                one.serverSend("y" * size)

    @rule(opcode=st.sampled_from([PING, PING, PING, CLOSE]))
    def hear(self, opcode: int) -> None:
        for one in self.protocols:
            one.dataReceived(frame(b"", opcode))

    @rule()
    def read(self) -> None:
        for n, (_, theirs) in enumerate(self.pairs):
            with contextlib.suppress(BlockingIOError):
                while True:
                    self.received[n] += theirs.recv(1 << 20)

    @rule()
    def turn(self) -> None:
        """A turn of the event loop: Twisted writes what it can."""
        for one in self.protocols:
            if one.transport.waiting():
                one.transport.doWrite()

    @rule()
    @precondition(lambda self: self.protocols[0].state == 3)
    def close(self) -> None:
        for one in self.protocols:
            one.serverClose(4503)

    def teardown(self) -> None:
        self.read()
        notified, looking, plain = (
            received + one.transport.waiting()
            for received, one in zip(self.received, self.protocols, strict=True)
        )
        for pair in self.pairs:
            for one in pair:
                one.close()
        assert notified == looking == plain


TestOperations = Operations.TestCase


def test_the_protocol_of_serve_is_not_looked_at_until_it_reports_a_change(sockets: Sockets) -> None:
    protocol = served(sockets[0])
    writer = DirectWriter(protocol)
    assert not writer.is_free
    assert writer.write("1")
    assert writer.is_free
    protocol.dataReceived(frame(b"", PING))  # autobahn answers it
    assert not writer.is_free
    assert writer.write("2")
    assert not writer.is_free
    protocol.transport.doWrite()
    assert writer.write("3")
    assert writer.is_free
    assert writer.write("4" * 100_000)
    assert not writer.is_free
    assert sockets[1].recv(1 << 20)  # there is room again, but the rest is still queued
    assert writer.write("5")
    assert protocol.transport.waiting().endswith(direct.frame(b"5"))
    protocol.serverClose(4503)
    assert not writer.write("6")


async def test_a_connection_writes_the_same_frames_either_way() -> None:
    plain, recorder = Wire(), Recorder()
    ways = [open_connection(plain), open_connection(Wire(), direct=recorder)]
    for connection in ways:
        for version in range(3):
            row = f'{{"id":{version}}}'
            connection.offer(InboxFrame("e1", version, version + 1, 0, 0, 0, [row], 400))
        connection.write('{"type":"pong","id":1}')
        connection.offer(InboxFrame("e1", 3, 4, 0, 0, 0, ['{"id":4}'], 400))
    await settle()
    assert recorder.texts == [one["text"] for one in plain.messages]
    assert len(recorder.texts) == 3


def test_after_let_go_it_looks_at_the_protocol_again(sockets: Sockets) -> None:
    protocol = served(sockets[0])
    writer = DirectWriter(protocol)
    assert writer.write("1")
    assert writer.is_free
    writer.let_go()
    protocol.serverClose(4503)
    assert not writer.write("2")


def test_nothing_is_written_to_a_client_that_left_during_the_handshake(sockets: Sockets) -> None:
    protocol = served(sockets[0])
    del protocol.transport.socket  # as Twisted does when a connection is lost
    protocol.state = protocol.STATE_CLOSED
    assert not DirectWriter(protocol).write("1")


async def test_with_a_hearer_twisted_reads_without_its_context_until_reading_stops(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop: Any = asyncio.get_running_loop()
    reactor = AsyncioSelectorReactor(loop)
    monkeypatch.setattr(serve_protocol, "reactor", reactor)
    protocol = served(sockets[0])
    transport = protocol.transport
    transport.reactor, transport.protocol = reactor, protocol

    def reader() -> Any:
        return loop._selector.get_key(transport.fileno()).data[0]._callback

    heard: list[bytes] = []

    def hear(payload: bytes) -> bool:
        heard.append(payload)
        return True

    writer = DirectWriter(protocol)
    writer.hear_first(None)  # reading has not started, and there was no hearer
    assert transport not in reactor._readers
    transport.startReading()
    assert reader() is callWithLogger
    writer.hear_first(hear)
    assert reader() == reactor._readOrWrite
    sockets[1].send(frame(b"one"))
    await aeventually(lambda: heard == [b"one"])
    transport.stopReading()
    sockets[1].send(frame(b"two"))
    await settle()
    assert heard == [b"one"]
    transport.startReading()
    await aeventually(lambda: heard == [b"one", b"two"])
    sockets[1].close()  # the client is gone
    await aeventually(lambda: transport not in reactor._readers)
    reactor.disconnectAll()


async def test_there_is_no_direct_writer_for_a_send_that_is_not_daphnes() -> None:
    async def send(message: object) -> None: ...

    assert DirectWriter.of(send) is None
    assert DirectWriter.of(partial(send, {})) is None

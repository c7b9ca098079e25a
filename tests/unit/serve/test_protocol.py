"""A short text frame in a segment of its own is read without autobahn, with the same outcome."""

from itertools import pairwise
from typing import Any

import pytest
from daphne.ws_protocol import WebSocketProtocol
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from notify.serve import protocol as serve_protocol
from notify.serve.protocol import BoundedProtocol
from tests.unit.serve.daphnes import (
    BINARY,
    CLOSE,
    CONTINUATION,
    HANDSHAKE,
    MASK,
    PING,
    TEXT,
    frame,
    opened,
    opening,
)

PONG = b'{"type":"pong","id":1,"epoch":"e1","version":3}'


class Plain(BoundedProtocol):
    """Reads everything with autobahn."""

    dataReceived = WebSocketProtocol.dataReceived  # noqa: N815


class Transport(StringTransport):
    def unregisterProducer(self) -> None:  # noqa: N802  Twisted's own allow it without a producer
        self.producer = None


class Socket:
    """An open socket, made as autobahn and Daphne do, with a hearer that takes pongs."""

    def __init__(self, protocol: type[BoundedProtocol] = BoundedProtocol) -> None:
        self.transport = Transport()
        self.protocol = opened(self.transport, protocol)
        self.transport.clear()
        self.queued()
        self.heard: list[bytes] = []
        self.protocol.first_hearer = self._hear

    def _hear(self, payload: bytes) -> bool:
        if not payload.startswith(b'{"type":"pong"'):
            return False
        self.heard.append(payload)
        return True

    def queued(self) -> list[dict[str, Any]]:
        """The events for the application, which this removes from its queue."""
        queue = self.protocol.application_queue
        return [queue.get_nowait() for _ in range(queue.qsize())]

    @property
    def read_by_autobahn(self) -> int:
        count: int = self.protocol.trafficStats.incomingWebSocketMessages
        return count

    def outcome(self, segments: list[bytes]) -> tuple[object, ...]:
        """Everything observable after the segments were received."""
        one = self.protocol
        for segment in segments:
            one.dataReceived(segment)
        closing = self.transport.disconnecting, self.transport.disconnected
        ended = one.state, one.wasNotCleanReason, one.remoteCloseCode, closing
        waiting = one.data, one.current_frame is None, one.inside_message
        return self.heard, self.queued(), self.transport.value(), ended, waiting


def padded(size: int) -> bytes:
    return PONG + b" " * (size - len(PONG))


def test_a_pong_is_read_without_autobahn() -> None:
    socket = Socket()
    socket.protocol.dataReceived(frame(PONG))
    assert socket.heard == [PONG]
    assert socket.queued() == []
    assert socket.read_by_autobahn == 0


@pytest.mark.parametrize("size", [len(PONG), 124, 125])
@pytest.mark.parametrize("mask", [bytes(4), MASK, b"\xff" * 4])
def test_a_pong_is_unmasked_whatever_its_length_and_mask(size: int, mask: bytes) -> None:
    socket = Socket()
    socket.protocol.dataReceived(frame(padded(size), mask=mask))
    assert socket.heard == [padded(size)]
    assert socket.read_by_autobahn == 0


LIMIT = serve_protocol.MAX_OTHER_FRAMES_PER_SECOND


def record_aborts(socket: Socket, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that gets an entry when the connection is aborted. The clock stands still."""
    aborted: list[int] = []
    monkeypatch.setattr(socket.transport, "abortConnection", lambda: aborted.append(1))
    monkeypatch.setattr("time.monotonic", lambda: 7.5)
    return aborted


def test_pings_of_the_protocol_are_answered_but_not_a_flood_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    socket = Socket()
    aborted = record_aborts(socket, monkeypatch)
    for n in range(LIMIT):
        socket.protocol.dataReceived(frame(b"%d" % n, PING))
    assert socket.transport.value().count(b"\x8a") == LIMIT
    assert not aborted
    socket.protocol.dataReceived(frame(b"", PING) * (2 * LIMIT))
    assert aborted == [1]
    assert socket.transport.value().count(b"\x8a") == LIMIT
    socket.protocol.sendMessage(b"an answer before the application knows of the abort")
    assert socket.queued() == [{"type": "websocket.disconnect", "code": 1006}]


def test_a_message_in_pieces_is_heard_but_not_one_in_a_flood_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    socket = Socket()
    aborted = record_aborts(socket, monkeypatch)
    nothing = frame(b"", CONTINUATION, fin=False)
    socket.protocol.dataReceived(frame(b"{", fin=False) + nothing * (LIMIT - 1))
    socket.protocol.dataReceived(frame(b"}", CONTINUATION))
    assert socket.queued() == [{"type": "websocket.receive", "text": "{}"}]
    assert not aborted
    read = socket.protocol.trafficStats.incomingWebSocketFrames
    socket.protocol.dataReceived(frame(b"{", fin=False) + nothing * 1000)
    assert aborted == [1]
    assert socket.protocol.trafficStats.incomingWebSocketFrames < read + 10
    assert socket.queued() == [{"type": "websocket.disconnect", "code": 1006}]


def test_without_a_hearer_a_pong_goes_to_the_application() -> None:
    socket = Socket()
    socket.protocol.first_hearer = None
    socket.protocol.dataReceived(frame(PONG))
    assert socket.queued() == [{"type": "websocket.receive", "text": PONG.decode()}]


def test_the_hearer_gets_nothing_unless_the_socket_is_open() -> None:
    socket = Socket()
    for state in (BoundedProtocol.STATE_CONNECTING, BoundedProtocol.STATE_CLOSED):
        socket.protocol.state = state
        socket.protocol.dataReceived(frame(PONG))
        socket.protocol.data = b""
    assert socket.heard == []


CASES = {
    "a pong": [frame(PONG)],
    "a pong with an escape": [frame(b'{"type":"pong","epoch":"\\u00e9"}')],
    "a malformed pong": [frame(b'{"type":"pong"')],
    "a pong of 125 bytes": [frame(padded(125))],
    "a pong of 126 bytes": [frame(padded(126))],
    "a pong of 300 bytes": [frame(padded(300))],
    "a pong in two segments": [frame(PONG)[:20], frame(PONG)[20:]],
    "a pong cut off in its header": [frame(PONG)[:1], frame(PONG)[1:]],
    "a pong whose header comes alone": [frame(PONG)[:6], frame(PONG)[6:]],
    "two pongs in one segment": [frame(PONG) * 2],
    "a pong and half of another": [frame(PONG) + frame(PONG)[:20], frame(PONG)[20:]],
    "a pong after half a frame": [frame(b"{}")[:7], frame(PONG)],
    "a pong after half a header": [frame(b"x" * 10)[:1], frame(PONG)],
    "a pong that is the payload of another frame": [
        frame(b"x" * 200)[:8],
        b"\x81" + frame(PONG)[1:],
        b"y" * 200,
    ],
    "something else": [frame(b'{"type":"ping","id":1}')],
    "nothing": [frame(b"")],
    "no bytes": [b""],
    "a pong and something else": [frame(PONG), frame(b"{}"), frame(PONG)],
    "binary": [frame(PONG, BINARY)],
    "unmasked": [frame(PONG, mask=None)],
    "unmasked, with bytes as if it were": [b"\x81" + bytes((len(PONG),)) + frame(PONG)[2:]],
    "half a long frame with bytes as if it were short": [
        b"\x81\xfe" + frame(padded(126), mask=b"\x01\x00\x00\x00")[4:]
    ],
    **{f"reserved bits {bits}": [frame(PONG, reserved=bits)] for bits in range(1, 8)},
    "not ASCII": [frame('{"type":"pong","epoch":"é"}'.encode())],
    "not UTF-8": [frame(b'{"type":"pong","epoch":"\xff"}')],
    "cut off in the middle of a character": [frame(b'{"type":"pong"\xc3')],
    "a fragmented pong": [frame(PONG[:9], fin=False), frame(PONG[9:], CONTINUATION)],
    "the first fragment alone": [frame(PONG, fin=False)],
    "a pong amid a fragmented message": [frame(b"{", fin=False), frame(PONG)],
    "a continuation of nothing": [frame(PONG, CONTINUATION)],
    "a reserved opcode": [frame(PONG, 3)],
    "a ping of the protocol": [frame(b"hello", PING), frame(PONG)],
    "a pong that is the payload of such a ping": [
        frame(b"x" * (len(PONG) + 6), PING)[:6],
        frame(PONG),
        frame(PONG),
    ],
    "a ping amid a fragmented message": [
        frame(b"{", fin=False),
        frame(b"hello", PING),
        frame(b"}", CONTINUATION),
        frame(PONG),
    ],
    "a pong after the end": [frame(b"\x03\xe8", CLOSE), frame(PONG)],
    "a length that says more": [b"\x81" + bytes((0x80 | 125,)) + frame(PONG)[2:]],
    "a length that says less": [b"\x81" + bytes((0x80 | 20,)) + frame(PONG)[2:]],
    "a short length in its long form": [b"\x81\xfe\x00\x2f" + frame(PONG)[2:]],
}


@pytest.mark.parametrize("segments", CASES.values(), ids=CASES)
def test_the_outcome_is_the_same_as_with_autobahn(segments: list[bytes]) -> None:
    assert Socket().outcome(segments) == Socket(Plain).outcome(segments)


def test_an_unmasked_frame_ends_the_connection() -> None:
    socket = Socket()
    socket.protocol.dataReceived(frame(PONG, mask=None))
    assert socket.heard == []
    assert "unmasked client-to-server frame" in socket.protocol.wasNotCleanReason


@pytest.mark.parametrize("early", [frame(PONG), b"x", HANDSHAKE], ids=["frame", "x", "handshake"])
def test_a_client_that_does_not_wait_for_the_answer_is_refused(early: bytes) -> None:
    transport = Transport()
    protocol = opening(transport)
    protocol.dataReceived(early)
    assert transport.value().startswith(b"HTTP/1.1 400 ")
    assert transport.disconnecting
    protocol.dataReceived(early)
    protocol.end_without_application()
    assert transport.value().count(b"HTTP/1.1") == 1
    assert list(protocol.application_queue._queue) == [{"type": "websocket.connect"}]


def test_a_failed_handshake_is_reported_without_the_query_string() -> None:
    transport = Transport()
    protocol = opening(transport)
    protocol.failHandshake('could not parse "//[/?ticket=secret"')
    assert transport.value().startswith(b'HTTP/1.1 400 could not parse "//[/\r\n')
    assert protocol.wasNotCleanReason == 'could not parse "//[/'
    protocol.connectionLost(Failure(ConnectionDone()))
    assert protocol.is_closed.result is None


@pytest.mark.parametrize(
    ("good", "malformed"),
    [
        (b"Version: 13", b"Version: x"),
        (b"dGhl", b""),  # a key of less than 24 characters
        (b"Upgrade: websocket", b"Upgrade: websocket\r\nSec-WebSocket-Protocol: \xff"),
    ],
)
def test_a_malformed_handshake_is_refused_and_leaves_no_cycle(
    good: bytes, malformed: bytes
) -> None:
    transport = Transport()
    protocol = opening(transport, handshake=HANDSHAKE.replace(good, malformed))
    assert transport.value().startswith(b"HTTP/1.1 400 ")
    protocol.connectionLost(Failure(ConnectionDone()))
    assert protocol.is_closed.result is None  # else it would reference the protocol


payloads = st.sampled_from([PONG, b"", b"{}", padded(125), padded(126), "é".encode(), b"\xff"])
frames = st.builds(
    frame,
    payloads | st.binary(max_size=130),
    st.sampled_from([TEXT, TEXT, TEXT, CONTINUATION, BINARY, PING]),
    fin=st.sampled_from([True, True, True, False]),
    reserved=st.sampled_from([0, 0, 0, 0, 4, 1]),
    mask=st.binary(min_size=4, max_size=4),
)


@given(st.lists(frames, max_size=6), st.lists(st.integers(0, 800), max_size=4), st.booleans())
def test_any_frames_in_any_segments_have_the_same_outcome(
    sent: list[bytes], cuts: list[int], frame_by_frame: bool
) -> None:
    stream = b"".join(sent)
    bounds = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    segments = [stream[start:end] for start, end in pairwise(bounds)]
    if frame_by_frame:
        segments = sent
    assert Socket().outcome(segments) == Socket(Plain).outcome(segments)

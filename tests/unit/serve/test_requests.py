"""Requests and handshakes, made as Daphne and Twisted do, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from notify.serve import requests
from notify.serve.requests import BoundedFactory
from tests.unit.serve.daphnes import HANDSHAKE, DaphnesServer, frame, ws_factory

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


class Server(DaphnesServer):
    request_buffer_size = 8192
    max_body_bytes = 1000
    is_stopping = False
    server_name = "test"
    ws_factory: Any

    def __init__(self) -> None:
        self.accepted: list[Any] = []

    def create_application(self, protocol: object, scope: object) -> asyncio.Queue[Any]:
        self.accepted.append(protocol)
        return super().create_application(protocol, scope)


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.later: list[tuple[float, Any]] = []
        monkeypatch.setattr(requests.reactor, "callLater", lambda *call: self.later.append(call))
        self.server, self.transport = Server(), StringTransport()
        self.channel = BoundedFactory(self.server).buildProtocol(None)
        self.channel.timeOut = None
        self.channel.makeConnection(self.transport)

    def post(self, headers: bytes, body: bytes) -> bytes:
        head = b"POST / HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n"
        self.channel.dataReceived(head)
        for start in range(0, len(body), 100):
            self.channel.dataReceived(body[start : start + 100])
        answer: bytes = self.transport.value()
        return answer


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(monkeypatch)
    yield world
    world.channel.connectionLost(Failure(ConnectionDone()))  # closes the file of the body


def chunked(size: int) -> bytes:
    return b"".join(b"a\r\n0123456789\r\n" for _ in range(size // 10)) + b"0\r\n\r\n"


CHUNKED = b"Transfer-Encoding: chunked\r\n"


def test_a_form_is_not_read_in_the_event_loop(world: World) -> None:
    """Twisted would parse it, although Daphne does not use the result."""
    world.post(FORM + b"Content-Length: 7\r\n", b"a=1&b=2")
    [request] = world.server.accepted
    assert request.args == {}
    assert request.application_queue.get_nowait()["body"] == b"a=1&b=2"


@pytest.mark.parametrize("is_stopping", [False, True])
def test_a_server_that_stops_closes_each_connection_after_its_response(
    world: World, is_stopping: bool
) -> None:
    world.server.is_stopping = is_stopping
    world.post(b"", b"")
    [request] = world.server.accepted
    request.handle_reply({"type": "http.response.start", "status": 204, "headers": []})
    request.handle_reply({"type": "http.response.body"})
    assert (b"\r\nConnection: close\r\n" in world.transport.value()) is is_stopping
    assert world.transport.disconnecting is is_stopping


@pytest.mark.parametrize(
    ("headers", "body"), [(b"Content-Length: 1000\r\n", b"x" * 1000), (CHUNKED, chunked(1000))]
)
def test_a_body_at_the_limit_is_accepted(world: World, headers: bytes, body: bytes) -> None:
    assert world.post(headers, body) == b""
    [request] = world.server.accepted
    assert len(request.application_queue.get_nowait()["body"]) == 1000


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Length: 1001\r\n", b""),
        (b"Content-Length: 1001\r\n", b"x" * 1001),
        (b"Content-Length: 1001\r\nExpect: 100-continue\r\n", b""),
        (CHUNKED, chunked(1010)),
        (CHUNKED, chunked(50_000)),
    ],
)
def test_what_is_above_it_is_answered_once_and_reaches_nobody(
    world: World, headers: bytes, body: bytes
) -> None:
    answer = world.post(headers, body)
    head, _, body_sent = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 Content Too Large\r\n")
    assert b"Content-Length: %d" % len(body_sent) in head
    assert answer.count(b"HTTP/1.1") == 1
    assert world.server.accepted == []
    [(_, end)] = world.later
    end()
    assert world.transport.disconnecting


@pytest.mark.parametrize(
    "handshake",
    [
        HANDSHAKE.replace(b"HTTP/1.1", b"HTTP/1.0"),
        HANDSHAKE[:-2] + b"Content-Length: 1\r\n\r\nx",
        HANDSHAKE[:-2] + CHUNKED + b"\r\n" + chunked(10),
        HANDSHAKE[:-2] + CHUNKED + b"\r\n" + chunked(0) + frame(b"{}"),
        HANDSHAKE + frame(b"{}"),
        HANDSHAKE + HANDSHAKE,
    ],
    ids=["HTTP/1.0", "body", "pieces", "no pieces, and a frame", "frame", "another handshake"],
)
def test_a_handshake_comes_alone(world: World, handshake: bytes) -> None:
    world.channel.dataReceived(handshake)
    assert world.transport.value()[8:].startswith(b" 400 Bad Request\r\n")
    assert world.transport.value().count(b"400 Bad Request\r\n") == 1
    assert world.server.accepted == []


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\nHost: x\r\n", HANDSHAKE[:-2]])
def test_a_root_path_header_is_not_decoded(world: World, first: bytes) -> None:
    """Daphne would answer with 500 and log a traceback."""
    world.server.ws_factory = ws_factory(world.server)
    world.channel.dataReceived(first + b"Daphne-Root-Path: \xff\r\n\r\n")
    [protocol] = world.server.accepted
    assert protocol.root_path == ""


def test_its_text_for_the_log_has_no_query_string(world: World) -> None:
    world.channel.dataReceived(b"GET /path?ticket=secret HTTP/1.1\r\nHost: x\r\n\r\n")
    [request] = world.server.accepted
    assert repr(request) == "<BoundedRequest b'GET' b'/path'>"


def test_data_after_the_answer_is_discarded(world: World) -> None:
    world.post(b"Content-Length: 1001\r\n", b"x" * 1001 + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert world.server.accepted == []

"""`manage.py serve` without a proxy before it: what a body, and a handshake, may be."""

from __future__ import annotations

import contextlib
import socket

import httpx
import pytest

from tests.conftest import StartServer
from tests.harness.server import SERVE, Server
from tests.harness.waiting import deadline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

MIB = 1024 * 1024
LOGIN = "/accounts/login/"


def raw(server: Server, data: bytes) -> bytes:
    """What is answered to these bytes, of which the client reads nothing until all are sent."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=deadline(20)) as client:
        client.sendall(data)
        with contextlib.suppress(ConnectionResetError):  # of what was sent after the answer
            while piece := client.recv(65536):
                answer += piece
    return answer


def post(*headers: str, body: bytes = b"") -> bytes:
    lines = [f"POST {LOGIN} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "headers",
    [["Content-Length: 400000000"], ["Content-Length: 400000000", "Expect: 100-continue"]],
    ids=["", "that waits to be told to go on"],
)
def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(
    start_server: StartServer, headers: list[str]
) -> None:
    server = start_server(command=SERVE)
    answer = raw(server, post(*headers))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"This body is too large.\n")
    assert b"100 Continue" not in answer


def test_a_client_that_sends_on_reads_the_answer_all_the_same(start_server: StartServer) -> None:
    server = start_server(command=SERVE)
    assert raw(server, post("Content-Length: 400000000", body=b"x" * 8 * MIB))[:12] == (
        b"HTTP/1.1 413"
    )


def test_a_body_of_pieces_that_never_end_is_refused_at_the_bound(
    start_server: StartServer,
) -> None:
    server = start_server(command=SERVE)
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    pieces = b"".join([piece] * (17 * MIB // 65536))
    assert raw(server, post("Transfer-Encoding: chunked", body=pieces))[:12] == b"HTTP/1.1 413"
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_a_body_within_the_bound_is_the_applications(start_server: StartServer) -> None:
    server = start_server(command=SERVE)
    body = b"a=1&" * (4 * MIB)  # exactly 16 MiB
    assert httpx.post(server.url + LOGIN, content=body, timeout=60).status_code == 403


def test_a_project_may_take_more(start_server: StartServer) -> None:
    server = start_server(command=(*SERVE, "--http-max-body-size", str(32 * MIB)))
    assert httpx.post(server.url + LOGIN, content=b"x" * 17 * MIB, timeout=60).status_code == 403
    assert httpx.post(server.url + LOGIN, content=b"x" * 33 * MIB, timeout=60).status_code == 413


HANDSHAKE = [
    "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: http://127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize(
    ("version", "headers", "body"),
    [
        ("1.0", [], b""),
        ("1.1", ["Content-Length: 6"], b"\x81\x80abcd"),
        ("1.1", ["Transfer-Encoding: chunked"], b"6\r\n\x81\x80abcd\r\n0\r\n\r\n"),
        ("1.1", [], b"\x81\x80abcd"),  # a frame before the answer
    ],
)
def test_a_handshake_is_http_1_1_and_has_no_body(
    start_server: StartServer, version: str, headers: list[str], body: bytes
) -> None:
    server = start_server(command=SERVE)
    lines = [f"GET /ws/notify/ HTTP/{version}", *HANDSHAKE, *headers]
    answer = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    with socket.create_connection(("127.0.0.1", server.port), timeout=deadline(10)) as client:
        client.sendall(answer)
        assert b" 400 " in client.recv(65536).partition(b"\r\n")[0]

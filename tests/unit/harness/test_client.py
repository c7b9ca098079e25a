"""The tests' own client against a scripted server: a client that is wrong would excuse a server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.harness.client import Client
from tests.harness.waiting import aeventually

Script = Callable[[ServerConnection], Awaitable[None]]

HELLO = {"type": "hello", "user": "u1", "epoch": "e", "version": 2}


def row(id_: int, arrived: int, version: int | None = None, **fields: Any) -> dict[str, Any]:
    base = {"id": id_, "arrived": arrived, "version": version or arrived, "title": f"n{id_}"}
    return base | {"archived": None, "recalled": None} | fields


def inbox(start: int, to: int, *rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    counts = {"unseen": len(rows), "unread": len(rows)}
    frame = {"type": "inbox", "epoch": "e", "from": start, "to": to, "notifications": rows}
    return frame | counts | fields


def reset(to: int, *rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return inbox(0, to, *rows, **{"reset": True, "next": None, **fields})


@asynccontextmanager
async def scripted(script: Script, **options: Any) -> AsyncIterator[Client]:
    """A client on a socket whose server side does what `script` says, and then waits."""

    async def handle(connection: ServerConnection) -> None:
        await script(connection)
        await connection.wait_closed()

    async with serve(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Client(f"ws://127.0.0.1:{port}/", subprotocols=None, **options) as client:
            yield client


def saying(*frames: dict[str, Any]) -> Script:
    async def script(connection: ServerConnection) -> None:
        for frame in frames:
            await connection.send(json.dumps(frame))

    return script


async def heard(connection: ServerConnection) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(await connection.recv())
    return said


async def test_it_takes_a_reset_as_all_there_is():
    async with scripted(saying(HELLO, reset(2, row(1, 1), row(2, 2)))) as client:
        await client.until(lambda: client.version == 2)

    assert client.user == "u1"
    assert client.titles == ["n2", "n1"]
    assert client.unread == 2


async def test_it_applies_what_follows_and_ignores_what_it_has():
    frames = [
        reset(1, row(1, 1)),
        inbox(1, 2, row(2, 2)),
        inbox(1, 2, row(2, 2, title="again"), unseen=9),
    ]
    async with scripted(saying(HELLO, *frames, inbox(2, 3, row(1, 1, 3)))) as client:
        await client.until(lambda: client.version == 3)

    assert client.titles == ["n2", "n1"]
    assert client.applied == [(0, 1), (1, 2), (2, 3)]


async def test_it_asks_once_for_a_gap():
    asked: list[dict[str, Any]] = []

    async def script(connection: ServerConnection) -> None:
        await saying(HELLO, reset(1, row(1, 1)), inbox(3, 4), inbox(4, 5))(connection)
        asked.append(await heard(connection))
        await saying(inbox(1, 5, row(2, 2)), {"type": "ping", "id": 7, "epoch": "e", "version": 5})(
            connection
        )
        asked.append(await heard(connection))

    async with scripted(script) as client:
        await client.until(lambda: client.version == 5)
        await aeventually(lambda: len(asked) == 2)

    assert asked == [
        {"type": "sync", "epoch": "e", "since": 1},
        {"type": "pong", "id": 7, "epoch": "e", "version": 5},
    ]


async def test_it_asks_where_a_ping_knows_a_greater_version():
    asked: list[dict[str, Any]] = []

    async def script(connection: ServerConnection) -> None:
        await saying(HELLO, reset(1), {"type": "ping", "id": 7, "epoch": "e", "version": 2})(
            connection
        )
        asked.extend([await heard(connection), await heard(connection)])
        await saying(inbox(1, 2))(connection)

    async with scripted(script) as client:
        await client.until(lambda: client.version == 2)

    assert [said["type"] for said in asked] == ["pong", "sync"]


async def test_it_shows_neither_the_archived_nor_the_recalled_nor_what_is_below_its_edge():
    frames = [
        reset(9, row(8, 8), row(9, 9), next=8),
        inbox(9, 10, row(3, 3, 10), row(9, 9, 10, recalled="2026-01-01T00:00:00.000Z", title="")),
    ]
    async with scripted(saying(HELLO, *frames)) as client:
        await client.until(lambda: client.version == 10)

    assert client.titles == ["n8"]
    client.apply_page({"epoch": "e", "notifications": [row(3, 3, 10)], "next": None})
    assert client.titles == ["n8", "n3"]


async def test_it_forgets_the_cursor_of_another_user():
    async with scripted(saying(HELLO, reset(2, row(1, 1)))) as client:
        await client.until(lambda: client.version == 2)
        await client._handle({**HELLO, "user": "u2"})

    assert (client.epoch, client.version, client.rows) == (None, 0, {})


async def test_it_comes_back_with_its_cursor():
    paths: list[str] = []

    async def script(connection: ServerConnection) -> None:
        assert connection.request is not None
        paths.append(connection.request.path)
        await saying(HELLO, reset(2, row(1, 1)))(connection)

    async with scripted(script) as client:
        await client.until(lambda: client.version == 2)
        await client.cut()
        assert client.close_code == 1006
        await client.connect()
        await client.frame("hello")

    assert paths == ["/", "/?epoch=e&since=2"]


async def test_waiting_on_a_closed_socket_fails_at_once_and_tells_the_code():
    async def script(connection: ServerConnection) -> None:
        await connection.close(4503)

    async with scripted(script) as client:
        assert await client.closed() == 4503
        with pytest.raises(AssertionError, match="4503"):
            await client.frame("hello")

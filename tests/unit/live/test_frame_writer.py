"""How a socket is written to and closed."""

import asyncio
from typing import Any

from notify.live import frame_writer
from notify.protocol import Code
from tests.unit.live.fakes import Wire, open_connection, settle
from tests.unit.live.test_connection import change


async def test_bye_is_the_last_frame_before_the_close() -> None:
    wire = Wire()
    socket = open_connection(wire)
    socket.offer(change(0, 1))
    socket.close(Code.RESTARTING, "the server restarts", 2.5)
    socket.offer(change(1, 2))
    socket.write("{}")
    await settle()
    assert [one["type"] for one in wire.frames] == ["inbox", "bye"]
    assert wire.frames[-1] == {
        "type": "bye",
        "code": 4503,
        "reason": "the server restarts",
        "retry_after": 2.5,
    }
    assert wire.close_code == 4503


async def test_it_is_closed_once_with_the_first_code() -> None:
    wire = Wire()
    socket = open_connection(wire)
    socket.close(Code.FORBIDDEN, "first")
    socket.close(Code.RESTARTING, "second")
    await settle()
    assert wire.close_code == 4403
    assert len(wire.frames) == 1


async def test_a_transport_that_is_full_is_aborted_a_moment_after_the_close() -> None:
    wire, lost = Wire(), asyncio.Event()
    wire.stall()
    socket = open_connection(wire, lost=lost.set)
    socket.write("{}")
    await settle()
    socket.close(Code.SLOW_READER, "slow reader")
    async with asyncio.timeout(frame_writer.ABORT_AFTER_S * 3):
        await lost.wait()
    assert wire.messages == []


class Gone(Wire):
    """A server's `send` after the client has left."""

    async def __call__(self, message: dict[str, Any]) -> None:
        raise ConnectionResetError


async def test_a_client_that_is_gone_breaks_nothing() -> None:
    lost = asyncio.Event()
    socket = open_connection(Gone(), lost=lost.set)
    socket.write("{}")
    async with asyncio.timeout(5):
        await lost.wait()

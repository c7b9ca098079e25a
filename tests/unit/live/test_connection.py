import asyncio
from typing import Any

from notify.changes import Cursor
from notify.live import connection as module
from notify.protocol import Code, InboxFrame, frame_size
from tests.unit.live.fakes import Wire, open_connection, settle


def change(start: int, to: int, epoch: str = "e1", row: str = '{"id":1}') -> InboxFrame:
    return InboxFrame(epoch, start, to, to, to, [row], frame_size([row]))


async def test_a_change_that_follows_is_sent() -> None:
    wire = Wire()
    socket = open_connection(wire)
    assert socket.offer(change(0, 1))
    await settle()
    [frame] = wire.frames
    assert (frame["from"], frame["to"], frame["notifications"]) == (0, 1, [{"id": 1}])


async def test_a_change_that_it_has_is_dropped() -> None:
    wire = Wire()
    socket = open_connection(wire, queued=Cursor("e1", 5))
    assert socket.offer(change(3, 4))
    assert socket.offer(change(4, 5))
    await settle()
    assert wire.frames == []


async def test_a_gap_another_epoch_or_missing_rows_are_not_sent() -> None:
    wire = Wire()
    socket = open_connection(wire, queued=Cursor("e1", 5))
    assert not socket.offer(change(6, 7))
    assert not socket.offer(change(5, 6, epoch="e2"))
    assert not socket.offer(change(5, 6), has_rows=False)
    await settle()
    assert wire.frames == []
    assert socket.queued == Cursor("e1", 5)


async def test_what_waits_goes_out_as_one_frame_where_contiguous() -> None:
    wire = Wire()
    socket = open_connection(wire)
    for version in range(10):
        socket.offer(change(version, version + 1))
    socket.write('{"type":"pong","id":1}')
    socket.offer(change(10, 11))
    await settle()
    told = [(one["type"], one.get("from"), one.get("to")) for one in wire.frames]
    assert told == [("inbox", 0, 10), ("pong", None, None), ("inbox", 10, 11)]


async def test_what_is_offered_before_it_was_told_or_while_it_catches_up_is_noted() -> None:
    wire = Wire()
    socket = open_connection(wire, queued=None)
    assert socket.offer(change(7, 8))
    assert socket.offer(change(6, 7))
    assert socket.news == Cursor("e1", 8)
    socket.queued, socket.catching_up, socket.news = Cursor("e1", 8), True, None
    assert socket.offer(change(8, 9))
    assert socket.news == Cursor("e1", 9)
    await settle()
    assert wire.frames == []


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
    async with asyncio.timeout(module.ABORT_AFTER_S * 3):
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


async def test_above_512_kib_unacknowledged_changes_wait_in_the_database() -> None:
    wire = Wire()
    socket = open_connection(wire)
    big = '{"body":"' + "x" * 100_000 + '"}'
    for version in range(10):
        assert socket.offer(change(version, version + 1, row=big))
    assert socket.held
    assert socket.queued is not None
    assert socket.queued.since == 6
    assert module.HOLD_ABOVE_BYTES < socket.unacknowledged_bytes < module.CLOSE_ABOVE_BYTES

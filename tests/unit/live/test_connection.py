"""What a socket queues, drops, and leaves to be read from the database."""

from notify.changes import Cursor
from notify.live.connection import CLOSE_ABOVE_BYTES, HOLD_ABOVE_BYTES
from notify.protocol import InboxFrame, frame_size
from tests.unit.live.fakes import Wire, open_connection, settle


def change(start: int, to: int, epoch: str = "e1", row: str = '{"id":1}') -> InboxFrame:
    return InboxFrame(epoch, start, to, to, to, to, [row], frame_size([row]))


async def test_a_change_that_follows_the_queue_is_sent() -> None:
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


async def test_contiguous_changes_in_the_queue_go_out_as_one_frame() -> None:
    wire = Wire()
    socket = open_connection(wire)
    for version in range(10):
        socket.offer(change(version, version + 1))
    socket.write('{"type":"pong","id":1}')
    socket.offer(change(10, 11))
    await settle()
    sent = [(one["type"], one.get("from"), one.get("to")) for one in wire.frames]
    assert sent == [("inbox", 0, 10), ("pong", None, None), ("inbox", 10, 11)]


async def test_a_step_offered_before_the_first_read_or_while_catching_up_is_noted() -> None:
    wire = Wire()
    socket = open_connection(wire, queued=None)
    assert socket.offer(change(7, 8))
    assert socket.offer(change(6, 7))
    assert socket.news == Cursor("e1", 8)
    socket.start_at(Cursor("e1", 8))
    assert not socket.end_catch_up()
    socket.begin_catch_up()
    assert socket.offer(change(8, 9))
    assert socket.news == Cursor("e1", 9)
    assert socket.end_catch_up()
    await settle()
    assert wire.frames == []


async def test_above_512_kib_unacknowledged_changes_stay_in_the_database() -> None:
    wire = Wire()
    socket = open_connection(wire)
    big = '{"body":"' + "x" * 100_000 + '"}'
    for version in range(10):
        assert socket.offer(change(version, version + 1, row=big))
    assert socket.held
    assert socket.queued is not None
    assert socket.queued.since == 6
    assert HOLD_ABOVE_BYTES < socket.unacknowledged_bytes < CLOSE_ABOVE_BYTES

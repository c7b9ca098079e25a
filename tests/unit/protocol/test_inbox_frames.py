import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from notify import protocol
from notify.changes import Reading


def row(version: int, size: int = 10, arrived: int | None = None) -> dict[str, Any]:
    return {"id": version, "arrived": arrived or version, "version": version, "body": "x" * size}


def changes(rows: list[dict[str, Any]], since: int = 0, version: int = 100) -> Reading:
    return Reading("1", "e1", version, 0, 0, 0, since, rows=rows)


def ids(frame: protocol.InboxFrame) -> list[int]:
    return [json.loads(one)["id"] for one in frame.rows]


def test_rows_that_fit_are_one_frame_up_to_the_version_of_the_inbox() -> None:
    frames = protocol.frames_of(changes([row(3), row(5)], since=2, version=9))
    assert frames is not None
    assert [(one.start, one.to) for one in frames] == [(2, 9)]


def test_more_than_50_rows_are_several_contiguous_frames() -> None:
    frames = protocol.frames_of(changes([row(n) for n in range(1, 121)], version=130))
    assert frames is not None
    assert [len(one.rows) for one in frames] == [50, 50, 20]
    assert [(one.start, one.to) for one in frames] == [(0, 50), (50, 100), (100, 130)]


def test_a_frame_has_at_most_256_kib() -> None:
    frames = protocol.frames_of(changes([row(n, size=20_000) for n in range(1, 31)]))
    assert frames is not None
    assert len(frames) == 3
    assert all(len(one.encode().encode()) <= protocol.MAX_FRAME_BYTES for one in frames)
    assert [n for one in frames for n in ids(one)] == list(range(1, 31))


def test_a_version_is_never_split() -> None:
    rows = [row(1) | {"id": n} for n in range(30)] + [row(2) | {"id": n} for n in range(30, 60)]
    frames = protocol.frames_of(changes(rows))
    assert frames is not None
    assert [(one.start, one.to, len(one.rows)) for one in frames] == [(0, 1, 30), (1, 100, 30)]


def test_a_version_that_does_not_fit_needs_a_reset() -> None:
    assert protocol.frames_of(changes([row(1) | {"id": n} for n in range(51)])) is None
    assert protocol.frames_of(changes([row(1, 100_000) | {"id": n} for n in range(3)])) is None


def test_a_reset_takes_fewer_rows_and_names_the_next_page() -> None:
    rows = [row(n, size=20_000) for n in range(50, 0, -1)]
    [frame] = protocol.frames_of(Reading("1", "e1", 50, 0, 0, 0, reset=True, rows=rows)) or []
    assert len(frame.encode().encode()) <= protocol.MAX_FRAME_BYTES
    assert frame.start == 0
    assert frame.reset
    assert frame.next == ids(frame)[-1]
    assert ids(frame) == list(range(50, 50 - len(frame.rows), -1))


def test_a_reset_of_an_empty_inbox_is_a_reset() -> None:
    [frame] = protocol.frames_of(Reading("1", "e1", 0, 0, 0, 0, reset=True)) or []
    sent = json.loads(frame.encode())
    assert sent["reset"] is True
    assert sent["notifications"] == []
    assert sent["next"] is None


def frame(start: int, to: int, rows: int = 1, epoch: str = "e1") -> protocol.InboxFrame:
    encoded = ['{"id":1}'] * rows
    return protocol.InboxFrame(epoch, start, to, to, to, to, encoded, protocol.frame_size(encoded))


def test_contiguous_frames_are_joined() -> None:
    assert frame(1, 2).joins(frame(2, 3))
    joined = frame(1, 2).join(frame(2, 3))
    assert (joined.start, joined.to, joined.unseen, joined.badge) == (1, 3, 3, 3)
    assert len(joined.rows) == 2


def test_frames_with_a_gap_another_epoch_or_too_many_rows_are_not_joined() -> None:
    assert not frame(1, 2).joins(frame(3, 4))
    assert not frame(1, 2).joins(frame(2, 3, epoch="e2"))
    assert not frame(1, 2, rows=30).joins(frame(2, 3, rows=21))
    reset = protocol.InboxFrame("e1", 0, 3, 0, 0, 0, [], 400, reset=True)
    assert not frame(1, 2).joins(reset)
    assert reset.joins(frame(3, 4))
    assert reset.join(frame(3, 4)).reset


def test_a_notice_is_encoded_once_for_all() -> None:
    notices = [{"id": 7, "title": "é", "seen": None}, {"id": 8, "title": "e", "seen": None}]
    rows = protocol.Rows([protocol.arrival_tail(notice) for notice in notices])
    assert len(rows) == 2
    assert list(map(json.loads, rows.after(11))) == [
        {"arrived": 12, "version": 12, "id": 7, "title": "é", "seen": None},
        {"arrived": 13, "version": 13, "id": 8, "title": "e", "seen": None},
    ]
    assert not rows.template


@given(st.text(), st.integers(0, protocol.MAX_INTEGER - 1), *[st.integers(0)] * 3)
def test_the_template_of_a_notice_renders_the_encoded_frame(
    title: str, start: int, unseen: int, unread: int, badge: int
) -> None:
    rows = protocol.Rows([protocol.arrival_tail({"id": 7, "title": title})])
    frame = protocol.change_frame(("1", "e %s 1", start, start + 1, unseen, unread, badge, rows))
    numbers = (b"e %s 1", start, start + 1, unseen, unread, badge, start + 1, start + 1)
    assert rows.template % numbers == frame.encode().encode()

"""`inbox` frames: rows encoded once for all recipients, and readings cut into frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from notify.changes import Reading, Row
from notify.protocol.encoding import FRAME_OVERHEAD_BYTES, encode, frame_size, row_size

MAX_FRAME_ROWS = 50
MAX_FRAME_BYTES = 256 * 1024


@dataclass(slots=True)  # not frozen, which takes three times as long to make
class InboxFrame:
    """What changed from version `start` to version `to`. Treat it as immutable.

    `rows` are encoded already; `size` is the approximate size of the frame in UTF-8 bytes.
    """

    epoch: str
    start: int
    to: int
    unseen: int
    unread: int
    badge: int
    rows: list[str] | Rows
    size: int
    reset: bool = False
    next: int | None = None

    def encode(self) -> str:
        reset = f'"reset":true,"next":{encode(self.next)},' if self.reset else ""
        return (
            f'{{"type":"inbox","epoch":"{self.epoch}","from":{self.start},"to":{self.to},'
            f'"unseen":{self.unseen},"unread":{self.unread},"badge":{self.badge},{reset}'
            f'"notifications":[{",".join(self._row_list())}]}}'
        )

    def joins(self, following: InboxFrame) -> bool:
        """Whether both can be sent as one: contiguous, and within the limits of a frame."""
        return (
            not following.reset
            and self.epoch == following.epoch
            and self.to == following.start
            and _fits(len(self.rows) + len(following.rows), self.size + following.size)
        )

    def join(self, following: InboxFrame) -> InboxFrame:
        return InboxFrame(
            self.epoch,
            self.start,
            following.to,
            following.unseen,
            following.unread,
            following.badge,
            [*self._row_list(), *following._row_list()],
            self.size + following.size,
            self.reset,
            self.next,
        )

    def _row_list(self) -> list[str]:
        rows = self.rows
        return rows.after(self.start) if isinstance(rows, Rows) else rows


def arrival_tail(row: Row) -> str:
    """Encodes a notice once for all its recipients: the row without its first two fields,
    `arrived` and `version`, and without the opening brace."""
    return encode(row)[1:]


class Rows:
    """The rows of a hint: notices that arrived, in order, in the inboxes of all its recipients, or
    the changed rows of one inbox. With neither, the rows are unknown and have to be read.

    Rows of an arrival differ between recipients in their numbers only. They are put together when
    they are written, so that a thousand sockets do not each keep a copy while they are queued.
    For a single notice, `template` is the whole frame in bytes, to be formatted by `%` with epoch
    (bytes), from, to, unseen, unread, badge, arrived and version; otherwise it is empty.
    """

    def __init__(self, arrivals: Sequence[str] = (), changed: Sequence[str] | None = None) -> None:
        self._arrivals = arrivals
        self._changed = changed or ()
        self.are_known = bool(arrivals) or changed is not None
        # The same for all recipients, apart from a few digits.
        self.size = frame_size(arrivals or self._changed)
        self.template = _template(arrivals[0]) if len(arrivals) == 1 else b""

    def __len__(self) -> int:
        return len(self._arrivals or self._changed)

    def after(self, version: int) -> list[str]:
        """The encoded rows for an inbox that was at this version before."""
        if not self._arrivals:
            return [*self._changed]
        return [_arrival(n, tail) for n, tail in enumerate(self._arrivals, version + 1)]


def _arrival(version: int, tail: str) -> str:
    number = str(version)
    return f'{{"arrived":{number},"version":{number},{tail}'


def _template(tail: str) -> bytes:
    return b"".join([_BEFORE_TAIL, tail.encode().replace(b"%", b"%%"), b"]}"])


# What `InboxFrame.encode` and `_arrival` write before the tail.
_BEFORE_TAIL = (
    b'{"type":"inbox","epoch":"%b","from":%d,"to":%d,"unseen":%d,"unread":%d,"badge":%d,'
    b'"notifications":[{"arrived":%d,"version":%d,'
)

UserChange = tuple[str, str, int, int, int, int, int, Rows]
"""What a hint says about one user: the fields of a Step, and the rows. A plain tuple takes a tenth
of the time of an object, and a broadcast makes thousands at once."""


def change_frame(change: UserChange) -> InboxFrame:
    _, epoch, start, to, unseen, unread, badge, rows = change
    return InboxFrame(epoch, start, to, unseen, unread, badge, rows, rows.size)


def frames_of(reading: Reading) -> list[InboxFrame] | None:
    """The frames that send a reading, in order.

    Returns:
        Contiguous frames, or a single one for a reset, which takes fewer rows if they do not fit.
        None if one version does not fit into a frame: send a reset instead.
    """
    return [_reset_frame(reading)] if reading.reset else _change_frames(reading)


def _reset_frame(reading: Reading) -> InboxFrame:
    rows, following = [encode(row) for row in reading.rows], reading.next
    size = frame_size(rows)
    while not _fits(len(rows), size):
        size -= row_size(rows.pop())
        following = reading.rows[len(rows) - 1]["arrived"]
    return InboxFrame(
        reading.epoch,
        0,
        reading.version,
        reading.unseen,
        reading.unread,
        reading.badge,
        rows,
        size,
        reset=True,
        next=following,
    )


@dataclass(slots=True)
class _Cut:
    """The rows of one frame, the version of the last of them, and the frame's size in bytes."""

    to: int
    rows: list[str]
    size: int

    def has_room_for(self, rows: Sequence[str], size: int) -> bool:
        return not self.rows or _fits(len(self.rows) + len(rows), self.size + size)

    def add(self, to: int, rows: Sequence[str], size: int) -> None:
        self.to = to
        self.rows += rows
        self.size += size


def _fits(rows: int, size: int) -> bool:
    return rows <= MAX_FRAME_ROWS and size <= MAX_FRAME_BYTES


def _change_frames(reading: Reading) -> list[InboxFrame] | None:
    cuts = [_Cut(reading.since, [], FRAME_OVERHEAD_BYTES)]
    for version, group in groupby(reading.rows, key=lambda row: row["version"]):
        rows = [encode(row) for row in group]
        size = sum(map(row_size, rows))
        if not _fits(len(rows), FRAME_OVERHEAD_BYTES + size):
            return None
        if cuts[-1].has_room_for(rows, size):
            cuts[-1].add(version, rows, size)
        else:
            cuts.append(_Cut(version, rows, FRAME_OVERHEAD_BYTES + size))
    cuts[-1].to = reading.version
    starts = [reading.since, *(cut.to for cut in cuts)]
    counts = reading.unseen, reading.unread, reading.badge
    return [
        InboxFrame(reading.epoch, start, cut.to, *counts, cut.rows, cut.size)
        for start, cut in zip(starts, cuts, strict=False)
    ]

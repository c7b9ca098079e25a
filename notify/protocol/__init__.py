"""The socket protocol, version 1, without I/O: frames, close codes, limits (docs/protocol.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import groupby
from typing import Any, NamedTuple

from notify.changes import Cursor, Reading, Row

VERSION = 1
SUBPROTOCOL = "notify.v1"

MAX_CLIENT_FRAME_BYTES = 16 * 1024
MAX_DEPTH = 16
MAX_REF = 64
MAX_IDS = 500
MAX_USER_KEY = 1000
MAX_FRAME_ROWS = 50
MAX_FRAME_BYTES = 256 * 1024
MAX_INTEGER = 2**53 - 1

MARKS = ("seen", "read", "unread", "archived", "unarchived")
MARKS_THROUGH = ("seen", "read", "archived")


class Code(IntEnum):
    """Why the server closed. The hundred says what the client does next."""

    # 44xx: stop
    MALFORMED = 4400
    NOT_SIGNED_IN = 4401
    FORBIDDEN = 4403
    UNSUPPORTED_VERSION = 4406
    TOO_MANY_SOCKETS = 4409
    # 45xx: back off
    INTERNAL_ERROR = 4500
    RESTARTING = 4503
    PING_TIMEOUT = 4504
    PROCESS_FULL = 4507
    SLOW_READER = 4508
    TOO_MANY_FRAMES = 4529
    # 46xx: reconnect at once
    MAXIMUM_AGE = 4601


class Error(StrEnum):
    """The codes of `error` frames."""

    INVALID = "invalid"
    UNKNOWN_TYPE = "unknown_type"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


class Malformed(Exception):
    """What came is no frame at all: the socket is closed with 4400."""


class Refused(Exception):
    """A frame that cannot be carried out: answered by `error`, the socket stays open."""

    def __init__(
        self,
        code: Error,
        message: str,
        *,
        ref: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.ref = ref
        self.retry_after = retry_after


# What a client may say


class Pong(NamedTuple):
    id: int
    cursor: Cursor


class Ping(NamedTuple):
    id: int


class Sync(NamedTuple):
    cursor: Cursor


class MarkIds(NamedTuple):
    ref: str
    as_: str
    ids: list[int]


class MarkThrough(NamedTuple):
    ref: str
    as_: str
    epoch: str
    through: int


class Watch(NamedTuple):
    topic: str


class Unwatch(NamedTuple):
    topic: str


class CloseSocket(NamedTuple):
    ref: str
    id: str


ClientFrame = Pong | Ping | Sync | MarkIds | MarkThrough | Watch | Unwatch | CloseSocket


def parse(text: str) -> ClientFrame:
    """One frame of a client. Raises Malformed and Refused."""
    if len(text) > MAX_CLIENT_FRAME_BYTES or len(text.encode()) > MAX_CLIENT_FRAME_BYTES:
        raise Malformed(f"a frame may have {MAX_CLIENT_FRAME_BYTES} bytes")
    try:
        frame = _decode(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("a frame is one JSON object") from error
    if not isinstance(frame, dict) or _is_deeper(frame, MAX_DEPTH):
        raise Malformed(f"a frame is one JSON object, at most {MAX_DEPTH} deep")
    kind = frame.get("type")
    if not isinstance(kind, str):
        raise Malformed("a frame has a type, which is a string")
    if _has_half_a_pair(text, frame):
        raise Refused(Error.INVALID, "a string may not hold half of a surrogate pair")
    parser = _PARSERS.get(kind)
    if parser is None:
        raise Refused(Error.UNKNOWN_TYPE, f"unknown type {kind[:40]!r}", ref=_ref_of(frame))
    try:
        return parser(frame)
    except Refused as refused:
        refused.ref = _ref_of(frame)
        raise


# With the spaces of JSON.stringify, which are none, or of json.dumps. Fifteen digits are below
# MAX_INTEGER, and nothing in the epoch needs unescaping.
_USUAL_PONG = re.compile(
    rb'\{"type": ?"pong", ?"id": ?(0|[1-9][0-9]{0,14}), ?"epoch": ?"([ !#-\[\]-~]{1,64})"'
    rb', ?"version": ?(0|[1-9][0-9]{0,14})\}'
).fullmatch


def usual_pong(payload: bytes) -> Pong | None:
    """What `parse` would return for a pong as clients write it, without the decoder: there are
    hundreds a second. None for anything else."""
    found = _USUAL_PONG(payload)
    if found is None:
        return None
    id_, epoch, version = found.groups()
    return Pong(int(id_), Cursor(epoch.decode(), int(version)))


def parse_mark(frame: dict[str, Any]) -> MarkIds | MarkThrough:
    """A `mark` frame that was read elsewhere, as by the HTTP API. Raises Refused."""
    ref, as_ = _ref(frame), frame.get("as")
    if as_ not in MARKS:
        raise Refused(Error.INVALID, f"as: must be one of {', '.join(MARKS)}")
    if ("ids" in frame) == ("through" in frame):
        raise Refused(Error.INVALID, "ids: give either ids, or epoch and through")
    if "ids" in frame:
        return MarkIds(ref, as_, _ids(frame))
    if as_ not in MARKS_THROUGH:
        raise Refused(Error.INVALID, f"through: goes with {', '.join(MARKS_THROUGH)}; give ids")
    return MarkThrough(ref, as_, _epoch(frame), _integer(frame, "through"))


def parse_cursor(epoch: str | None, since: str | None) -> Cursor | None:
    """The cursor of a query string; anything malformed counts as none."""
    if not epoch or since is None or not since.isascii() or not since.isdigit():
        return None
    return Cursor(epoch, int(since)) if len(since) <= 16 and int(since) <= MAX_INTEGER else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON (RFC 8259, 6)")


def _parse_integer(digits: str) -> int | None:
    # None is refused wherever an integer is wanted; int() would take long for long ones.
    return int(digits) if len(digits) <= 17 else None


# One decoder for all: json.loads makes a new one wherever an option is not the default.
_decode: Callable[[str], Any] = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_int=_parse_integer
).decode


def _is_deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _has_half_a_pair(text: str, frame: dict[str, Any]) -> bool:
    """Which JSON can escape (RFC 8259, 8.2), but UTF-8 cannot encode: neither an answer that says
    it again nor a hint could be written."""
    if "\\ud" not in text.lower():
        return False
    try:
        encode(frame).encode()
    except UnicodeEncodeError:
        return True
    return False


def _integer(frame: dict[str, Any], name: str) -> int:
    value = frame.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INTEGER:
        raise Refused(Error.INVALID, f"{name}: must be an integer from 0 to 2**53 - 1")
    return value


def _epoch(frame: dict[str, Any]) -> str:
    value = frame.get("epoch")
    if not isinstance(value, str) or not value:
        raise Refused(Error.INVALID, "epoch: must be the string of the last inbox frame")
    return value


def _ref(frame: dict[str, Any]) -> str:
    ref = _ref_of(frame)
    if ref is None:
        raise Refused(Error.INVALID, f"ref: must be a string of 1 to {MAX_REF} characters")
    return ref


def _ref_of(frame: dict[str, Any]) -> str | None:
    value = frame.get("ref")
    return value if isinstance(value, str) and 1 <= len(value) <= MAX_REF else None


def _ids(frame: dict[str, Any]) -> list[int]:
    ids = frame["ids"]
    if not isinstance(ids, list) or not 1 <= len(ids) <= MAX_IDS:
        raise Refused(Error.INVALID, f"ids: must be a list of 1 to {MAX_IDS} integers")
    return [_integer({"ids": entry}, "ids") for entry in dict.fromkeys(map(_hashable, ids))]


def _hashable(value: Any) -> Any:
    return value if isinstance(value, int) else None


def _topic(frame: dict[str, Any]) -> str:
    topic = frame.get("topic")
    if isinstance(topic, str):
        name, _, rest = topic.partition(":")
        if topic in {"sockets", "operations"} or (
            name == "notice" and rest.isascii() and rest.isdigit() and len(rest) <= 16
        ):
            return topic
        if name == "person" and 0 < len(rest) <= MAX_USER_KEY:
            return topic
    raise Refused(Error.INVALID, "topic: must be sockets, operations, notice:<id> or person:<key>")


def _socket_id(frame: dict[str, Any]) -> str:
    value = frame.get("id")
    if not isinstance(value, str) or not 1 <= len(value) <= 64:
        raise Refused(Error.INVALID, "id: must be the id of one of your sockets")
    return value


def _cursor(frame: dict[str, Any], version: str) -> Cursor:
    return Cursor(_epoch(frame), _integer(frame, version))


_PARSERS: dict[str, Callable[[dict[str, Any]], ClientFrame]] = {
    "pong": lambda frame: Pong(_integer(frame, "id"), _cursor(frame, "version")),
    "ping": lambda frame: Ping(_integer(frame, "id")),
    "sync": lambda frame: Sync(_cursor(frame, "since")),
    "mark": parse_mark,
    "watch": lambda frame: Watch(_topic(frame)),
    "unwatch": lambda frame: Unwatch(_topic(frame)),
    "close_socket": lambda frame: CloseSocket(_ref(frame), _socket_id(frame)),
}


# What the server says


# One encoder for all: json.dumps makes a new one wherever an option is not the default.
encode: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def hello(
    user: str, reading: Reading, ping_interval: float | None, ping_timeout: float | None
) -> str:
    return encode(
        {
            "type": "hello",
            "protocol": VERSION,
            "user": user,
            "epoch": reading.epoch,
            "version": reading.version,
            "unseen": reading.unseen,
            "unread": reading.unread,
            "ping_interval": ping_interval,
            "ping_timeout": ping_timeout,
        }
    )


def ping(id_: int, cursor: Cursor) -> str:
    return f'{{"type":"ping","id":{id_},"epoch":"{cursor.epoch}","version":{cursor.since}}}'


def pong(id_: int) -> str:
    return encode({"type": "pong", "id": id_})


def done(ref: str, version: int) -> str:
    return encode({"type": "done", "ref": ref, "version": version})


def error(refused: Refused) -> str:
    return encode(
        {
            "type": "error",
            "code": refused.code,
            "message": refused.message,
            "ref": refused.ref,
            "retry_after": refused.retry_after,
        }
    )


def bye(code: int, reason: str, retry_after: float | None = None) -> str:
    return encode({"type": "bye", "code": code, "reason": reason, "retry_after": retry_after})


def figures(topic: str, data: Any) -> str:
    return encode({"type": "figures", "topic": topic, "data": data})


@dataclass(slots=True)  # not frozen, which takes three times as long to make
class InboxFrame:
    """From version `start` to version `to`; not to be changed. `rows` are encoded already; `size`
    is about the frame's bytes in UTF-8."""

    epoch: str
    start: int
    to: int
    unseen: int
    unread: int
    rows: list[str] | Rows
    size: int
    reset: bool = False
    next: int | None = None

    def encode(self) -> str:
        reset = f'"reset":true,"next":{encode(self.next)},' if self.reset else ""
        return (
            f'{{"type":"inbox","epoch":"{self.epoch}","from":{self.start},"to":{self.to},'
            f'"unseen":{self.unseen},"unread":{self.unread},{reset}'
            f'"notifications":[{",".join(self._row_list())}]}}'
        )

    def joins(self, following: InboxFrame) -> bool:
        """Whether the two may travel as one: contiguous, and within the limits of a frame."""
        return (
            not following.reset
            and self.epoch == following.epoch
            and self.to == following.start
            and len(self.rows) + len(following.rows) <= MAX_FRAME_ROWS
            and self.size + following.size <= MAX_FRAME_BYTES
        )

    def join(self, following: InboxFrame) -> InboxFrame:
        return InboxFrame(
            self.epoch,
            self.start,
            following.to,
            following.unseen,
            following.unread,
            [*self._row_list(), *following._row_list()],
            self.size + following.size,
            self.reset,
            self.next,
        )

    def _row_list(self) -> list[str]:
        rows = self.rows
        return rows.after(self.start) if isinstance(rows, Rows) else rows


def arrival_tail(row: Row) -> str:
    """A notice as encoded once for all its recipients: a row but for its beginning."""
    return encode(row)[1:]


class Rows:
    """The rows that a hint tells: of notices that arrived, one after the other, in the inboxes of
    all its recipients, or those of one inbox that changed. With neither they are not known.

    Of what arrived only numbers differ from one recipient to the next, so that the rows are put
    together when they are written, and not kept for a thousand sockets before. Where it is one
    notice, `template` is the whole frame in bytes, for `%` with the epoch in bytes, from, to,
    unseen, unread, arrived and version; else it is empty.
    """

    def __init__(self, arrivals: Sequence[str], changed: Sequence[str] | None = None) -> None:
        self._arrivals = arrivals
        self._changed = changed or ()
        self.are_known = bool(arrivals) or changed is not None
        # One size does for all, as the rows of an arrival differ in their numbers only.
        self.size = frame_size(arrivals or self._changed)
        self.template = _template(arrivals[0]) if len(arrivals) == 1 else b""

    def __len__(self) -> int:
        return len(self._arrivals or self._changed)

    def after(self, version: int) -> list[str]:
        """Those of an inbox that was at this version before."""
        if not self._arrivals:
            return [*self._changed]
        return [_arrival(n, tail) for n, tail in enumerate(self._arrivals, version + 1)]


def _arrival(version: int, tail: str) -> str:
    number = str(version)
    return f'{{"arrived":{number},"version":{number},{tail}'


def _template(tail: str) -> bytes:
    return b"".join([_BEFORE_TAIL, tail.encode().replace(b"%", b"%%"), b"]}"])


# As `InboxFrame.encode` and `_arrival` write it.
_BEFORE_TAIL = (
    b'{"type":"inbox","epoch":"%b","from":%d,"to":%d,"unseen":%d,"unread":%d,'
    b'"notifications":[{"arrived":%d,"version":%d,'
)

Told = tuple[str, str, int, int, int, int, Rows]
"""What a hint tells one recipient: a Step, and the rows. A plain tuple, which takes a tenth of
the time that an object takes; a broadcast makes thousands at once."""


def told_frame(told: Told) -> InboxFrame:
    _, epoch, start, to, unseen, unread, rows = told
    return InboxFrame(epoch, start, to, unseen, unread, rows, rows.size)


def inbox_frames(reading: Reading) -> list[InboxFrame] | None:
    """The frames that tell a reading; None where a version does not fit into one frame, so that
    only a reset can tell it. A reset takes fewer rows where they do not fit."""
    return [_reset_frame(reading)] if reading.reset else _change_frames(reading)


def _reset_frame(reading: Reading) -> InboxFrame:
    rows, following = [encode(row) for row in reading.rows], reading.next
    size = frame_size(rows)
    while not _fit(len(rows), size):
        size -= row_size(rows.pop())
        following = reading.rows[len(rows) - 1]["arrived"]
    return InboxFrame(
        reading.epoch,
        0,
        reading.version,
        reading.unseen,
        reading.unread,
        rows,
        size,
        reset=True,
        next=following,
    )


@dataclass(slots=True)
class _Cut:
    """What goes into one frame: rows, and the version of the last of them."""

    to: int
    rows: list[str]
    size: int  # of the whole frame

    def has_room_for(self, rows: Sequence[str], size: int) -> bool:
        """For rows of so many bytes."""
        return not self.rows or _fit(len(self.rows) + len(rows), self.size + size)

    def add(self, to: int, rows: Sequence[str], size: int) -> None:
        self.to = to
        self.rows += rows
        self.size += size


def _fit(rows: int, size: int) -> bool:
    return rows <= MAX_FRAME_ROWS and size <= MAX_FRAME_BYTES


def _change_frames(reading: Reading) -> list[InboxFrame] | None:
    cuts = [_Cut(reading.since, [], FRAME_SIZE)]
    for version, group in groupby(reading.rows, key=lambda row: row["version"]):
        rows = [encode(row) for row in group]
        size = sum(map(row_size, rows))
        if not _fit(len(rows), FRAME_SIZE + size):
            return None
        if cuts[-1].has_room_for(rows, size):
            cuts[-1].add(version, rows, size)
        else:
            cuts.append(_Cut(version, rows, FRAME_SIZE + size))
    cuts[-1].to = reading.version
    starts = [reading.since, *(cut.to for cut in cuts)]
    return [
        InboxFrame(reading.epoch, start, cut.to, reading.unseen, reading.unread, cut.rows, cut.size)
        for start, cut in zip(starts, cuts, strict=False)
    ]


FRAME_SIZE = 400  # about what a frame has around its rows


def frame_size(rows: Iterable[str]) -> int:
    """UTF-8 bytes of the rows, each with its comma, and of what a frame has around them."""
    return FRAME_SIZE + sum(map(row_size, rows))


def row_size(row: str) -> int:
    return 1 + (len(row) if row.isascii() else len(row.encode()))

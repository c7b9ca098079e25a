"""Parsing what clients send: frames, `mark` bodies of the HTTP API, and cursors."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from notify.changes import Cursor, nests_deeper_than
from notify.protocol.codes import Error, Malformed, Refused
from notify.protocol.encoding import MAX_INTEGER, decode, has_lone_surrogate

MAX_CLIENT_FRAME_BYTES = 16 * 1024
MAX_DEPTH = 16
MAX_REF = 64
MAX_IDS = 500
MAX_USER_KEY = 1000


class MarkName(StrEnum):
    """What a user can mark a notification as."""

    SEEN = "seen"
    READ = "read"
    UNREAD = "unread"
    ARCHIVED = "archived"
    UNARCHIVED = "unarchived"


MARKS = tuple(MarkName)
MARKS_THROUGH = (MarkName.SEEN, MarkName.READ, MarkName.ARCHIVED)
# A server that does not know the last one refuses the frame, and does not mark more than is meant.
_TARGETS = ("ids", "through", "through_read")


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
    only_read: bool = False  # leaves what is unread


class Undo(NamedTuple):
    ref: str
    mark: str  # the mark's `ref`
    epoch: str
    since: int


class Opened(NamedTuple):
    """The bell was opened by somebody who holds the inbox up to version `through`."""

    ref: str
    epoch: str
    through: int


class Watch(NamedTuple):
    topic: str


class Unwatch(NamedTuple):
    topic: str


class CloseSocket(NamedTuple):
    ref: str
    id: str


Mark = MarkIds | MarkThrough
InboxCommand = Mark | Undo | Opened
ClientFrame = Pong | Ping | Sync | InboxCommand | Watch | Unwatch | CloseSocket


def parse(text: str) -> ClientFrame:
    """Parses one frame of a client.

    Args:
        text: the payload of a text message (RFC 6455, 5.6).

    Returns:
        The frame, with its fields validated.

    Raises:
        Malformed: it is not a frame at all; close with 4400.
        Refused: a field is invalid; answer with an `error` frame.
    """
    if len(text) > MAX_CLIENT_FRAME_BYTES or len(text.encode()) > MAX_CLIENT_FRAME_BYTES:
        raise Malformed(f"a frame may have at most {MAX_CLIENT_FRAME_BYTES} bytes")
    try:
        frame = decode(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("a frame must be one JSON object") from error
    if not isinstance(frame, dict) or nests_deeper_than(MAX_DEPTH, frame):
        raise Malformed(f"a frame must be one JSON object, at most {MAX_DEPTH} levels deep")
    kind = frame.get("type")
    if not isinstance(kind, str):
        raise Malformed("type: must be a string")
    if has_lone_surrogate(text, frame):
        raise Refused(Error.INVALID, "a string must not contain a lone surrogate")
    parser = _PARSERS.get(kind)
    if parser is None:
        raise Refused(Error.UNKNOWN_TYPE, f"unknown type {kind[:40]!r}", ref=_valid_ref(frame))
    try:
        return parser(frame)
    except Refused as refused:
        refused.ref = _valid_ref(frame)
        raise


# With the spaces of JSON.stringify, which writes none, or of json.dumps. Fifteen digits are below
# MAX_INTEGER, and no character of this epoch needs unescaping.
_COMMON_PONG = re.compile(
    rb'\{"type": ?"pong", ?"id": ?(0|[1-9][0-9]{0,14}), ?"epoch": ?"([ !#-\[\]-~]{1,64})"'
    rb', ?"version": ?(0|[1-9][0-9]{0,14})\}'
).fullmatch


def fast_parse_pong(payload: bytes) -> Pong | None:
    """Parses a `pong` as clients write it without decoding JSON: there are hundreds a second.

    Returns:
        What `parse` would return; None for anything else.
    """
    found = _COMMON_PONG(payload)
    if found is None:
        return None
    id_, epoch, version = found.groups()
    return Pong(int(id_), Cursor(epoch.decode(), int(version)))


def parse_mark(frame: dict[str, Any]) -> Mark:
    """Validates a decoded `mark` frame, of a socket or of the HTTP API.

    Raises:
        Refused: a field is invalid; the message begins with its name.
    """
    ref, as_ = _ref(frame), frame.get("as")
    if as_ not in MARKS:
        raise Refused(Error.INVALID, f"as: must be one of {', '.join(MARKS)}")
    targets = [name for name in _TARGETS if name in frame]
    if len(targets) != 1:
        raise Refused(
            Error.INVALID, "ids: give either ids, or epoch and through, or epoch and through_read"
        )
    [target] = targets
    if target == "ids":
        return MarkIds(ref, as_, _ids(frame))
    only_read = target == "through_read"
    allowed = (MarkName.ARCHIVED,) if only_read else MARKS_THROUGH
    if as_ not in allowed:
        raise Refused(Error.INVALID, f"{target}: only for {', '.join(allowed)}; give ids instead")
    return MarkThrough(ref, as_, _epoch(frame), _integer(frame, target), only_read)


def parse_undo(frame: dict[str, Any]) -> Undo:
    """Validates a decoded `undo` frame, of a socket or of the HTTP API.

    Raises:
        Refused: a field is invalid; the message begins with its name.
    """
    ref, mark = _ref(frame), _ref(frame, "mark")
    return Undo(ref, mark, _epoch(frame), _integer(frame, "since"))


def parse_opened(frame: dict[str, Any]) -> Opened:
    """Validates a decoded `opened` frame, of a socket or of the HTTP API.

    Raises:
        Refused: a field is invalid; the message begins with its name.
    """
    return Opened(_ref(frame), _epoch(frame), _integer(frame, "through"))


def parse_cursor(epoch: str | None, since: str | None) -> Cursor | None:
    """The cursor in a query string; None if it is missing or malformed."""
    if not epoch or since is None or not since.isascii() or not since.isdigit():
        return None
    return Cursor(epoch, int(since)) if len(since) <= 16 and int(since) <= MAX_INTEGER else None


def _integer(frame: dict[str, Any], name: str) -> int:
    value = frame.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INTEGER:
        raise Refused(Error.INVALID, f"{name}: must be an integer from 0 to 2**53 - 1")
    return value


def _epoch(frame: dict[str, Any]) -> str:
    value = frame.get("epoch")
    if not isinstance(value, str) or not value:
        raise Refused(Error.INVALID, "epoch: must be the epoch of the last inbox frame, a string")
    return value


def _ref(frame: dict[str, Any], name: str = "ref") -> str:
    ref = _valid_ref(frame, name)
    if ref is None:
        raise Refused(Error.INVALID, f"{name}: must be a string of 1 to {MAX_REF} characters")
    return ref


def _valid_ref(frame: dict[str, Any], name: str = "ref") -> str | None:
    value = frame.get(name)
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
        if topic in {"sockets", "operations", "online"} or (
            name == "notice" and rest.isascii() and rest.isdigit() and len(rest) <= 16
        ):
            return topic
        if name == "person" and 0 < len(rest) <= MAX_USER_KEY:
            return topic
    topics = "sockets, operations, online, notice:<id> or person:<key>"
    raise Refused(Error.INVALID, f"topic: must be {topics}")


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
    "undo": parse_undo,
    "opened": parse_opened,
    "watch": lambda frame: Watch(_topic(frame)),
    "unwatch": lambda frame: Unwatch(_topic(frame)),
    "close_socket": lambda frame: CloseSocket(_ref(frame), _socket_id(frame)),
}

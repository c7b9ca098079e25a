"""The marks that a user can set on notifications, and the way back, in SQL."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from notify.inbox import places
from notify.models import Place
from notify.protocol import MarkName

# What a mark notes of the row that it changes: the digits of `Notification.before`.
_BEFORE = (
    "CASE WHEN seen IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN read IS NULL THEN 0 ELSE 2 END + 4 * place"
)
_WAS_SEEN, _WAS_READ, _FORMER_PLACE = "(before & 1) <> 0", "(before & 2) <> 0", "(before >> 2)"
_WAS_COUNTED = f"{_FORMER_PLACE} = {Place.INBOX:d}"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mark does to a notification.

    `changes`, `unseen` and `unread` are expressions of the notification `copy` before the mark.
    """

    changes: str  # whether the mark changes the row at all
    sets: str  # assignments to its columns, with `now` and `language` as parameters
    unseen: str = "0"  # what is added to the inbox's count
    unread: str = "0"
    language: str | None = None  # of the page that marks, if it is known

    def assignments(self, now: Any) -> tuple[str, list[Any]]:
        """`sets`, and what an undo needs, as SQL with its parameters; `now` is a parameter of raw
        SQL."""
        params = {"now": now, "language": self.language}
        sets = _PARAMETER.sub("%s", self.sets)
        return (
            f"{sets}, before = {_BEFORE}",
            [params[name] for name in _PARAMETER.findall(self.sets)],
        )


_PARAMETER = re.compile(r"%\((\w+)\)s")


def key_of(ref: str) -> int | None:
    """A mark's key by its `ref`, below 2⁵⁶; None without a `ref`: nothing can take it back."""
    digest = hashlib.blake2b(ref.encode(errors="surrogatepass"), digest_size=7).digest()
    return int.from_bytes(digest) if ref else None


def _count(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


_UNSEEN = _count(f"copy.seen IS NULL AND {places.COUNTED}")
_UNREAD = _count(f"copy.read IS NULL AND {places.COUNTED}")
_SEE = (
    "seen = COALESCE(seen, %(now)s),"
    " seen_in = CASE WHEN seen IS NULL THEN %(language)s ELSE seen_in END"
)

MARKS: dict[str, Mark] = {
    MarkName.SEEN: Mark(
        f"copy.seen IS NULL AND {places.NOT_RECALLED}",
        _SEE,
        unseen=f"-{_UNSEEN}",
    ),
    MarkName.READ: Mark(
        f"copy.read IS NULL AND {places.NOT_RECALLED}",
        f"read = %(now)s, {_SEE}",
        unseen=f"-{_UNSEEN}",
        unread=f"-{_UNREAD}",
    ),
    MarkName.UNREAD: Mark(f"copy.read IS NOT NULL AND {places.COUNTED}", "read = NULL", unread="1"),
    MarkName.ARCHIVED: Mark(
        places.may("archive"),
        f"place = {places.target('archive')}, placed = %(now)s,"
        f" read = COALESCE(read, %(now)s), {_SEE}",
        unseen=f"-{_UNSEEN}",
        unread=f"-{_UNREAD}",
    ),
    MarkName.UNARCHIVED: Mark(
        places.may("unarchive"),
        f"place = {places.target('unarchive')}, placed = %(now)s, {_SEE}",
        unread=_count("copy.read IS NULL"),
    ),
}

# To the state before the last mark. A time that was not kept becomes that of the undo.
UNDO = Mark(
    places.NOT_RECALLED,
    f"seen = CASE WHEN {_WAS_SEEN} THEN COALESCE(seen, %(now)s) END,"
    f" seen_in = CASE WHEN {_WAS_SEEN} THEN seen_in END,"
    f" read = CASE WHEN {_WAS_READ} THEN COALESCE(read, %(now)s) END,"
    f" placed = CASE WHEN place <> {_FORMER_PLACE} THEN %(now)s ELSE placed END,"
    f" place = {_FORMER_PLACE}",
    unseen=f"{_count(f'{_WAS_COUNTED} AND NOT {_WAS_SEEN}')} - {_UNSEEN}",
    unread=f"{_count(f'{_WAS_COUNTED} AND NOT {_WAS_READ}')} - {_UNREAD}",
)

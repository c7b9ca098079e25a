"""The marks that a user can set on notifications, in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from notify.inbox import places
from notify.protocol import MarkName


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mark does to a notification.

    `changes`, `unseen` and `unread` are conditions of the notification `copy` before the mark.
    """

    changes: str  # whether the mark changes the row at all
    sets: str  # assignments to its columns
    unseen: str = "FALSE"  # whether the inbox's count moves by `sign`
    unread: str = "FALSE"
    sign: int = -1

    def assignments(self, now: Any) -> tuple[str, list[Any]]:
        """`sets` as SQL with its parameters; `now` is a parameter of raw SQL."""
        return self.sets % {"now": "%s"}, [now] * self.sets.count("%(now)s")


MARKS: dict[str, Mark] = {
    MarkName.SEEN: Mark(
        f"copy.seen IS NULL AND {places.NOT_RECALLED}",
        "seen = %(now)s",
        unseen=places.COUNTED,
    ),
    MarkName.READ: Mark(
        f"copy.read IS NULL AND {places.NOT_RECALLED}",
        "read = %(now)s, seen = COALESCE(seen, %(now)s)",
        unseen=f"copy.seen IS NULL AND {places.COUNTED}",
        unread=places.COUNTED,
    ),
    MarkName.UNREAD: Mark(
        f"copy.read IS NOT NULL AND {places.COUNTED}", "read = NULL", unread="TRUE", sign=1
    ),
    MarkName.ARCHIVED: Mark(
        places.may("archive"),
        f"place = {places.target('archive')}, placed = %(now)s,"
        " read = COALESCE(read, %(now)s), seen = COALESCE(seen, %(now)s)",
        unseen=f"copy.seen IS NULL AND {places.COUNTED}",
        unread=f"copy.read IS NULL AND {places.COUNTED}",
    ),
    MarkName.UNARCHIVED: Mark(
        places.may("unarchive"),
        f"place = {places.target('unarchive')}, placed = %(now)s, seen = COALESCE(seen, %(now)s)",
        unread="copy.read IS NULL",
        sign=1,
    ),
}

"""The marks that a user can set on notifications, in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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


_LIVE = "copy.archived IS NULL AND copy.recalled IS NULL"
MARKS: dict[str, Mark] = {
    MarkName.SEEN: Mark("copy.seen IS NULL", "seen = %(now)s", unseen=_LIVE),
    MarkName.READ: Mark(
        "copy.read IS NULL",
        "read = %(now)s, seen = COALESCE(seen, %(now)s)",
        unseen=f"copy.seen IS NULL AND {_LIVE}",
        unread=_LIVE,
    ),
    MarkName.UNREAD: Mark(
        f"copy.read IS NOT NULL AND {_LIVE}", "read = NULL", unread="TRUE", sign=1
    ),
    MarkName.ARCHIVED: Mark(
        "copy.archived IS NULL",
        "archived = %(now)s, read = COALESCE(read, %(now)s), seen = COALESCE(seen, %(now)s)",
        unseen="copy.seen IS NULL AND copy.recalled IS NULL",
        unread="copy.read IS NULL AND copy.recalled IS NULL",
    ),
    MarkName.UNARCHIVED: Mark("copy.archived IS NOT NULL", "archived = NULL"),
}

"""The marks that a user sets on notifications, in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from notify.protocol import MarkName


@dataclass(frozen=True, slots=True)
class Mark:
    """Which rows it changes, how, and which of those move a count: conditions of a notification
    `m` as it was before, and assignments to its columns. The counts move by `sign`."""

    changes: str
    sets: str
    unseen: str = "FALSE"
    unread: str = "FALSE"
    sign: int = -1

    def assignments(self, now: Any) -> tuple[str, list[Any]]:
        """As SQL, and its parameters; `now` is one itself."""
        return self.sets % {"now": "%s"}, [now] * self.sets.count("%(now)s")


_LIVE = "m.archived IS NULL AND m.recalled IS NULL"
MARKS: dict[str, Mark] = {
    MarkName.SEEN: Mark("m.seen IS NULL", "seen = %(now)s", unseen=_LIVE),
    MarkName.READ: Mark(
        "m.read IS NULL",
        "read = %(now)s, seen = COALESCE(seen, %(now)s)",
        unseen=f"m.seen IS NULL AND {_LIVE}",
        unread=_LIVE,
    ),
    MarkName.UNREAD: Mark(f"m.read IS NOT NULL AND {_LIVE}", "read = NULL", unread="TRUE", sign=1),
    MarkName.ARCHIVED: Mark(
        "m.archived IS NULL",
        "archived = %(now)s, read = COALESCE(read, %(now)s), seen = COALESCE(seen, %(now)s)",
        unseen="m.seen IS NULL AND m.recalled IS NULL",
        unread="m.read IS NULL AND m.recalled IS NULL",
    ),
    MarkName.UNARCHIVED: Mark("m.archived IS NOT NULL", "archived = NULL"),
}

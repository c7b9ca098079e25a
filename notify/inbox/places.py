"""The places of a notification, and the moves between them: for the code and for its tests.

`docs/architecture.md` shows this table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from notify.models import Place

Move = Literal["archive", "unarchive", "recall"]

# Any other move leaves a notification where it is. Nothing leaves RECALLED.
MOVES: dict[tuple[Place, Move], Place] = {
    (Place.INBOX, "archive"): Place.ARCHIVED,
    (Place.FILED, "archive"): Place.ARCHIVED,
    (Place.ARCHIVED, "unarchive"): Place.INBOX,
    (Place.FILED, "unarchive"): Place.INBOX,
    (Place.INBOX, "recall"): Place.RECALLED,
    (Place.ARCHIVED, "recall"): Place.RECALLED,
    (Place.FILED, "recall"): Place.RECALLED,
}

# Where it counts as unseen or unread.
COUNTED = f"copy.place = {Place.INBOX:d}"
# Whether it was there when the bell was opened: then it does not ring, and is `overlooked` while it
# counts as unseen, whatever has made it so. `opened` is that of its inbox.
BEFORE_OPENED = "copy.arrived <= opened"
# Conditions of a notification `copy`, written as in the partial indexes.
IN_ARCHIVE = f"copy.place IN ({Place.ARCHIVED:d}, {Place.FILED:d})"
RECALLED = f"copy.place = {Place.RECALLED:d}"
NOT_RECALLED = f"copy.place <> {Place.RECALLED:d}"


def target(move: Move) -> int:
    """The place to which a move leads: the same from wherever it begins."""
    [place] = {to for (_, name), to in MOVES.items() if name == move}
    return int(place)


def may(move: Move) -> str:
    """Whether a move changes the place of a notification `copy`, as SQL."""
    return f"copy.place IN ({_numbers(place for place, name in MOVES if name == move)})"


def _numbers(places: Iterable[Place]) -> str:
    return ", ".join(str(int(place)) for place in places)

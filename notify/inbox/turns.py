"""The order in which a worker takes batches.

Notices take turns, so a notice of 50,000 batches delays no other notice. Each worker makes rounds
of its own: one batch of each notice, from the notice that is due last to the one that is due first,
then again from the top. What becomes due meanwhile is above the current place and is left for the
next round, so every round ends. Urgent batches (critical notices, and recalls by a person) have a
round of their own and go first, but after three urgent batches in a row another batch has its turn.

All batches of a notice have the same `due`, so `(due, notice)` is a place in the round, and each
claim is one descent of the index `notify_batch_turns`: it passes neither the other batches of a
notice nor what is not due yet.
"""

from __future__ import annotations

from typing import Any

from notify import sql
from notify.models import Batch
from notify.sql.dialects import dialect

URGENT_IN_A_ROW = 3
OPEN = (Batch.State.PENDING, Batch.State.RECALLING)
_Place = tuple[Any, int]  # due, and the notice's id


class Turns:
    """Where one worker is in its rounds; for one thread at a time."""

    def __init__(self) -> None:
        self._served: dict[bool, _Place | None] = {True: None, False: None}
        self._urgent_in_a_row = 0

    def claim(self) -> int | None:
        """Locks the batch whose turn it is, skipping those that are locked; None if none is due.

        The turn counts as taken, whatever becomes of it: the next claim gets the next notice.
        """
        urgent_first = self._urgent_in_a_row < URGENT_IN_A_ROW
        for urgent in (urgent_first, not urgent_first):
            batch_id = self._claim(urgent)
            if batch_id is not None:
                self._urgent_in_a_row = self._urgent_in_a_row + 1 if urgent else 0
                return batch_id
        return None

    def _claim(self, urgent: bool) -> int | None:
        served = self._served[urgent]
        found = None if served is None else _first(urgent, below=served)
        found = found or _first(urgent)
        self._served[urgent] = None if found is None else found[1]
        return None if found is None else found[0]


def _first(urgent: bool, below: _Place | None = None) -> tuple[int, _Place] | None:
    # Literals, because the index is a partial one, of these states.
    states = ", ".join(f"'{state.value}'" for state in OPEN)
    found = sql.fetch(
        f"""SELECT id, due, notice_id FROM notify_batch
        WHERE state IN ({states}) AND urgent = %s AND due <= {dialect().CLOCK}
            {"AND (due, notice_id) < (%s, %s)" if below else ""}
        ORDER BY due DESC, notice_id DESC
        LIMIT 1 {dialect().lock("FOR UPDATE SKIP LOCKED")}""",
        [urgent, *(below or ())],
    )
    for batch_id, due, notice_id in found:
        return batch_id, (due, notice_id)
    return None

"""Whose turn it is: the order in which a worker takes batches.

Notices take turns, so a notice of 50,000 batches holds up nobody. Each worker goes round by itself:
from the notice that is due last to the one that is due first, a batch of each, and again from the
top. What comes due meanwhile is above it and waits for the next round, so every round ends. What is
urgent (critical notices, and recalls by a person) has a round of its own and goes first, but after
three urgent batches in a row one of the others has its turn.

All batches of a notice have the same `due`, so `(due, notice)` is a place in the round, and each
claim is one descent of the index `notify_batch_turns`: it passes neither the other batches of a
notice nor what is not due yet.
"""

from __future__ import annotations

from typing import Any

from notify import sql
from notify.models import Batch

URGENT_IN_A_ROW = 3
OPEN = (Batch.State.PENDING, Batch.State.RECALLING)
_Place = tuple[Any, int]  # due, and the notice's id


class Turns:
    """What one worker remembers of its rounds; not for several threads at a time."""

    def __init__(self) -> None:
        self._served: dict[bool, _Place | None] = {True: None, False: None}
        self._urgent_in_a_row = 0

    def claim(self) -> int | None:
        """Locks the batch whose turn it is, of those that nobody else has; None if there is none.

        The turn counts as taken, whatever becomes of it: who claims again gets the next notice.
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
    # Literals, as the index has only the open ones.
    states = ", ".join(f"'{state.value}'" for state in OPEN)
    rows = sql.fetch(
        f"SELECT id, due, notice_id FROM {sql.table(Batch)}"
        f" WHERE state IN ({states}) AND urgent = %s AND due <= {sql.clock()}"
        f" {'AND (due, notice_id) < (%s, %s)' if below else ''}"
        f" ORDER BY due DESC, notice_id DESC LIMIT 1 {sql.for_update('UPDATE SKIP LOCKED')}",
        [urgent, *(below or ())],
    )
    for batch_id, due_at, notice_id in rows:
        return batch_id, (due_at, notice_id)
    return None

"""Carry out batches and announce the changes: for commit hooks, servers, workers and tasks."""

from __future__ import annotations

from notify.bus.publisher import publisher
from notify.inbox import work
from notify.inbox.turns import Turns


def carry_out(batch_id: int, *, rows: int | None = None) -> bool:
    """Carries out one batch and announces the change.

    Args:
        batch_id: The batch's primary key.
        rows: Limits the time of its statements, as in `work.carry_out`.

    Returns:
        Whether there was anything to do.

    Raises:
        Busy: Its locks were not available within 2 s.
        DatabaseError: The database refused it.
    """
    return _announce(work.carry_out(batch_id, rows=rows))


def carry_out_next(turns: Turns | None = None) -> bool:
    """Carries out the batch whose turn it is, and announces the change.

    Args:
        turns: The turns of this worker; None for a new worker.

    Returns:
        Whether a batch was due.

    Raises:
        Postponed: The batch failed; the next call takes another one.
        Busy, DatabaseError: It could not even be postponed.
    """
    return _announce(work.carry_out_next(turns))


def _announce(done: work.Done | None) -> bool:
    if done is not None and done.change is not None:
        publisher.publish(done.change)
    return done is not None

"""Carrying out batches: exactly once, by whichever process and after however many attempts.

The lock of a batch's row is held while its inboxes change, and its state is written in the same
transaction. So two workers cannot both carry it out, and one that dies leaves it as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db.models.functions import Now

from notify.changes import Change
from notify.inbox import appending, claiming
from notify.inbox.turns import OPEN, Turns
from notify.models import Batch
from notify.sql import database, transactions, waits

MAX_BACKOFF_S = 300
_State = Batch.State


class Postponed(Exception):
    """A batch failed, for the reason that is its cause, and was postponed.

    The database recorded this, so it is reachable and the worker can continue.
    """


@dataclass(frozen=True, slots=True)
class Done:
    """A batch that was carried out; the change is None if no inbox changed."""

    batch_id: int
    notice_id: int
    change: Change | None


def carry_out(batch_id: int, *, rows: int | None = None) -> Done | None:
    """Carries out a batch.

    Args:
        batch_id: the batch.
        rows: limits the time of its statements by this number of rows; for callers that can leave
            the batch to a worker.

    Returns:
        What was done; None if there was nothing to do.

    Raises:
        Busy: if the locks cannot be had in time.
        DatabaseError: if the database refuses it or is away.
    """
    return transactions.in_transaction(lambda: _carry_out(batch_id), rows=rows)


def append_new(batch: Batch) -> Change | None:
    """Appends a batch that this transaction has written as done, together with its notice.

    Nobody else can see them yet, so they need no locks.
    """
    change = appending.append_batches(batch)
    return change if change.steps else None


def carry_out_together(batch_ids: Sequence[int]) -> list[Change]:
    """Carries out a group of batches (`claiming.grouped`) in one transaction.

    They are one change if all of them are still to be appended.

    Raises:
        Busy: if the locks cannot be had in time.
        DatabaseError: if the database refuses it or is away.
    """
    return transactions.in_transaction(
        lambda: _carry_out_together(batch_ids), rows=waits.ROWS_OF_A_BATCH
    )


def carry_out_next(turns: Turns | None = None) -> Done | None:
    """Carries out the batch whose turn it is.

    Args:
        turns: where the worker is in its rounds; None for a new worker.

    Returns:
        What was done; None if no batch is due.

    Raises:
        Postponed: if the batch failed, or its locks were not free; the next call takes the next.
        DatabaseError, Busy: if it could not even be postponed.
    """
    turns = turns or Turns()
    claimed: list[int] = []

    def work() -> Done | None:
        batch_id = turns.claim()
        if batch_id is None:
            return None
        claimed.append(batch_id)
        return _carry_out(batch_id, wait=False)

    try:
        done = transactions.in_transaction(work)
    except Exception as error:
        _postpone(claimed)
        if not claimed:
            raise
        raise Postponed(f"batch {claimed[-1]}") from error
    _postpone(batch_id for batch_id in claimed if done is None or batch_id != done.batch_id)
    return done


def _carry_out(batch_id: int, *, wait: bool = True) -> Done | None:
    for batch in claiming.locked([batch_id], wait=wait):
        return Done(batch.pk, batch.notice_id, _carry_out_locked(batch))
    return None


def _carry_out_together(batch_ids: Sequence[int]) -> list[Change]:
    batches = claiming.locked(batch_ids)
    if len(batches) < 2 or not all(map(_is_to_be_appended, batches)):
        changes = [_carry_out_locked(batch) for batch in batches]
        return [change for change in changes if change is not None]
    change = appending.append_batches(*batches)
    first = batches[0]  # all have the same recipients
    Batch.objects.filter(pk__in=[batch.pk for batch in batches]).update(
        state=_State.DONE, appended=first.appended, skipped=first.skipped, finished=database.now()
    )
    return [change] if change.steps else []


def _is_to_be_appended(batch: Batch) -> bool:
    return batch.state == _State.PENDING and batch.notice.recalled is None


def _carry_out_locked(batch: Batch) -> Change | None:
    if batch.state == _State.PENDING:  # else it stays when the notice arrived
        batch.finished = database.now()
    change = _apply(batch)
    batch.save(update_fields=["state", "appended", "skipped", "finished"])
    return change if change and change.steps else None


def _apply(batch: Batch) -> Change | None:
    if batch.state == _State.RECALLING:
        batch.state = _State.CLOSED
        return appending.recall_batch(batch)
    if batch.notice.recalled is not None:
        batch.state = _State.CLOSED
        return None
    batch.state = _State.DONE
    return appending.append_batches(batch)


def _postpone(batch_ids: Iterable[int]) -> None:
    for batch_id in set(batch_ids):
        transactions.in_transaction(partial(_postpone_one, batch_id))


def _postpone_one(batch_id: int) -> None:
    """Postpones a batch, unless somebody else has it by now.

    To a whole second, so that batches of a notice that fail together stay one turn.
    """
    waiting = Batch.objects.filter(pk=batch_id, state__in=OPEN)
    locked = waiting.select_for_update(skip_locked=True)
    for attempts, now in locked.values_list("attempts", Now()):
        seconds = min(MAX_BACKOFF_S, 2**attempts)
        due = (now + timedelta(seconds=seconds + 1)).replace(microsecond=0)
        waiting.update(attempts=attempts + 1, due=due)

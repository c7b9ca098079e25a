"""Carrying out batches: exactly once, by whichever process and after however many attempts.

The lock of a batch's row is held while its inboxes change, and its state is written in the same
transaction. So two workers cannot both carry it out, and one that dies leaves it as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now

from notify import sql
from notify.changes import Change
from notify.inbox import appending, claiming, one_statement, recalling, stepping
from notify.inbox.appending import Arrived
from notify.inbox.turns import OPEN, Turns
from notify.kinds import registry
from notify.models import Batch, Notice
from notify.readers.defaults import asked_of
from notify.sql import database, transactions, waits
from notify.sql.dialects import dialect

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


def append_one(batch_id: int, notice: Notice) -> Change | None:
    """Appends a batch that this process wrote a moment ago.

    Args:
        batch_id: the batch.
        notice: its notice.

    Raises:
        Busy: if the locks cannot be had in time.
        DatabaseError: if the database refuses it or is away.
    """
    if one_statement.is_allowed():
        try:
            return _arrival(one_statement.append(batch_id, asked_of(notice)), notice)
        except (IntegrityError, OperationalError) as error:
            if not (isinstance(error, IntegrityError) or waits.is_transient(error)):
                raise
    done = carry_out(batch_id, rows=waits.ROWS_OF_A_BATCH)
    return None if done is None else done.change


def append_several(batch_ids: Sequence[int], notices: Sequence[Notice]) -> Change | None:
    """Appends batches that this process wrote a moment ago, with one step for each inbox.

    Batches that are locked are left to the workers.

    Args:
        batch_ids: the batches, each the only one of its notice.
        notices: their notices, in the same order.

    Raises:
        Busy: if the locks cannot be had in time.
        IntegrityError: if a recipient has one of the notices already.
        DatabaseError: if the database refuses it or is away.
    """
    return transactions.in_transaction(
        lambda: _append_several(batch_ids, notices), rows=waits.ROWS_OF_A_BATCH
    )


def _append_several(batch_ids: Sequence[int], notices: Sequence[Notice]) -> Change | None:
    batches = claiming.lock_pending(batch_ids)
    if not batches:
        return None
    ids = [pk for pk, _, _ in batches]
    by_id = {notice.pk: notice for notice in notices}
    asked = {pk: asked_of(notice) for pk, notice in by_id.items()}
    pairs = dialect().pairs_in_batches()
    arrived, appended = appending.append_pairs(pairs, [sql.json_array(ids)], asked)
    done = Batch.objects.filter(pk__in=ids)
    now = database.now()
    done.update(state=_State.DONE, finished=now, appended=F("size"))
    for batch_id, notice_id, _ in batches:
        if (delay := _delay(by_id[notice_id])) is not None:
            Batch.objects.filter(pk=batch_id).update(
                state=_State.RIPENING, due=now + delay, lineage=database.facts().lineage
            )
    for pk, notice_id, size in batches:
        if appended[notice_id] != size:  # somebody is gone
            missing = size - appended[notice_id]
            Batch.objects.filter(pk=pk).update(appended=appended[notice_id], skipped=missing)
    return appending.change_of(arrived, appended, notices) if arrived.records else None


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


def _carry_out_locked(batch: Batch) -> Change | None:
    if batch.state == _State.RECALLING:
        return _recall_next(batch)
    if batch.notice.recalled is not None:
        batch.state = _State.CLOSED
        batch.save(update_fields=["state"])
        return None
    try:
        with transaction.atomic(using=sql.alias()):
            if one_statement.is_on():
                arrived = one_statement.append(batch.pk, asked_of(batch.notice))
            else:
                arrived = _append(batch)
    except IntegrityError:  # some have the notice already
        arrived = _append(batch, only_new=True)
    return _arrival(arrived, batch.notice)


def _append(batch: Batch, *, only_new: bool = False) -> Arrived:
    reasons = batch.reasons or []
    # The first column of the subquery is the key, for those who have one reason in common.
    keys = f"(SELECT user_id FROM {dialect().keys_in_batch()} AS recipient)"
    to = appending.Recipients(keys, [batch.pk], reasons[0] if len(reasons) == 1 else None)
    if to.reason is None:
        to = to._replace(keys=dialect().keys_in_batch())
    arrived = appending.append(batch.notice_id, to, asked=asked_of(batch.notice), only_new=only_new)
    batch.state, batch.finished = _State.DONE, database.now()
    batch.appended, batch.skipped = len(arrived.records), batch.size - len(arrived.records)
    changed = ["state", "appended", "skipped", "finished"]
    if (delay := _delay(batch.notice)) is not None:
        batch.state, batch.due = _State.RIPENING, batch.finished + delay
        batch.lineage = database.facts().lineage
        changed += ["due", "lineage"]
    batch.save(update_fields=changed)
    return arrived


def _delay(notice: Notice) -> timedelta | None:
    return registry.first_delay(notice.kind, notice.category)


def _recall_next(batch: Batch) -> Change | None:
    done = recalling.recall_copies(batch.notice, batch.reached)
    batch.reached = done.reached
    if done.reached is None:
        batch.state, batch.finished = _State.CLOSED, database.now()
    batch.save(update_fields=["state", "finished", "reached"])
    return Change(stepping.steps_of(done.records)) if done.records else None


def _arrival(arrived: Arrived, notice: Notice) -> Change | None:
    return appending.arrival(notice, arrived) if arrived.records else None


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

"""Carrying out batches: exactly once, whoever does it and however often. turns.py says which.

The batch's row lock is held while its inboxes change and its state is written in the same
transaction, so two workers cannot both do it and one that dies leaves it as it was.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import DateTimeField, Q, Value
from django.db.models.functions import Greatest, Now

from notify import sql
from notify.changes import Change
from notify.inbox import store
from notify.inbox.turns import OPEN, Turns
from notify.models import Batch, Notice
from notify.sql import database, transactions, waits

# How long the process that wrote a batch has to carry it out itself before others may.
GRACE = timedelta(seconds=30)
MAX_BACKOFF_S = 300
EXPIRED_A_LOT = 100
LOTS_TO_CHOOSE_FROM = 10
NOTICES_TOGETHER = 50  # what one frame may have
ROWS_TOGETHER = 25_000  # their inboxes are locked until all are written
_State = Batch.State


class PutOff(Exception):
    """A batch failed, for the reason that is its cause, and was put off: others have their turn.

    The database recorded this, so it is reachable and the worker can continue.
    """


@dataclass(frozen=True, slots=True)
class Done:
    """A batch that was carried out; the change is None where nobody's inbox changed."""

    batch_id: int
    notice_id: int
    change: Change | None


def carry_out(batch_id: int, *, rows: int | None = None) -> Done | None:
    """Carries out this batch; None if there is nothing to do. Raises Busy or DatabaseError. `rows`
    limits its statements, for whoever may leave it to a worker."""
    return transactions.in_transaction(lambda: _carry_out(batch_id), rows=rows)


def append_new(batch: Batch) -> Change | None:
    """Appends a batch that this very transaction has written with its notice, as done: nobody
    else knows of them, so that neither needs a lock."""
    change = store.append(batch)
    return change if change.steps else None


def carry_out_together(batch_ids: Sequence[int]) -> list[Change]:
    """Carries out batches that `alike` has put together, in one transaction, and as one change
    where all are still to be appended. Raises Busy or DatabaseError."""
    return transactions.in_transaction(
        lambda: _carry_out_together(batch_ids), rows=waits.ROWS_OF_A_BATCH
    )


def carry_out_next(turns: Turns | None = None) -> Done | None:
    """Carries out the batch whose turn it is for this worker (None: a fresh worker); None where
    none is due. Raises PutOff where it failed, or cannot have its locks: the next call takes the
    next one. Raises DatabaseError or Busy where it could not even be put off.
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
        _put_off(claimed)
        if not claimed:
            raise
        raise PutOff(f"batch {claimed[-1]}") from error
    _put_off(batch_id for batch_id in claimed if done is None or batch_id != done.batch_id)
    return done


def start_recall(notice_id: int, *, urgent: bool = True, wait: bool = True) -> int | None:
    """Recalls the notice: no inbox gets it from here on. How many inboxes hold it, and will
    lose it as the batches are carried out, before others if that is urgent; None where it was
    recalled before, or is none. Raises Busy where a batch is locked, at once without `wait`."""
    return transactions.in_transaction(
        lambda: _start_recall(notice_id, urgent, wait),
        attempts=transactions.ATTEMPTS if wait else 1,
    )


def pause(notice_id: int) -> int:
    """Holds back the batches that are not appended yet; how many people they are for.

    One that a worker has in its hands is waited for, and is done.
    """
    return transactions.in_transaction(
        lambda: _move(notice_id, [_State.PENDING], state=_State.PAUSED)
    )


def resume(notice_id: int) -> int:
    """Lets paused batches go on, at their time where that is still to come; for how many."""

    def work() -> int:
        at = Notice.objects.filter(pk=notice_id).values_list("send_at").first()
        due = Greatest(Now(), Value(at[0], DateTimeField())) if at and at[0] else Now()
        return _move(notice_id, [_State.PAUSED], state=_State.PENDING, due=due, attempts=0)

    return transactions.in_transaction(work)


def cancel(notice_id: int) -> int:
    """Gives up the batches that are not appended yet, for ever; how many people do without.

    What has arrived stays. One that a worker has in its hands is waited for, and arrives.
    """
    return transactions.in_transaction(
        lambda: _move(notice_id, Batch.NOT_YET, state=_State.CANCELLED)
    )


def expired_notices() -> list[int]:
    """A lot of the notices that the database's clock says have expired, and that were not yet
    recalled. At random, of those that are due first: so workers that look at the same moment
    find others, and some that fail do not stand before all."""
    over = Notice.objects.filter(expires__lte=Now(), recalled__isnull=True)
    first = over.order_by("expires").values_list("pk", flat=True)
    found = list(first[: EXPIRED_A_LOT * LOTS_TO_CHOOSE_FROM])
    return random.sample(found, min(EXPIRED_A_LOT, len(found)))


def open_batches(notice_id: int) -> list[int]:
    """The batches of a notice that wait to be carried out, scheduled ones left out."""
    waiting = Batch.objects.filter(
        Q(notice__send_at__isnull=True) | Q(notice__send_at__lte=Now()),
        notice=notice_id,
        state__in=OPEN,
        due__lte=Now() + GRACE,
    )
    query = waiting.order_by("pk").values_list("pk", flat=True).query
    statement, params = query.get_compiler(using=sql.alias()).as_sql()
    return [pk for (pk,) in waits.fetch(statement, params)]


def release(batch_ids: Collection[int]) -> None:
    """Makes batches due that this process was to carry out, for a worker. Those that failed stay
    put off. Raises Busy."""

    def work() -> None:
        held = Batch.objects.filter(
            pk__in=batch_ids, state__in=OPEN, attempts=0, due__gt=Now(), due__lte=Now() + GRACE
        )
        free = held.select_for_update(skip_locked=sql.is_postgresql()).values_list("pk", flat=True)
        held.filter(pk__in=list(free)).update(due=Now())

    transactions.in_transaction(work)


def alike(batch_ids: Sequence[int]) -> list[list[int]]:
    """Those of the batches that are to be appended now, by id; together those that follow each
    other, have the same recipients, and are the only ones of their notices."""
    if len(batch_ids) == 1:
        return [list(batch_ids)]
    batch = sql.table(Batch)
    found = waits.fetch(
        f"SELECT b.id, b.size, b.recipients = lag(b.recipients) OVER (ORDER BY b.id),"
        f" (SELECT count(*) FROM {batch} o WHERE o.notice_id = b.notice_id)"
        f" FROM {batch} b JOIN {sql.table(Notice)} n ON n.id = b.notice_id"
        f" WHERE b.id IN {sql.list_of(batch_ids)} AND b.state = %s"
        " AND n.send_at IS NULL AND n.recalled IS NULL ORDER BY b.id",
        [*batch_ids, _State.PENDING],
    )
    runs: list[list[int]] = []
    joinable = False  # whether the last run may have more
    for batch_id, size, same, batches_of_notice in found:
        if same and joinable and batches_of_notice == 1:
            runs[-1].append(batch_id)
        else:
            runs.append([batch_id])
        most = min(NOTICES_TOGETHER, ROWS_TOGETHER // size)
        joinable = batches_of_notice == 1 and len(runs[-1]) < most
    return runs


def _carry_out(batch_id: int, *, wait: bool = True) -> Done | None:
    for batch in _locked([batch_id], wait=wait):
        return Done(batch.pk, batch.notice_id, _carry_out_locked(batch))
    return None


def _carry_out_together(batch_ids: Sequence[int]) -> list[Change]:
    batches = _locked(batch_ids)
    if len(batches) < 2 or not all(map(_is_to_be_appended, batches)):
        changes = [_carry_out_locked(batch) for batch in batches]
        return [change for change in changes if change is not None]
    change = store.append(*batches)
    first, done = batches[0], [batch.pk for batch in batches]  # all are for the same people
    Batch.objects.filter(pk__in=done).update(
        state=_State.DONE, appended=first.appended, skipped=first.skipped, finished=database.now()
    )
    return [change] if change.steps else []


def _is_to_be_appended(batch: Batch) -> bool:
    return batch.state == _State.PENDING and batch.notice.recalled is None


def _locked(batch_ids: Sequence[int], *, wait: bool = True) -> list[Batch]:
    """Those of the batches that are to be carried out, with their notices; all are locked. With
    `wait=False`, raises at once if the notice is locked.

    Of several, those that somebody else has locked are left out: who waits for one and holds
    another may wait for ever.
    """
    batches = Batch.objects.defer("recipients")
    skip_locked = len(batch_ids) > 1 and sql.is_postgresql()
    batches = batches.select_for_update(skip_locked=skip_locked)
    found = list(batches.filter(pk__in=batch_ids, state__in=OPEN).order_by("pk"))
    wanted = [batch.notice_id for batch in found]
    if wanted:
        notices = Notice.objects.raw(
            f"SELECT * FROM {sql.table(Notice)} WHERE id IN {sql.list_of(wanted)}"
            f" ORDER BY id {sql.for_update('SHARE' if wait else 'SHARE NOWAIT')}",
            wanted,
        )
        by_id = {notice.pk: notice for notice in notices}
        for batch in found:
            batch.notice = by_id[batch.notice_id]
    return found


def _carry_out_locked(batch: Batch) -> Change | None:
    if batch.state == _State.PENDING:  # else it stays when the notice arrived
        batch.finished = database.now()
    change = _apply(batch)
    batch.save(update_fields=["state", "appended", "skipped", "finished"])
    return change if change and change.steps else None


def _apply(batch: Batch) -> Change | None:
    if batch.state == Batch.State.RECALLING:
        batch.state = Batch.State.CLOSED
        return store.take_out(batch)
    if batch.notice.recalled is not None:
        batch.state = Batch.State.CLOSED
        return None
    batch.state = Batch.State.DONE
    return store.append(batch)


def _move(notice_id: int, states: Collection[str], **changes: Any) -> int:
    # In the order in which a recall takes them. Whoever comes after a worker reads its result.
    batches = Batch.objects.filter(notice=notice_id, state__in=states)
    found = list(batches.select_for_update().order_by("pk").values_list("pk", "size"))
    batches.filter(pk__in=[pk for pk, _ in found]).update(**changes)
    return sum(size for _, size in found)


def _put_off(batch_ids: Iterable[int]) -> None:
    for batch_id in set(batch_ids):
        transactions.in_transaction(partial(_put_off_one, batch_id))


def _put_off_one(batch_id: int) -> None:
    """To a whole second, so that those of a notice that fail together stay one turn. Not one that
    somebody has by now: it is theirs."""
    waiting = Batch.objects.filter(pk=batch_id, state__in=OPEN)
    locked = waiting.select_for_update(skip_locked=sql.is_postgresql())
    for attempts, now in locked.values_list("attempts", Now()):
        seconds = min(MAX_BACKOFF_S, 2**attempts)
        due = (now + timedelta(seconds=seconds + 1)).replace(microsecond=0)
        waiting.update(attempts=attempts + 1, due=due)


def _start_recall(notice_id: int, urgent: bool, wait: bool) -> int | None:
    # The batches first: this waits for those that are being appended right now.
    batches = Batch.objects.filter(notice=notice_id)
    nowait = not wait and sql.is_postgresql()
    list(batches.select_for_update(nowait=nowait).order_by("pk").values_list("pk"))
    won = Notice.objects.filter(pk=notice_id, recalled__isnull=True)
    if not won.update(recalled=database.now()):
        return None
    batches.filter(state__in=Batch.NOT_YET).update(state=Batch.State.CLOSED)
    done = batches.filter(state=Batch.State.DONE)
    inboxes = sum(done.values_list("appended", flat=True))
    due = Now() + GRACE if done.count() == 1 else Now()
    done.update(state=Batch.State.RECALLING, due=due, urgent=urgent, attempts=0)
    return inboxes

"""Which batches are to be carried out, and their locks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from notify import sql
from notify.inbox.turns import OPEN
from notify.models import Batch, Notice
from notify.sql import transactions, waits
from notify.sql.dialects import dialect

# How long the process that wrote a batch has to carry it out itself before others may.
GRACE = timedelta(seconds=30)
# How far ahead it is due, by the clock of the database, if it was written just now: `database.now`
# is off by half a round trip, which may have been a slow one.
_RESERVED = GRACE + timedelta(seconds=1)


def open_batches(notice_id: int) -> list[int]:
    """The batches of a notice that are still to be carried out, without scheduled ones."""
    waiting = Batch.objects.filter(
        Q(notice__send_at__isnull=True) | Q(notice__send_at__lte=Now()),
        notice=notice_id,
        state__in=OPEN,
        due__lte=Now() + _RESERVED,
    )
    query = waiting.order_by("pk").values_list("pk", flat=True).query
    statement, params = query.get_compiler(using=sql.alias()).as_sql()
    return [pk for (pk,) in waits.fetch(statement, params)]


def locked(batch_ids: Sequence[int], *, wait: bool = True) -> list[Batch]:
    """Locks the batches that are still to be carried out, and their notices.

    Args:
        batch_ids: the batches. If there are several, those that are locked already are left out: a
            transaction that holds one and waits for another may deadlock.
        wait: whether to wait for a notice that is locked, or raise OperationalError at once.
    """
    batches = Batch.objects.defer("recipients").select_for_update(skip_locked=len(batch_ids) > 1)
    found = list(batches.filter(pk__in=batch_ids, state__in=OPEN).order_by("pk"))
    notice_ids = [batch.notice_id for batch in found]
    if notice_ids:
        lock = dialect().lock("FOR SHARE" if wait else "FOR SHARE NOWAIT")
        notices = Notice.objects.raw(
            f"SELECT * FROM notify_notice WHERE id IN {sql.placeholders(notice_ids)}"
            f" ORDER BY id {lock}",
            notice_ids,
        )
        by_id = {notice.pk: notice for notice in notices}
        for batch in found:
            batch.notice = by_id[batch.notice_id]
    return found


def lock_pending(batch_ids: Sequence[int]) -> list[tuple[int, int, int]]:
    """Locks those batches that are to be appended; those that are locked already are left out.

    Returns:
        Of each its id, the id of its notice, and its size.
    """
    pending = Batch.objects.select_for_update(skip_locked=True).filter(
        pk__in=batch_ids, state=Batch.State.PENDING
    )
    return list(pending.order_by("pk").values_list("pk", "notice_id", "size"))


def release(batch_ids: Collection[int]) -> None:
    """Makes batches due for a worker that this process was to carry out.

    Batches that failed stay postponed.

    Raises:
        Busy: if the locks cannot be had in time.
    """

    def work() -> None:
        held = Batch.objects.filter(
            pk__in=batch_ids, state__in=OPEN, attempts=0, due__gt=Now(), due__lte=Now() + _RESERVED
        )
        free = held.select_for_update(skip_locked=True).values_list("pk", flat=True)
        held.filter(pk__in=list(free)).update(due=Now())

    transactions.in_transaction(work)

"""Recalling, pausing, resuming and cancelling a notice."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Any, NamedTuple

from django.db.models import DateTimeField, Value
from django.db.models.functions import Greatest, Now

from notify.inbox import recalling
from notify.inbox.claiming import GRACE
from notify.models import Batch, Notice, Notification
from notify.sql import database, transactions

EXPIRED_PER_PASS = 100
PASSES_TO_CHOOSE_FROM = 10
_State = Batch.State


class Recall(NamedTuple):
    inboxes: int
    batch_id: int | None


def start_recall(
    notice_id: int, *, by: str = "", urgent: bool = True, wait: bool = True
) -> Recall | None:
    """Recalls a notice: from here on no inbox receives it.

    The copies that exist are owed a recall, which is a batch of its own.

    Args:
        notice_id: the notice.
        by: who recalls it, in the form of `Notice.sender`.
        urgent: whether its batches go before others.
        wait: whether to wait for a batch that is locked, or raise Busy at once.

    Returns:
        How many inboxes have the notice, and the id of the batch of its recall, which is None if
        no inbox has it. None if it was recalled before or does not exist.

    Raises:
        Busy: if the locks cannot be had in time.
    """
    return transactions.in_transaction(
        lambda: _start_recall(notice_id, by, urgent, wait),
        attempts=transactions.ATTEMPTS if wait else 1,
    )


def _start_recall(notice_id: int, by: str, urgent: bool, wait: bool) -> Recall | None:
    # The batches first: this waits for those that are being appended right now.
    batches = Batch.objects.filter(notice=notice_id)
    list(batches.select_for_update(nowait=not wait).order_by("pk").values_list("pk"))
    unrecalled = Notice.objects.filter(pk=notice_id, recalled__isnull=True)
    if not unrecalled.update(recalled=database.now(), recalled_by=by):
        return None
    batches.filter(state__in=Batch.NOT_YET).update(state=_State.CLOSED)
    inboxes = Notification.objects.filter(notice=notice_id).count()
    if not inboxes:
        return Recall(0, None)
    # A few are recalled by the commit hook, the rest by the workers.
    due = Now() + GRACE if inboxes <= recalling.MAX_COPIES else Now()
    owed = Batch.objects.create(
        notice_id=notice_id, recipients=[], size=0, state=_State.RECALLING, due=due, urgent=urgent
    )
    return Recall(inboxes, owed.pk)


def expired_notices() -> list[int]:
    """Some of the notices that have expired by the database's clock and are not recalled yet.

    They are chosen at random among the first to expire. So several workers find different notices,
    and a few that fail do not hold up the rest.
    """
    expired = Notice.objects.filter(expires__lte=Now(), recalled__isnull=True)
    first = expired.order_by("expires").values_list("pk", flat=True)
    found = list(first[: EXPIRED_PER_PASS * PASSES_TO_CHOOSE_FROM])
    return random.sample(found, min(EXPIRED_PER_PASS, len(found)))


def pause(notice_id: int, *, by: str = "") -> int:
    """Pauses the batches that are not appended yet, and returns how many people they are for.

    A batch that a worker is appending is waited for, and arrives.
    """
    return transactions.in_transaction(
        lambda: _change(notice_id, [_State.PENDING], by, state=_State.PAUSED)
    )


def resume(notice_id: int) -> int:
    """Resumes paused batches, and returns how many people they are for.

    A scheduled time that is still to come applies.
    """

    def work() -> int:
        at = Notice.objects.filter(pk=notice_id).values_list("send_at").first()
        due = Greatest(Now(), Value(at[0], DateTimeField())) if at and at[0] else Now()
        return _change(notice_id, [_State.PAUSED], None, state=_State.PENDING, due=due, attempts=0)

    return transactions.in_transaction(work)


def cancel(notice_id: int, *, by: str = "") -> int:
    """Cancels the batches that are not appended yet, and returns how many people they are for.

    What has arrived stays. A batch that a worker is appending is waited for, and arrives.
    """
    return transactions.in_transaction(
        lambda: _change(notice_id, Batch.NOT_YET, by, state=_State.CANCELLED)
    )


def _change(notice_id: int, states: Collection[str], by: str | None, **fields: Any) -> int:
    """`by` stops the notice; with None it goes on."""
    # Locked in the order in which a recall does. After a worker, this sees what the worker wrote.
    batches = Batch.objects.filter(notice=notice_id, state__in=states)
    found = list(batches.select_for_update().order_by("pk").values_list("pk", "size"))
    if found:
        batches.filter(pk__in=[pk for pk, _ in found]).update(**fields)
        stopped = None if by is None else database.now()
        Notice.objects.filter(pk=notice_id).update(stopped=stopped, stopped_by=by or "")
    return sum(size for _, size in found)

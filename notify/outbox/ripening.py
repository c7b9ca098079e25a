"""Ripening: a while after an append, what is still unread becomes an item for each channel of its
kind. One statement for a batch and channel, so it costs the append nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from notify import sql
from notify.kinds import registry
from notify.models import Batch, Notice, OutboxItem, Place
from notify.outbox import steps
from notify.readers import filing
from notify.readers.defaults import asked_of
from notify.sql import database, transactions
from notify.sql.dialects import dialect

logger = logging.getLogger(__name__)

POSTPONED = timedelta(minutes=1)  # a batch that failed


def ripen_next() -> int | None:
    """Makes the items of the batch that has been due longest.

    A batch that fails is logged and postponed by a minute.

    Returns:
        How many; 0 if it failed; None if no batch is due that nobody else has.

    Raises:
        Busy, DatabaseError: Nothing was made, and nothing could be postponed.
    """
    locked: list[int] = []
    try:
        made = transactions.in_transaction(lambda: _ripen_next(locked))
    except Exception:
        ripening = Batch.objects.filter(pk__in=locked, state=Batch.State.RIPENING)
        if not ripening.update(due=Now() + POSTPONED, attempts=F("attempts") + 1):
            raise
        logger.exception("A batch could not ripen, and was postponed.")
        return 0
    if made is not None:
        steps.reached("ripened")
    return made


def _ripen_next(locked: list[int]) -> int | None:
    ripening = Batch.objects.filter(state=Batch.State.RIPENING, due__lte=database.now())
    free = ripening.select_for_update(skip_locked=True, of=("self",)).select_related("notice")
    batch = free.defer("recipients", "reasons").order_by("due").first()
    if batch is None:
        return None
    locked.append(batch.pk)
    steps.reached("batch locked")
    delays, channels = _turn(batch)
    made = sum(_make_items(batch, channel) for channel in channels)
    steps.reached("items made")
    if delays:
        turn = delays[0].total_seconds()
        batch.due += timedelta(seconds=turn - channels[0].after.total_seconds())
        batch.reached = channels[0].after.total_seconds()
    else:
        declared = registry.channels_of(batch.notice.kind, batch.notice.category)
        batch.state = Batch.State.DONE
        batch.reached = max((one.after.total_seconds() for one in declared), default=batch.reached)
    batch.save(update_fields=["state", "due", "reached"])
    return made


def _turn(batch: Batch) -> tuple[list[timedelta], Sequence[Any]]:
    """The delays that are still to come, and the channels whose turn it is."""
    if not _may_go(batch.notice) or not is_of_this_database(batch.lineage):
        return [], []
    had = timedelta(seconds=-1 if batch.reached is None else batch.reached)
    left = [
        one
        for one in registry.channels_of(batch.notice.kind, batch.notice.category)
        if one.after > had
    ]
    if not left:
        return [], []
    first, *others = sorted({one.after for one in left})
    return others, [one for one in left if one.after == first]


def is_of_this_database(lineage: str) -> bool:
    """Whether what has this lineage was made in the database as it is now, and not before it was
    restored. True where one of both is not known."""
    now = database.facts().lineage
    return not (lineage and now) or lineage == now


def _may_go(notice: Notice) -> bool:
    return notice.recalled is None and (notice.expires is None or notice.expires > database.now())


def _make_items(batch: Batch, channel: Any) -> int:
    """Items for those who have the notice unread, and want it by this channel. Rhythms and quiet
    hours are the claim's: it asks one person at a time, without a lock."""
    off = filing.off_of([asked_of(batch.notice, channel.key)], gated=False)
    also = f", {off.asked} AS asked" if off.asked else ""
    now = sql.moment(database.now())
    return sql.execute(
        f"""INSERT INTO notify_outboxitem
            (user_id, channel, notice_id, state, why, ripe, rhythm, made, lineage, tries)
        SELECT person.user_id, %s, copy.notice_id, %s, '', %s, '', %s, %s, 0
        FROM {dialect().keys_in_batch()} AS person
        JOIN notify_notification AS copy
            ON copy.user_id = person.user_id AND copy.notice_id = %s{also}
        WHERE copy.{channel.unless} IS NULL
            AND copy.place IN ({Place.INBOX:d}, {Place.FILED:d}) AND NOT ({off.condition})
        ON CONFLICT DO NOTHING""",
        [
            *(channel.key, OutboxItem.State.WAITING.value, now, now, database.facts().lineage),
            *(batch.pk, batch.notice_id, *off.asked_params, *off.params),
        ],
    )

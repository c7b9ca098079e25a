"""Appending batches of a notice to inboxes, and recalling them.

Set-based SQL: the recipients stay in the database, and no Python object is made per recipient
except its step. Both run in a transaction of `work`; `stepping` has the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from notify import sql
from notify.changes import Change
from notify.inbox import opening, rows, stepping
from notify.models import Batch
from notify.sql import database
from notify.sql.dialects import dialect


def append_batches(*batches: Batch) -> Change:
    """Puts the notices of these batches into the inboxes of their recipients, in this order.

    The caller holds the locks of the batches and of their notices, or has just written them. Users
    who no longer exist are skipped. `appended` and `skipped` of the batches are set, not saved.

    Args:
        batches: one batch, or several that have the same recipients and are the only batches of
            their notices.
    """
    keys, key_params = _recipients(batches[0])
    notices = [batch.notice_id for batch in batches]
    present, arrived = batches[0].size, 0
    if present == 1:  # a single recipient usually has an inbox
        arrived = _insert_copies(keys, key_params, notices)
    if not arrived:  # before any is locked: whoever holds some and waits for others may deadlock
        opening.open_inboxes(keys, key_params)
        # The copies first: they show who had none. Asking for that beforehand (NOT EXISTS) takes
        # PostgreSQL through all copies of the notice for each batch: docs/performance.md.
        arrived = _insert_copies(keys, key_params, notices)
    if arrived < present * len(notices):  # users are gone, or are in two batches and had a copy
        [(present,)] = sql.fetch(
            f"SELECT count(*) FROM notify_inbox WHERE user_id IN {keys}", key_params
        )
    some_had_it = arrived < present * len(notices)
    if some_had_it and len(notices) > 1:
        raise AssertionError("A notice with another batch is appended alone.")
    records = _count_up(keys, key_params, notices, only_new=some_had_it)
    for batch in batches:
        batch.appended = len(records)
        batch.skipped = batch.size - present
    return Change(stepping.steps_of(records), [rows.notice_row(batch.notice) for batch in batches])


def _recipients(batch: Batch) -> tuple[str, list[Any]]:
    """The keys of the recipients as SQL, with its parameters. A worker does not load them."""
    if batch.size == 1 and "recipients" not in batch.get_deferred_fields():
        return dialect().single_key(), batch.recipients
    return dialect().keys_in_batch(), [batch.pk]


def _insert_copies(keys: str, key_params: Sequence[Any], notices: Sequence[int]) -> int:
    """Locks the inboxes, inserts the missing copies, and returns their number.

    The statement that locks the inboxes reads their versions, too: it waits for other writers,
    and then sees the versions that they have left.
    """
    numbered = ", ".join(["(%s, %s)"] * len(notices))  # `column1` and `column2` on both databases
    return sql.execute(
        f"""INSERT INTO notify_notification (user_id, notice_id, arrived, version)
        SELECT inbox.user_id, notice.column2,
            inbox.version + notice.column1, inbox.version + notice.column1
        FROM (
            SELECT user_id, version FROM notify_inbox
            WHERE user_id IN {keys}
            ORDER BY user_id {dialect().lock("FOR UPDATE")}
        ) AS inbox, (VALUES {numbered}) AS notice
        WHERE TRUE
        ON CONFLICT (user_id, notice_id) DO NOTHING""",
        [*key_params, *chain.from_iterable(enumerate(notices, 1))],
    )


def _count_up(
    keys: str, key_params: Sequence[Any], notices: Sequence[int], *, only_new: bool
) -> list[tuple[Any, ...]]:
    """Counts up the inboxes; with `only_new`, only those that the (only) notice is new in."""
    count, arrived = len(notices), ""
    if only_new:
        arrived = """AND EXISTS (
            SELECT 1 FROM notify_notification AS copy
            WHERE copy.user_id = notify_inbox.user_id AND copy.notice_id = %s
                AND copy.arrived = notify_inbox.version + 1
        )"""
    return sql.fetch(
        f"""UPDATE notify_inbox
        SET version = version + {count}, unseen = unseen + {count}, unread = unread + {count}
        WHERE user_id IN {keys} {arrived}
        RETURNING user_id, epoch, version - {count}, version, unseen, unread""",
        [*key_params, *(notices if only_new else ())],
    )


def recall_batch(batch: Batch) -> Change:
    """Marks the copies of a batch as recalled, and takes them off the counts.

    The caller holds the locks of the batch and of its notice.
    """
    keys, copies = dialect().keys_in_batch(), dialect().copies_of_notice
    sql.fetch(
        f"""SELECT count(*) FROM (
            SELECT user_id FROM notify_inbox WHERE user_id IN {keys}
            ORDER BY user_id {dialect().lock("FOR UPDATE")}
        ) AS inbox""",
        [batch.pk],
    )
    records = sql.fetch(
        f"""UPDATE notify_inbox
        SET version = notify_inbox.version + 1,
            unseen = {_less_one("unseen", "seen")}, unread = {_less_one("unread", "read")}
        FROM {copies(keys)} AS copy
        WHERE copy.user_id = notify_inbox.user_id AND copy.recalled IS NULL
        RETURNING notify_inbox.user_id, notify_inbox.epoch,
            notify_inbox.version - 1, notify_inbox.version,
            notify_inbox.unseen, notify_inbox.unread""",
        [batch.pk, batch.notice_id],
    )
    sql.execute(
        f"""UPDATE notify_notification SET recalled = %s, version = (
            SELECT inbox.version FROM notify_inbox AS inbox
            WHERE inbox.user_id = notify_notification.user_id
        )
        WHERE id IN (SELECT copy.id FROM {copies(keys)} AS copy WHERE copy.recalled IS NULL)""",
        [sql.moment(batch.notice.recalled or database.now()), batch.pk, batch.notice_id],
    )
    return Change(stepping.steps_of(records))


def _less_one(count: str, field: str) -> str:
    """A count of an inbox without its `copy`, if that was counted.

    Where the count would fall below 0, because other code has changed rows without their inbox,
    the rows are counted instead.
    """
    return f"""CASE
            WHEN copy.{field} IS NOT NULL OR copy.archived IS NOT NULL THEN notify_inbox.{count}
            WHEN notify_inbox.{count} > 0 THEN notify_inbox.{count} - 1
            ELSE (
                SELECT count(*) FROM notify_notification AS other
                WHERE other.{field} IS NULL AND other.archived IS NULL AND other.recalled IS NULL
                    AND other.user_id = notify_inbox.user_id AND other.id <> copy.id
            )
        END"""

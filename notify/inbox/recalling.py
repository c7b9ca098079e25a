"""Recalling the copies of a notice, `MAX_COPIES` at a time, in the order of their users' keys."""

from __future__ import annotations

from typing import Any, NamedTuple

from notify import sql
from notify.inbox import places, stepping
from notify.models import Notice
from notify.models.inbox import COUNTS
from notify.sql import database
from notify.sql.dialects import dialect
from notify.sql.keys import database_key

MAX_COPIES = 5000


class Recalled(NamedTuple):
    """A record for each inbox, and the last user's key; None if no copies are left after it."""

    records: list[stepping.Record]
    reached: Any


def recall_copies(notice: Notice, after: Any) -> Recalled:
    """Moves the next copies of a recalled notice out of the inboxes, and off their counts.

    The caller holds the lock of the batch that owes the recall. Nobody appends a recalled notice,
    so between two keys no copies are added. Until the inboxes are locked, copies may be marked, or
    deleted with their users: how many were locked does not tell whether some are left.

    Args:
        notice: the notice.
        after: the key of the user that the recall has reached, as JSON holds it; None at the start.
    """
    where = f"copy.notice_id = %s AND {places.may('recall')}"
    params: list[Any] = [notice.pk]
    if after is not None:
        where += f" AND copy.user_id > {dialect().single_key()}"
        params.append(after)
    last = None
    for (key,) in sql.fetch(
        f"""SELECT copy.user_id FROM notify_notification AS copy WHERE {where}
        ORDER BY copy.user_id LIMIT 1 OFFSET {MAX_COPIES - 1}""",
        params,
    ):
        last = database_key(key)
        where += f" AND copy.user_id <= {dialect().single_key()}"
        params.append(last)
    sql.execute(
        f"""SELECT 1 FROM notify_inbox AS inbox
        JOIN notify_notification AS copy ON copy.user_id = inbox.user_id WHERE {where}
        ORDER BY inbox.user_id {dialect().lock("FOR UPDATE OF inbox")}""",
        params,
    )
    records = _count_down(where, params)
    sql.execute(
        f"""UPDATE notify_notification AS copy
        SET place = {places.target("recall")}, placed = %s, version = COALESCE((
            SELECT inbox.version FROM notify_inbox AS inbox WHERE inbox.user_id = copy.user_id
        ), version)
        WHERE {where}""",
        [sql.moment(notice.recalled or database.now()), *params],
    )
    return Recalled(records, last)


def _count_down(where: str, params: list[Any]) -> list[stepping.Record]:
    return sql.fetch(
        f"""UPDATE notify_inbox
        SET version = notify_inbox.version + 1,
            unseen = {_less_one("unseen", "copy.seen IS NULL")},
            unread = {_less_one("unread", "copy.read IS NULL")},
            overlooked = {_less_one("overlooked", f"copy.seen IS NULL AND {places.BEFORE_OPENED}")}
        FROM notify_notification AS copy
        WHERE copy.user_id = notify_inbox.user_id AND {where}
        RETURNING notify_inbox.user_id, notify_inbox.epoch,
            notify_inbox.version - 1, notify_inbox.version, {COUNTS}""",
        params,
    )


def _less_one(count: str, counts: str) -> str:
    """A count of an inbox without its `copy`, if that was counted; `counts` is whether one in the
    inbox is.

    Where the count would fall below 0, because other code has changed rows without their inbox,
    the rows are counted instead.
    """
    is_counted = f"{counts} AND {places.COUNTED}"
    return f"""CASE
            WHEN NOT ({is_counted}) THEN notify_inbox.{count}
            WHEN notify_inbox.{count} > 0 THEN notify_inbox.{count} - 1
            ELSE (
                SELECT count(*) FROM notify_notification AS other
                WHERE {is_counted.replace("copy.", "other.")}
                    AND other.user_id = notify_inbox.user_id
                    AND other.notice_id <> copy.notice_id
            )
        END"""

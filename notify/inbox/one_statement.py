"""A batch, and a mark of a few rows, as one statement each: twins of `appending` and `marking`.

Otherwise these take seven and eight round trips to the database, while a view or the user's other
windows wait. PostgreSQL only: elsewhere an `INSERT` cannot be a part of a query. Each statement is
a transaction by itself, so it has no BEGIN and no COMMIT. `NOTIFY_ONE_STATEMENT = False` turns
them off.

All parts of a statement see the tables as they were when it began, know of each other only by what
they return, and run to the end whether they are read or not (PostgreSQL, 7.8.4 "Data-Modifying
Statements in WITH"). Only a row that the statement has waited for is seen as it is afterwards
(13.2.1 "Read Committed").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, OperationalError

from notify import conf, sql
from notify.changes import Change, Step
from notify.inbox import epoch, places, rows
from notify.inbox.appending import COPY_COLUMNS, Arrived, placing, step_inboxes
from notify.inbox.marks import Mark
from notify.inbox.stepping import Record
from notify.kinds import registry
from notify.models import Batch
from notify.models.inbox import COUNTS
from notify.readers import filing
from notify.readers.deciding import Asked
from notify.sql import database, transactions, waits
from notify.sql.keys import database_key, public_key
from notify.sql.postgresql import (
    ROW_ID,
    each_of,
    existing,
    recipient_columns,
    recipients_of_batch,
    single_key,
)


def append(batch_id: int, asked: Asked) -> Arrived:
    """Carries out a batch that is to be appended, and whose recipients do not have the notice.

    Args:
        batch_id: the batch.
        asked: what is asked of its recipients' preferences.

    Returns:
        A record for each inbox, and for whom the notice was filed; none if the batch is not to be
        appended.

    Raises:
        DatabaseError: also if the batch or an inbox stays locked, or a recipient has the notice.
    """
    off = filing.off_of([asked])
    arrived = _append(batch_id, asked, off)
    if arrived.records or not off.is_gated:
        return arrived
    arrived = _append(batch_id, asked, filing.off_of([asked], gated=False))
    if arrived.records:
        filing.note_something_set()
    return arrived


def _append(batch_id: int, asked: Asked, off: filing.Off) -> Arrived:
    delay = registry.first_delay(asked.kind, asked.category)
    done = f"state = '{Batch.State.DONE.value}'"
    done_params: list[Any] = []
    if delay is not None:
        done = f"state = '{Batch.State.RIPENING.value}', due = %s, lineage = %s"
        done_params = [sql.moment(database.now() + delay), database.facts().lineage]
    wanted = f"(SELECT {recipient_columns()} FROM {recipients_of_batch('batch')})"
    also = f", {off.asked} AS asked" if off.asked else ""
    arrivals = """SELECT user_id, 1 AS arrivals, CASE WHEN off THEN 0 ELSE 1 END AS counted
            FROM decided"""
    # A batch that was locked by others is judged as they left it.
    found = waits.fetch(
        f"""WITH batch AS MATERIALIZED (
            SELECT id, notice_id, recipients, reasons FROM notify_batch
            WHERE id = %s AND state = '{Batch.State.PENDING.value}' AND {off.gate}
            FOR UPDATE
        ), decided AS MATERIALIZED (
            SELECT person.user_id, person.reason, {off.condition} AS off
            FROM {existing(wanted, reasons=True)} AS person{also}
        ), stepped AS (
            {step_inboxes(arrivals)}
            RETURNING user_id, epoch, version - 1 AS start, version, {COUNTS}
        ), copy AS (
            INSERT INTO notify_notification {COPY_COLUMNS}
            SELECT batch.notice_id, user_id, version, version, {placing("off")}, reason
            FROM stepped JOIN decided USING (user_id), batch
        ), done AS (
            UPDATE notify_batch SET {done},
                appended = total.appended, skipped = size - total.appended,
                finished = clock_timestamp()
            FROM (SELECT count(*) AS appended FROM stepped) AS total
            WHERE id = (SELECT id FROM batch)
        )
        SELECT user_id, epoch, start, version, unseen, unread, badge, off
        FROM stepped JOIN decided USING (user_id)""",
        [batch_id, *off.params, *off.asked_params, *done_params],
        rows=waits.ROWS_OF_A_BATCH,
    )
    return arrived_of(found)


def arrived_of(records: Sequence[Record]) -> Arrived:
    """Records that end with whether the copy was filed, taken apart."""
    filed = frozenset(public_key(record[0]) for record in records if record[-1])
    return Arrived([record[:-1] for record in records], filed)


def mark(
    user: str, how: Mark, ids: Sequence[int], key: int | None = None
) -> tuple[int, Change | None] | None:
    """Marks the notices with these ids, as far as the inbox has them.

    Args:
        user: `str(user.pk)`.
        how: what the mark does.
        ids: ids of notices.
        key: the mark's `key_of`.

    Returns:
        The inbox's version afterwards, and the change. None, with nothing written, where this
        cannot be one statement: there is no inbox, it was changed while the statement waited for
        it, the database refused it for a reason that may pass or because counts would fall below
        0, it is not PostgreSQL, or a transaction is open.

    Raises:
        DatabaseError: if the database refuses it for another reason.
    """
    if not is_allowed():
        return None
    suffix = epoch.suffix()
    try:
        records = waits.fetch(*mark_statement(user, how, ids, key), rows=len(ids))
    except IntegrityError:
        return None  # the counts were wrong, and would fall below 0
    except OperationalError as error:
        if waits.is_transient(error):
            return None
        raise
    if not records:
        return None
    owner, own, start, to, *counts = records[0][:7]
    if to is None:
        return start, None
    step = Step(public_key(owner), own + suffix, start, to, *counts)
    changed = [rows.row_of(record[7:]) for record in records]
    return to, Change([step], rows=changed, changed=len(changed))


def mark_statement(
    user: str, how: Mark, ids: Sequence[int], mark_key: int | None = None
) -> tuple[str, list[Any]]:
    """The statement of `mark`, with its parameters.

    It returns a record for each row that it changed, or one record if it changed none. The inbox
    stays locked until the statement ends.

    Rows are chosen as they were when the statement began. Every change of a row counts up its
    inbox, so the rows are still the same if the inbox has the same version once it is locked.
    Otherwise nothing is chosen, and there is no record.
    """
    key = database_key(user)
    sets, times = how.assignments(sql.moment(database.now()))
    # LIMIT 1 makes the planner look up each row by itself: for many it would rather read all rows
    # of an inbox, which it believes to be of average size.
    statement = f"""WITH before AS MATERIALIZED (
            SELECT version FROM notify_inbox WHERE user_id = {single_key()}
        ), locked AS MATERIALIZED (
            SELECT user_id, epoch, version, opened FROM notify_inbox
            WHERE user_id = {single_key()}
            FOR UPDATE
        ), unchanged AS (
            SELECT locked.* FROM locked JOIN before USING (version)
        ), chosen AS (
            SELECT copy.row_id, ({how.unseen}) AS unseen, ({how.unread}) AS unread,
                {places.BEFORE_OPENED} AS before_opened
            FROM unchanged, unnest(%s::bigint[]) AS wanted(id), LATERAL (
                SELECT *, {ROW_ID} AS row_id FROM notify_notification
                WHERE user_id = unchanged.user_id AND notice_id = wanted.id
                LIMIT 1
            ) AS copy
            WHERE {how.changes}
        ), copy AS (
            UPDATE notify_notification
            SET {sets}, version = (SELECT version + 1 FROM unchanged),
                mark_key = (SELECT version + 1 + %s::bigint FROM unchanged)
            WHERE {ROW_ID} {each_of("(SELECT row_id FROM chosen)")}
            RETURNING *
        ), total AS (
            SELECT count(*) AS rows, sum(unseen) AS of_unseen, sum(unread) AS of_unread,
                sum(CASE WHEN before_opened THEN unseen ELSE 0 END) AS of_overlooked
            FROM chosen
        ), stepped AS (
            UPDATE notify_inbox AS inbox
            SET version = inbox.version + 1,
                unseen = inbox.unseen + total.of_unseen,
                unread = inbox.unread + total.of_unread,
                overlooked = inbox.overlooked + total.of_overlooked
            FROM unchanged, total
            WHERE inbox.user_id = unchanged.user_id AND total.rows > 0
            RETURNING inbox.version, {COUNTS}
        )
        SELECT unchanged.user_id, unchanged.epoch, unchanged.version,
            stepped.version, stepped.unseen, stepped.unread, stepped.badge, {rows.columns()}
        FROM unchanged
        LEFT JOIN stepped ON TRUE
        LEFT JOIN copy ON TRUE
        LEFT JOIN notify_notice AS notice ON notice.id = copy.notice_id
        ORDER BY copy.arrived"""
    return statement, [key, key, sorted(set(ids)), *times, mark_key]


def is_on() -> bool:
    return conf.current().one_statement and sql.is_postgresql()


def is_allowed() -> bool:
    """Whether one statement may be a transaction by itself."""
    return (
        is_on()
        and sql.connection().get_autocommit()
        and database.facts().isolation == transactions.READ_COMMITTED
    )

"""A notice to one person, and a mark of a few rows, as one statement each.

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
from django.db.models import AutoField, Model

from notify import conf, sql
from notify.changes import Change, Step
from notify.inbox import epoch, rows
from notify.inbox.marks import Mark
from notify.models import Batch
from notify.sql import database, transactions, waits
from notify.sql.keys import database_key, public_key
from notify.sql.postgresql import each_of, single_key


def append(batch: Batch) -> Change | None:
    """Writes a notice, its only batch and the recipient's copy, and counts up the inbox.

    Args:
        batch: the batch as it will be when it is done. Neither it nor its notice is saved yet.

    Returns:
        The change. None, with nothing written, if there are several recipients, if the recipient
        has no inbox or does not exist, if the database is not PostgreSQL, or if a transaction is
        open.

    Raises:
        DatabaseError: also if the inbox or the user stays locked for longer than a moment.
    """
    if batch.size != 1 or not _is_allowed():
        return None
    suffix = epoch.suffix()  # first, because it may fail
    notice = batch.notice
    insert_notice, notice_params = _insert(notice)
    insert_batch, batch_params = _insert(batch, notice="notice.id")
    # If there is no inbox, nothing is inserted. `version` is read once the row is locked.
    found = waits.fetch(
        f"""WITH inbox AS (
            UPDATE notify_inbox
            SET version = version + 1, unseen = unseen + 1, unread = unread + 1
            WHERE user_id = {single_key()}
            RETURNING user_id, epoch, version, unseen, unread
        ), notice AS (
            {insert_notice} FROM inbox RETURNING id
        ), batch AS (
            {insert_batch} FROM notice RETURNING id
        ), copy AS (
            INSERT INTO notify_notification (user_id, notice_id, arrived, version)
            SELECT inbox.user_id, notice.id, inbox.version, inbox.version FROM inbox, notice
        )
        SELECT notice.id, batch.id, user_id, epoch, version - 1, version, unseen, unread
        FROM inbox, notice, batch""",
        [*batch.recipients, *notice_params, *batch_params],
        rows=1,
    )
    if not found:
        return None
    [(notice_id, batch_id, user, own, *numbers)] = found
    _set_saved(notice, notice_id)
    batch.notice = notice
    _set_saved(batch, batch_id)
    step = Step(public_key(user), own + suffix, *numbers)
    return Change([step], [rows.notice_row(notice)])


def mark(user: str, how: Mark, ids: Sequence[int]) -> tuple[int, Change | None] | None:
    """Marks the notices with these ids, as far as the inbox has them.

    Returns:
        The inbox's version afterwards, and the change. None, with nothing written, where this
        cannot be one statement: there is no inbox, it was changed while the statement waited for
        it, the database refused it for a reason that may pass or because counts would fall below
        0, it is not PostgreSQL, or a transaction is open.

    Raises:
        DatabaseError: if the database refuses it for another reason.
    """
    if not _is_allowed():
        return None
    suffix = epoch.suffix()
    try:
        records = waits.fetch(*mark_statement(user, how, ids), rows=len(ids))
    except IntegrityError:
        return None  # the counts were wrong, and would fall below 0
    except OperationalError as error:
        if waits.is_transient(error):
            return None
        raise
    if not records:
        return None
    owner, own, start, to, *counts = records[0][:6]
    if to is None:
        return start, None
    step = Step(public_key(owner), own + suffix, start, to, *counts)
    return to, Change([step], rows=[rows.row_of(record[6:]) for record in records])


def mark_statement(user: str, how: Mark, ids: Sequence[int]) -> tuple[str, list[Any]]:
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
            SELECT user_id, epoch, version FROM notify_inbox WHERE user_id = {single_key()}
            FOR UPDATE
        ), unchanged AS (
            SELECT locked.* FROM locked JOIN before USING (version)
        ), chosen AS (
            SELECT copy.id, ({how.unseen}) AS unseen, ({how.unread}) AS unread
            FROM unchanged, unnest(%s::bigint[]) AS wanted(id), LATERAL (
                SELECT * FROM notify_notification
                WHERE user_id = unchanged.user_id AND notice_id = wanted.id
                LIMIT 1
            ) AS copy
            WHERE {how.changes}
        ), copy AS (
            UPDATE notify_notification
            SET {sets}, version = (SELECT version + 1 FROM unchanged)
            WHERE id {each_of("(SELECT id FROM chosen)")}
            RETURNING *
        ), total AS (
            SELECT count(*) AS rows, count(*) FILTER (WHERE unseen) AS unseen,
                count(*) FILTER (WHERE unread) AS unread
            FROM chosen
        ), stepped AS (
            UPDATE notify_inbox AS inbox
            SET version = inbox.version + 1,
                unseen = inbox.unseen + total.unseen * {how.sign},
                unread = inbox.unread + total.unread * {how.sign}
            FROM unchanged, total
            WHERE inbox.user_id = unchanged.user_id AND total.rows > 0
            RETURNING inbox.version, inbox.unseen, inbox.unread
        )
        SELECT unchanged.user_id, unchanged.epoch, unchanged.version,
            stepped.version, stepped.unseen, stepped.unread, {rows.columns()}
        FROM unchanged
        LEFT JOIN stepped ON TRUE
        LEFT JOIN copy ON TRUE
        LEFT JOIN notify_notice AS notice ON notice.id = copy.notice_id
        ORDER BY copy.arrived"""
    return statement, [key, key, sorted(set(ids)), *times]


def _is_allowed() -> bool:
    return (
        sql.is_postgresql()
        and sql.connection().get_autocommit()
        and conf.current().one_statement
        and database.facts().isolation == transactions.READ_COMMITTED
    )


def _insert(row: Model, **expressions: str) -> tuple[str, list[Any]]:
    """`INSERT … SELECT` of an unsaved row as Django's `save` would write it, with its parameters.

    Args:
        row: the unsaved row.
        expressions: by the name of a field, SQL to write instead of its value.
    """
    connection = sql.connection()
    columns, values, params = [], [], list[Any]()
    for field in row._meta.local_concrete_fields:
        if isinstance(field, AutoField):  # the database sets it
            continue
        columns.append(connection.ops.quote_name(str(field.column)))
        expression = expressions.get(field.name)
        values.append(expression or "%s")
        if expression is None:
            value = field.pre_save(row, add=True)
            params.append(field.get_db_prep_save(value, connection=connection))
    table = sql.table(type(row))
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}", params


def _set_saved(row: Model, key: int) -> None:
    row.pk = key
    row._state.adding, row._state.db = False, sql.alias()

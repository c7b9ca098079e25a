"""A notice to one person, and a mark of a few, as one statement each. The usual ways are seven
and eight round trips to the database, with a view or the user's other windows waiting for them.

PostgreSQL only: elsewhere an `INSERT` cannot be a part of a query. Each is a transaction by
itself, so it has no BEGIN and no COMMIT. `NOTIFY_ONE_STATEMENT = False` turns them off.

All parts of a statement see the tables as they were when it began, know of each other by what they
return, and are carried out to the end, read or not (PostgreSQL, 7.8.4 "Data-Modifying Statements
in WITH"). Only a row that it has waited for is seen as it is then (13.2.1 "Read Committed").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, OperationalError
from django.db.models import AutoField, Model

from notify import conf, sql
from notify.changes import Change, Step
from notify.inbox import epoch, reading
from notify.inbox.marks import Mark
from notify.models import Batch, Inbox, Notice, Notification
from notify.sql import database, transactions, waits


def append(batch: Batch) -> Change | None:
    """Writes a notice, its only batch, and the recipient's copy, and counts up the inbox.

    Neither batch nor notice has been saved; the batch is as it will be when it is done. None, and
    nothing is written, where it has several recipients, this one has no inbox or does not exist,
    the database is no PostgreSQL, or a transaction is open. Raises DatabaseError. Whoever has the
    inbox or the user is waited for, but not for long.
    """
    if batch.size != 1 or not _may():
        return None
    suffix = epoch.suffix()  # before, as it may fail
    notice = batch.notice
    insert_notice, said = _insert(notice)
    insert_batch, done = _insert(batch, notice="notice.id")
    # Where there is no inbox nothing is inserted, and `version` is that of the row once it is
    # locked.
    found = waits.fetch(
        f"WITH inbox AS (UPDATE {sql.table(Inbox)}"
        " SET version = version + 1, unseen = unseen + 1, unread = unread + 1"
        f" WHERE user_id = {sql.sole_key()}"
        " RETURNING user_id, epoch, version, unseen, unread),"
        f" notice AS ({insert_notice} FROM inbox RETURNING id),"
        f" batch AS ({insert_batch} FROM notice RETURNING id),"
        f" copy AS (INSERT INTO {sql.table(Notification)} (user_id, notice_id, arrived, version)"
        " SELECT inbox.user_id, notice.id, inbox.version, inbox.version FROM inbox, notice)"
        " SELECT notice.id, batch.id, user_id, epoch, version - 1, version, unseen, unread"
        " FROM inbox, notice, batch",
        [*batch.recipients, *said, *done],
        rows=1,
    )
    if not found:
        return None
    [(notice_id, batch_id, user, own, *rest)] = found
    _note_saved(notice, notice_id)
    batch.notice = notice
    _note_saved(batch, batch_id)
    step = Step(sql.public_key(user), own + suffix, *rest)
    return Change([step], [reading.notice_row(notice)])


def mark(user: str, how: Mark, ids: Sequence[int]) -> tuple[int, Change | None] | None:
    """Marks those of the notices that are in this inbox; its version after it, and the change.

    None, and nothing is written, where this cannot be one statement: there is no inbox, it was
    changed by whoever was waited for, the database refused it for a reason that may pass or for
    counts that would fall below 0, it is no PostgreSQL, or a transaction is open. Raises
    DatabaseError.
    """
    if not _may():
        return None
    suffix = epoch.suffix()
    try:
        records = waits.fetch(*mark_statement(user, how, ids), rows=len(ids))
    except IntegrityError:
        return None  # the counts were wrong, and would fall below 0
    except OperationalError as error:
        if waits.may_pass(error):
            return None
        raise
    if not records:
        return None
    owner, own, start, to, *counts = records[0][:6]
    if to is None:
        return start, None
    step = Step(sql.public_key(owner), own + suffix, start, to, *counts)
    return to, Change([step], rows=[reading.row_of(record[6:]) for record in records])


def mark_statement(user: str, how: Mark, ids: Sequence[int]) -> tuple[str, list[Any]]:
    """A record for each row that it has changed, and one where it has changed none; the inbox
    stays locked until it ends.

    Rows are chosen as they were when the statement began. Who changes a row counts up its inbox,
    so all are still like that if the inbox has the same version once it is locked; else nothing is
    chosen, and there is no record.
    """
    inbox, copies = sql.table(Inbox), sql.table(Notification)
    key = sql.database_key(user)
    sets, times = how.assignments(sql.moment(database.now()))
    statement = (
        "WITH before AS MATERIALIZED"
        f" (SELECT version FROM {inbox} WHERE user_id = {sql.sole_key()}),"
        " locked AS MATERIALIZED"
        f" (SELECT user_id, epoch, version FROM {inbox} WHERE user_id = {sql.sole_key()}"
        f" {sql.for_update()}),"
        " unchanged AS (SELECT locked.* FROM locked JOIN before USING (version)),"
        f" chosen AS (SELECT m.id, ({how.unseen}) AS unseen, ({how.unread}) AS unread"
        # The limit has each be looked up by itself: for many the planner would rather read all
        # rows of an inbox that it takes for one of average size.
        " FROM unchanged, unnest(%s::bigint[]) AS wanted(id), LATERAL"
        f" (SELECT * FROM {copies} WHERE user_id = unchanged.user_id AND notice_id = wanted.id"
        f" LIMIT 1) m WHERE {how.changes}),"
        f" n AS (UPDATE {copies} SET {sets}, version = (SELECT version + 1 FROM unchanged)"
        f" WHERE id {sql.one_of('(SELECT id FROM chosen)')} RETURNING *),"
        " total AS (SELECT count(*) AS rows, count(*) FILTER (WHERE unseen) AS unseen,"
        " count(*) FILTER (WHERE unread) AS unread FROM chosen),"
        f" stepped AS (UPDATE {inbox} i SET version = i.version + 1,"
        f" unseen = i.unseen + total.unseen * {how.sign},"
        f" unread = i.unread + total.unread * {how.sign}"
        " FROM unchanged, total WHERE i.user_id = unchanged.user_id AND total.rows > 0"
        " RETURNING i.version, i.unseen, i.unread)"
        " SELECT unchanged.user_id, unchanged.epoch, unchanged.version,"
        f" stepped.version, stepped.unseen, stepped.unread, {reading.row_columns()}"
        " FROM unchanged LEFT JOIN stepped ON TRUE LEFT JOIN n ON TRUE"
        f" LEFT JOIN {sql.table(Notice)} t ON t.id = n.notice_id ORDER BY n.arrived"
    )
    return statement, [key, key, sorted(set(ids)), *times]


def _may() -> bool:
    return (
        sql.is_postgresql()
        and sql.connection().get_autocommit()
        and conf.current().one_statement
        and database.facts().isolation == transactions.READ_COMMITTED
    )


def _insert(row: Model, **expressions: str) -> tuple[str, list[Any]]:
    """`INSERT … SELECT` of a row that has not been saved, as Django's `save` would write it, and
    its parameters; `expressions` are what stands in place of some."""
    connection = sql.connection()
    columns, values, params = [], [], list[Any]()
    for field in row._meta.local_concrete_fields:
        if isinstance(field, AutoField):  # the database's to say
            continue
        columns.append(connection.ops.quote_name(str(field.column)))
        expression = expressions.get(field.name)
        values.append(expression or "%s")
        if expression is None:
            value = field.pre_save(row, add=True)
            params.append(field.get_db_prep_save(value, connection=connection))
    table = sql.table(type(row))
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}", params


def _note_saved(row: Model, key: int) -> None:
    row.pk = key
    row._state.adding, row._state.db = False, sql.alias()

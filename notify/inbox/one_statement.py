"""A notice to one person as one statement. The usual way is seven round trips to the database,
and most calls of `send` are for one person, with a view that waits for them.

PostgreSQL only: elsewhere an `INSERT` cannot be a part of a query. It is a transaction by itself,
so it has no BEGIN and no COMMIT. `NOTIFY_ONE_STATEMENT = False` turns it off.
"""

from __future__ import annotations

from typing import Any

from django.db.models import AutoField, Model

from notify import conf
from notify.changes import Change, Step
from notify.inbox import epoch, reading, sql
from notify.models import Batch, Inbox, Notification


def append(batch: Batch) -> Change | None:
    """Writes a notice, its only batch, and the recipient's copy, and counts up the inbox.

    Neither batch nor notice has been saved; the batch is as it will be when it is done. None, and
    nothing is written, where it has several recipients, this one has no inbox or does not exist,
    the database is no PostgreSQL, or a transaction is open. Raises DatabaseError. Whoever has the
    inbox or the user is waited for, but not for long.
    """
    may = sql.is_postgresql() and sql.connection().get_autocommit()
    if batch.size != 1 or not may or not conf.current().one_statement:
        return None
    suffix = epoch.suffix()  # before, as it may fail
    notice = batch.notice
    insert_notice, said = _insert(notice)
    insert_batch, done = _insert(batch, notice="notice.id")
    # All parts see the tables as they were before, know of each other by what they return, and are
    # carried out to the end, read or not (PostgreSQL, 7.8.4 "Data-Modifying Statements in WITH").
    # So where there is no inbox nothing is inserted, and `version` is that of the row once it is
    # locked.
    found = sql.fetch(
        f"WITH inbox AS (UPDATE {sql.table(Inbox)}"
        " SET version = version + 1, unseen = unseen + 1, unread = unread + 1"
        f" WHERE user_id = {sql.sole_key()} AND {sql.lock_waits_are_limited()}"
        " RETURNING user_id, epoch, version, unseen, unread),"
        f" notice AS ({insert_notice} FROM inbox RETURNING id),"
        f" batch AS ({insert_batch} FROM notice RETURNING id),"
        f" copy AS (INSERT INTO {sql.table(Notification)} (user_id, notice_id, arrived, version)"
        " SELECT inbox.user_id, notice.id, inbox.version, inbox.version FROM inbox, notice)"
        " SELECT notice.id, batch.id, user_id, epoch, version - 1, version, unseen, unread"
        " FROM inbox, notice, batch",
        [*batch.recipients, *said, *done],
    )
    if not found:
        return None
    [(notice_id, batch_id, user, own, *rest)] = found
    _note_saved(notice, notice_id)
    batch.notice = notice
    _note_saved(batch, batch_id)
    step = Step(sql.public_key(user), own + suffix, *rest)
    return Change([step], [reading.notice_row(notice)])


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

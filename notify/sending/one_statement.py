"""The first half of sending as one statement, on PostgreSQL: a twin of `statements` for speed.

It does not say why it wrote nothing; `statements` does. `NOTIFY_ONE_STATEMENT = False` turns it
off.
Each part of a statement sees the tables as they were when it began, so the parts pass ids and keys
on (PostgreSQL, 7.8.4 "Data-Modifying Statements in WITH").
"""

from __future__ import annotations

from typing import Any

from notify import conf, sql
from notify.inbox import appending, epoch, one_statement
from notify.models import Place
from notify.models.inbox import COUNTS
from notify.sending import statements
from notify.sending.drafts import Draft
from notify.sending.statements import Written
from notify.sql import waits
from notify.sql.dialects import dialect


def is_allowed() -> bool:
    """Whether the notice may be written in one statement: a part of the caller's transaction, or a
    transaction by itself."""
    in_a_transaction = one_statement.is_on() and sql.connection().in_atomic_block
    return in_a_transaction or one_statement.is_allowed()


def write(draft: Draft, *, append: bool) -> Written | None:
    """Writes a notice with its batches; with `append`, with the copies of its recipients instead,
    unless they are more than a batch.

    In an open transaction it holds a savepoint, so that a refusal leaves the transaction usable.

    Returns:
        What was written. None, with nothing written, if a named user does not exist, if nobody is
        left to send to, or if the sender has used the key before.

    Raises:
        DatabaseError: Also if locks were not available in time.
    """
    suffix = epoch.suffix()  # before anything is written, as it may fail
    statement, params = _statement(draft, append=append)
    if sql.connection().in_atomic_block:
        found = waits.fetch_in_savepoint(statement, params)
    else:
        few = append and draft.audience.is_at_most(conf.current().batch_size)
        found = waits.fetch(statement, params, rows=len(draft.audience.keys) if few else None)
    if not found:
        return None
    notice = statements.saved(draft.notice, found[0][0])
    records = [record[2:] for record in found if record[2] is not None]
    return Written(notice, sorted(found[0][1] or ()), statements.arrival(notice, records, suffix))


def _statement(draft: Draft, *, append: bool) -> tuple[str, list[Any]]:
    size = conf.current().batch_size
    selection = draft.audience.selection(draft.excluded)
    parts, params = [], list[Any]()
    gate = "audience.size > 0"
    if selection.named is not None:
        parts.append(f"notify_named AS MATERIALIZED ({selection.named.statement})")
        params += selection.named.params
        gate += f" AND (SELECT count(*) FROM notify_named) = {len(draft.audience.keys)}"
    insert, values = statements.insert_row(draft.notice)
    parts += [
        f"recipient AS MATERIALIZED ({selection.recipients.statement})",
        "audience AS MATERIALIZED (SELECT count(*) AS size FROM recipient)",
        f"""notice AS (
            {insert} FROM audience WHERE {gate}
            {statements.on_repeated_key(draft.notice)} RETURNING id
        )""",
    ]
    params += [*selection.recipients.params, *values]
    few = append and draft.audience.is_at_most(size)
    if few:
        batches = "NULL::bigint[]"
    else:
        batch, values = _batches(draft, f"WHERE audience.size > {size}" if append else "")
        parts.append(batch)
        params += values
        batches = "(SELECT array_agg(id) FROM batch)"
    steps = ""
    if append:
        parts += _appended("" if few else f"WHERE audience.size <= {size}")
        steps = ", stepped.user_id, epoch, start, version, unseen, unread, badge"
    join = "LEFT JOIN stepped ON TRUE" if append else ""
    found = f"SELECT notice.id, {batches}{steps or ', NULL'} FROM notice {join}"
    return f"WITH {', '.join(parts)} {found}", params


def _batches(draft: Draft, where: str) -> tuple[str, list[Any]]:
    values, params = statements.batch_values(draft.notice)
    chunks = dialect().chunks("SELECT user_id FROM recipient", conf.current().batch_size)
    return (
        f"""batch AS (
            INSERT INTO notify_batch {statements.BATCH_COLUMNS}
            SELECT notice.id, chunk.recipients, chunk.size, {values}
            FROM notice, audience, ({chunks}) AS chunk {where}
            RETURNING id
        )""",
        params,
    )


def _appended(where: str) -> list[str]:
    arrivals = f"SELECT user_id, 1 AS arrivals FROM recipient, notice, audience {where}"
    return [
        f"""stepped AS (
            {appending.step_inboxes(arrivals)}
            RETURNING user_id, epoch, version - 1 AS start, version, {COUNTS}
        )""",
        f"""copy AS (
            INSERT INTO notify_notification {appending.COPY_COLUMNS}
            SELECT notice.id, user_id, version, version, {Place.INBOX:d} FROM stepped, notice
        )""",
    ]

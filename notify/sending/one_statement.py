"""The first half of sending as one statement, on PostgreSQL: a twin of `statements` for speed.

It does not say why it wrote nothing; `statements` does. `NOTIFY_ONE_STATEMENT = False` turns it
off.
Each part of a statement sees the tables as they were when it began, so the parts pass ids and keys
on (PostgreSQL, 7.8.4 "Data-Modifying Statements in WITH").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from notify import conf, sql
from notify.inbox import appending, epoch, one_statement
from notify.models import Reason
from notify.models.inbox import COUNTS
from notify.readers import filing
from notify.readers.defaults import asked_of
from notify.sending import statements
from notify.sending.audience import Selection
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
    off = filing.off_of([asked_of(draft.notice)]) if append else filing.Off()
    found = _run(draft, append, off)
    if not found:
        return None
    notice = statements.saved(draft.notice, found[0][0])
    records = [record[2:] for record in found if record[2] is not None]
    arrived = one_statement.arrived_of(records)
    change = appending.arrival(notice, arrived, suffix) if records else None
    return Written(notice, sorted(found[0][1] or ()), change)


def _run(draft: Draft, append: bool, off: filing.Off) -> list[tuple[Any, ...]]:
    statement, params = _statement(draft, append, off)
    if sql.connection().in_atomic_block:
        return waits.fetch_in_savepoint(statement, params)
    few = append and draft.audience.is_at_most(conf.current().batch_size)
    return waits.fetch(statement, params, rows=len(draft.audience.keys) if few else None)


def _statement(draft: Draft, append: bool, off: filing.Off) -> tuple[str, list[Any]]:
    size = conf.current().batch_size
    selection = draft.audience.selection(draft.excluded)
    parts, params = [], list[Any]()
    gate = f"audience.size > 0 AND {off.gate}"
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
        where = f"WHERE audience.size > {size}" if append else ""
        batch, values = _batches(draft, selection, where)
        parts.append(batch)
        params += values
        batches = "(SELECT array_agg(id) FROM batch)"
    if not append:
        return f"WITH {', '.join(parts)} SELECT notice.id, {batches}, NULL FROM notice", params
    copies, values = _appended(selection, off, "" if few else f"WHERE audience.size <= {size}")
    parts += copies
    params += values
    ripening, values = _ripening(draft, selection, "" if few else f"WHERE audience.size <= {size}")
    parts += ripening
    params += values
    steps = f"stepped.user_id, epoch, start, version, unseen, unread, badge, {_is_off(off)}"
    found = f"SELECT notice.id, {batches}, {steps} FROM notice LEFT JOIN stepped ON TRUE"
    return f"WITH {', '.join(parts)} {found}", params


def _batches(draft: Draft, selection: Selection, where: str) -> tuple[str, list[Any]]:
    values, params = statements.batch_values(draft.notice)
    recipients = "SELECT * FROM recipient"
    chunks = dialect().chunks(recipients, conf.current().batch_size, selection.reason)
    return (
        f"""batch AS (
            INSERT INTO notify_batch {statements.BATCH_COLUMNS}
            SELECT notice.id, chunk.recipients, chunk.reasons, chunk.size, {values}
            FROM notice, audience, ({chunks}) AS chunk {where}
            RETURNING id
        )""",
        params,
    )


def _ripening(draft: Draft, selection: Selection, where: str) -> tuple[list[str], list[Any]]:
    """The batch that stays of a notice whose kind declares a channel."""
    delay = statements.delay_of(draft.notice)
    if delay is None:
        return [], []
    values, params = statements.ripening_values(draft.notice, delay)
    chunks = dialect().chunks(
        "SELECT * FROM recipient", conf.current().batch_size, selection.reason
    )
    return [
        f"""ripening AS (
            INSERT INTO notify_batch {statements.RIPENING_COLUMNS}
            SELECT notice.id, chunk.recipients, chunk.reasons, chunk.size, {values}
            FROM notice, audience, ({chunks}) AS chunk {where}
        )"""
    ], params


def _appended(selection: Selection, off: filing.Off, where: str) -> tuple[list[str], list[Any]]:
    parts, params, counted = [], list[Any](), "1"
    if off.asked:
        parts.append(f"""filed AS MATERIALIZED (
            SELECT person.user_id FROM recipient AS person, {off.asked} AS asked, audience
            {where or "WHERE TRUE"} AND {off.condition}
        )""")
        params += [*off.asked_params, *off.params]
        counted = "CASE WHEN recipient.user_id IN (SELECT user_id FROM filed) THEN 0 ELSE 1 END"
    arrivals = f"""SELECT recipient.user_id, 1 AS arrivals, {counted} AS counted
            FROM recipient, notice, audience {where}"""
    parts += [
        f"""stepped AS (
            {appending.step_inboxes(arrivals)}
            RETURNING user_id, epoch, version - 1 AS start, version, {COUNTS}
        )""",
        f"""copy AS (
            INSERT INTO notify_notification {appending.COPY_COLUMNS}
            SELECT notice.id, stepped.user_id, version, version,
                {appending.placing(_is_off(off))}, {_reason(selection.reasons)}
            FROM stepped, notice
        )""",
    ]
    return parts, params


# A join with the recipients would be planned by how many they seem to be, and may then compare all
# with all. What is asked of a subquery in the list of columns is looked up in a hash table.


def _is_off(off: filing.Off) -> str:
    return "stepped.user_id IN (SELECT user_id FROM filed)" if off.asked else filing.NOBODY


def _reason(reasons: Sequence[Reason]) -> str:
    *strong, weakest = reasons
    cases = "".join(
        f"WHEN stepped.user_id IN (SELECT user_id FROM recipient WHERE reason = {reason:d})"
        f" THEN {reason:d} "
        for reason in strong
    )
    return f"CASE {cases}ELSE {weakest:d} END" if cases else f"{weakest:d}"

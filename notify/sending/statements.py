"""The statements of the first half of sending, in the open transaction.

`one_statement` does the same on PostgreSQL in a single round trip, for speed; what it leaves undone
is done here, and here is said why it cannot be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from django.db.models import AutoField

from notify import conf, sql
from notify.changes import Change
from notify.exceptions import Busy, EmptyAudience, KeyConflict
from notify.inbox import appending, claiming
from notify.kinds import registry
from notify.models import Batch, Level, Notice, Reason
from notify.readers.defaults import asked_of
from notify.sending.audience import Audience, Compiled, Selection
from notify.sending.drafts import Draft
from notify.sending.names import in_chunks
from notify.sql import database
from notify.sql.dialects import dialect
from notify.sql.keys import database_key

ROWS_PER_STATEMENT = 1000  # as one parameter, of up to 10 MB
CLOCKS_DIFFER = timedelta(seconds=0.1)  # a process's and the database's, and as it is told
BATCH_COLUMNS = (
    "(notice_id, recipients, reasons, size, due, state, urgent, attempts, appended, skipped)"
)


# Of a batch that was appended where it was written, and ripens.
RIPENING_COLUMNS = BATCH_COLUMNS.replace(")", ", finished, lineage)")


class Written(NamedTuple):
    """What was written of a notice.

    Attributes:
        notice: The notice, or the one that an earlier call with the same key wrote.
        batches: The ids of its batches; empty if it has none, or was written earlier.
        change: Of the inboxes, where the notice was appended, too.
        size: The number of recipients in the batches; `send_many` sets it.
        audience: The recipients as the caller named them; `send_many` sets it.
    """

    notice: Notice
    batches: Sequence[int] = ()
    change: Change | None = None
    size: int = 0
    audience: Audience | None = None

    def is_for_the_same(self, other: Written) -> bool:
        """Whether both are for the same people, as far as the arguments tell."""
        mine, theirs = self.audience, other.audience
        return mine is not None and theirs is not None and mine.is_same(theirs)


def write(draft: Draft) -> Written:
    """Writes a notice and its batches.

    Raises:
        KeyConflict: The key belongs to a notice with other content.
        UnknownUsers, EmptyAudience: There are no such recipients, or none.
    """
    notice_id = _insert_notice(draft.notice)
    if notice_id is None:
        return Written(written_earlier(draft.notice))
    draft.audience.refuse_unknown()
    batches = insert_batches(draft, draft.audience.selection(draft.excluded), notice_id)
    if not batches:
        raise nobody_is_left()
    return Written(saved(draft.notice, notice_id), [pk for pk, _ in batches])


def write_and_append(draft: Draft) -> Written:
    """Writes a notice and appends it to the inboxes of its recipients.

    If they are more than a batch, it writes their batches instead. Raises what `write` raises.
    """
    selection, size = draft.audience.selection(draft.excluded), conf.current().batch_size
    query = selection.query()
    if not draft.audience.is_at_most(size) and count_up_to(query, size + 1) > size:
        return write(draft)
    notice_id = _insert_notice(draft.notice)
    if notice_id is None:
        return Written(written_earlier(draft.notice))
    draft.audience.refuse_unknown()
    to = appending.Recipients(f"({query.statement})", query.params, selection.reason)
    arrived = appending.append(notice_id, to, asked=asked_of(draft.notice))
    if not arrived.records:
        raise nobody_is_left()
    notice = saved(draft.notice, notice_id)
    insert_ripening([notice])
    return Written(notice, change=appending.arrival(notice, arrived))


def count_up_to(query: Compiled, limit: int) -> int:
    """How many recipients there are, but at most `limit`."""
    statement = f"SELECT count(*) FROM ({query.statement} LIMIT {limit}) AS recipient"
    [(count,)] = sql.fetch(statement, query.params)
    return int(count)


def _insert_notice(notice: Notice) -> int | None:
    """Writes a notice and returns its id; None if its sender has used the key before."""
    insert, params = insert_row(notice)
    found = sql.fetch(f"{insert} WHERE TRUE {on_repeated_key(notice)} RETURNING id", params)
    return found[0][0] if found else None


def on_repeated_key(notice: Notice) -> str:
    """The end of an insertion, which waits for a transaction that writes the same key."""
    if notice.key is None:
        return ""
    return "ON CONFLICT (sender, key) WHERE key IS NOT NULL DO NOTHING"


def written_earlier(notice: Notice) -> Notice:
    """The notice that the same sender has written with the same key.

    Raises:
        KeyConflict: It has other content.
        Busy: It was deleted at this moment.
    """
    earlier: Notice | None = Notice.objects.filter(sender=notice.sender, key=notice.key).first()
    if earlier is None:
        raise Busy("The notice with this key has just been deleted. Try again.")
    if earlier.fingerprint != notice.fingerprint:
        raise KeyConflict(str(notice.key), earlier.pk)
    earlier.repeated = True
    return earlier


def insert_batches(draft: Draft, selection: Selection, notice_id: int) -> list[tuple[int, int]]:
    """Writes the batches of a notice; returns the id and the size of each."""
    values, params = batch_values(draft.notice)
    recipients = selection.query()
    chunks = dialect().chunks(recipients.statement, conf.current().batch_size, selection.reason)
    found = sql.fetch(
        f"""INSERT INTO notify_batch {BATCH_COLUMNS}
        SELECT %s, chunk.recipients, chunk.reasons, chunk.size, {values} FROM ({chunks}) AS chunk
        RETURNING id, size""",
        [notice_id, *params, *recipients.params],
    )
    return sorted(found)


def insert_single_batches(pairs: str, *, urgent: bool) -> list[tuple[int, int]]:
    """Writes a batch for each notice, reserved for the commit hook.

    Args:
        pairs: A JSON array of notices' ids, each with the key of a recipient.
        urgent: Whether the notices are.

    Returns:
        Of each batch its id, and that of its notice.
    """
    reasons = dialect().same_reason(Reason.NAME)
    return sql.fetch(
        f"""INSERT INTO notify_batch {BATCH_COLUMNS}
        SELECT notice_id, {dialect().KEYS_AS_JSON}, {reasons}, count(*), %s, %s, %s, 0, 0, 0
        FROM {dialect().pairs_in_array()} AS pair
        GROUP BY notice_id
        ORDER BY notice_id
        RETURNING id, notice_id""",
        [sql.moment(database.now() + claiming.GRACE), Batch.State.PENDING.value, urgent, pairs],
    )


def insert_ripening(notices: Iterable[Notice]) -> None:
    """Writes a batch for each of these notices whose kind declares a channel, of those who have got
    it in this transaction: later, somebody looks who has not read it."""
    for notice in notices:
        delay = delay_of(notice)
        if delay is None:
            continue
        copies = "SELECT user_id, COALESCE(reason, %s) AS reason FROM notify_notification"
        chunks = dialect().chunks(f"{copies} WHERE notice_id = %s", conf.current().batch_size, None)
        values, params = ripening_values(notice, delay)
        sql.execute(
            f"""INSERT INTO notify_batch {RIPENING_COLUMNS}
            SELECT %s, chunk.recipients, chunk.reasons, chunk.size, {values}
            FROM ({chunks}) AS chunk""",
            [notice.pk, *params, Reason.NAME, notice.pk],
        )


def delay_of(notice: Notice) -> timedelta | None:
    return registry.first_delay(notice.kind, notice.category)


def ripening_values(notice: Notice, delay: timedelta) -> tuple[str, list[Any]]:
    """As `batch_values`, of a batch that is appended by the same transaction."""
    now = database.now()
    return (
        "%s, %s, %s, 0, chunk.size, 0, %s, %s",
        [
            sql.moment(now + delay),
            Batch.State.RIPENING.value,
            is_urgent(notice),
            sql.moment(now),
            database.facts().lineage,
        ],
    )


def batch_values(notice: Notice) -> tuple[str, list[Any]]:
    """The columns from `due` on, as SQL of a `chunk` of recipients, with its parameters.

    A single batch is reserved for the commit hook, and all batches for the tasks of a backend:
    workers wait for them. All batches of a notice have the same `due`: see inbox/turns.py.
    """
    now = database.now()
    params: list[Any]
    if notice.send_at is not None and not is_due(notice):
        due, params = "%s", [sql.moment(notice.send_at)]
    elif conf.current().task_backend is not None:
        due, params = "%s", [sql.moment(now + claiming.GRACE)]
    else:
        due = f"CASE WHEN chunk.chunks = 1 THEN %s ELSE {dialect().CLOCK} END"
        params = [sql.moment(now + claiming.GRACE)]
    return f"{due}, %s, %s, 0, 0, 0", [*params, Batch.State.PENDING.value, is_urgent(notice)]


def is_urgent(notice: Notice) -> bool:
    return notice.level == Level.CRITICAL


def is_due(notice: Notice) -> bool:
    """Whether a notice is sent now: it is not scheduled, or for a moment that has passed. The
    moment is often a caller's "now", by another clock than the database's."""
    return notice.send_at is None or notice.send_at <= notice.created + CLOCKS_DIFFER


def insert_rows(notices: Sequence[Notice]) -> None:
    """Writes several notices, in their order, and sets their ids.

    Django's `bulk_create` takes twice the CPU time.
    """
    types = [_column_type(field) for field in _written_fields()]
    elements = ", ".join(dialect().element(n, kind) for n, kind in enumerate(types))
    statement = f"""INSERT INTO notify_notice ({_columns()})
        SELECT {elements} FROM {dialect().items_in_array()} AS items ORDER BY n RETURNING id"""
    for chunk in in_chunks(iter(notices), ROWS_PER_STATEMENT):
        found = sql.fetch(statement, [sql.json_array(map(_json_values, chunk))])
        for notice, (pk,) in zip(chunk, sorted(found), strict=True):
            saved(notice, pk)


def _column_type(field: Any) -> str:
    kind = str(field.db_type(sql.connection()))
    return "text" if kind.startswith("varchar") else kind


def _json_values(notice: Notice) -> list[Any]:
    return [_json_value(field, getattr(notice, field.attname)) for field in _written_fields()]


def _json_value(field: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        return str(sql.moment(value))
    return database_key(value) if field.is_relation and value is not None else value


def insert_row(notice: Notice) -> tuple[str, list[Any]]:
    """`INSERT … SELECT` of an unsaved notice as Django's `save` would write it, with its
    parameters."""
    connection = sql.connection()
    params = [
        field.get_db_prep_save(getattr(notice, field.attname), connection=connection)
        for field in _written_fields()
    ]
    return (
        f"INSERT INTO notify_notice ({_columns()}) SELECT {', '.join(['%s'] * len(params))}",
        params,
    )


@cache
def _written_fields() -> list[Any]:
    return [
        field for field in Notice._meta.local_concrete_fields if not isinstance(field, AutoField)
    ]


@cache
def _columns() -> str:
    return ", ".join(f'"{field.column}"' for field in _written_fields())


def saved(notice: Notice, notice_id: int) -> Notice:
    """The notice as if it had been saved by `save`."""
    notice.pk = notice_id
    notice._state.adding, notice._state.db = False, sql.alias()
    return notice


def nobody_is_left() -> EmptyAudience:
    return EmptyAudience("matches no users. Nothing was sent.")

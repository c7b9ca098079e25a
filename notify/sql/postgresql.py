"""SQL for PostgreSQL; `sqlite.py` has the same names.

`keys` is a subquery of users' keys, in brackets: `keys_in_array()`, `single_key()` or
`keys_in_batch()`. It has one parameter.

Several subqueries have a LIMIT that cuts nothing off. Its purpose is to make the planner look up
each row by an index. The planner expects 100 rows of a JSON array, whatever its length.
"""

from __future__ import annotations

from notify.models.inbox import COUNTS, Reason
from notify.sql.keys import key_type, user_table

CLOCK = "STATEMENT_TIMESTAMP()"  # the database's time
KEYS_AS_JSON = "jsonb_agg(user_id ORDER BY user_id)"  # of a group, as an array
ROW_ID = "ctid"  # names a row until it is changed; see `each_of`
NEW_EPOCH = "substr(replace(gen_random_uuid()::text, '-', ''), 1, 16)"  # 16 hexadecimal digits


def lock(clause: str) -> str:
    """A row lock, such as `FOR UPDATE`."""
    return clause


def rfc3339(column: str) -> str:
    """A time column as RFC 3339 text: UTC with milliseconds."""
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"


def contains(column: str) -> str:
    """Whether a text contains what `contains_parameter` is made of; case does not matter."""
    return rf"{column} ILIKE %s ESCAPE '\'"


def contains_parameter(words: str) -> str:
    escaped = words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def keys_in_array() -> str:
    """The users' keys in a JSON array, the parameter."""
    return f"(SELECT key::{key_type()} FROM jsonb_array_elements_text(%s::jsonb) AS key)"


def single_key() -> str:
    """One user's key, the parameter; it is planned in less time than an array."""
    return f"(SELECT %s::{key_type()})"


def keys_in_batch() -> str:
    """The recipients of a batch, whose id is the parameter, each with the reason. They never leave
    the database."""
    return f"(SELECT {recipient_columns()} FROM {recipients_of_batch()} WHERE batch.id = %s)"


def recipients_of_batch(batches: str = "notify_batch") -> str:
    """The recipients of `batch`, as a part of FROM, for `recipient_columns`."""
    return (
        f"{batches} AS batch, ROWS FROM (jsonb_array_elements_text(batch.recipients),"
        " jsonb_array_elements_text(batch.reasons)) AS recipient(key, reason)"
    )


def recipient_columns() -> str:
    """A recipient's key, and the reason. Several reasons are for the first ones; the last of them
    is for all others, too."""
    return (
        f"recipient.key::{key_type()} AS user_id,"
        " COALESCE(recipient.reason, batch.reasons->>-1)::smallint AS reason"
    )


def each_of(subquery: str) -> str:
    """A comparison with the keys of a subquery, each of which is looked up by itself.

    The planner expects ten keys of an array. It may carry out a join with 2,000 by reading the
    whole table.
    """
    return f"= ANY (ARRAY{subquery})"


def cursors(count: int) -> str:
    """A subquery `(n, user_id, since)` of a JSON array of `count` such triples.

    With the expected 100 cursors the planner would rather read all notices than look up 50 for
    each inbox.
    """
    return f"""(
        SELECT (item->>0)::int AS n, (item->>1)::{key_type()} AS user_id,
            (item->>2)::bigint AS since
        FROM jsonb_array_elements(%s::jsonb) AS item
        LIMIT {count}
    )"""


def existing(keys: str = "", *, reasons: bool = False) -> str:
    """A subquery `(user_id)` of those users among the keys who exist; without keys, of all users.

    With `reasons`, the keys come with one each, and leave with the strongest: `(user_id, reason)`.

    The planner may otherwise compare each of 5,000 keys with all users, of whose table it may
    have no statistics. Several texts may be the key of one user, by the column's collation.
    """
    users, pk = user_table()
    if not keys:
        return f"(SELECT {pk} AS user_id FROM {users})"
    are_texts = key_type() not in {"integer", "bigint", "smallint", "uuid"}
    if reasons:
        columns = "person.user_id, min(wanted.reason)" if are_texts else "person.user_id, reason"
        wanted, end = "wanted(user_id, reason)", "GROUP BY person.user_id" if are_texts else ""
        columns += " AS reason"
    else:
        columns = "DISTINCT person.user_id" if are_texts else "person.user_id"
        wanted, end = "wanted(user_id)", ""
    return f"""(
        SELECT {columns}
        FROM {keys} AS {wanted}, LATERAL (
            SELECT candidate.{pk} AS user_id FROM {users} AS candidate
            WHERE candidate.{pk} = wanted.user_id
            LIMIT 1
        ) AS person
        {end}
    )"""


def pairs_in_array() -> str:
    """A subquery `(notice_id, user_id, reason)` of a JSON array of such pairs of people who were
    named, the parameter."""
    return f"""(
        SELECT (item->>0)::bigint AS notice_id, (item->>1)::{key_type()} AS user_id,
            {Reason.NAME:d} AS reason
        FROM jsonb_array_elements(%s::jsonb) AS item
    )"""


def pairs_in_batches() -> str:
    """A subquery `(notice_id, user_id, reason)` of all recipients of the batches whose ids are in a
    JSON array, the parameter."""
    return f"""(
        SELECT batch.notice_id, {recipient_columns()}
        FROM {recipients_of_batch()}
        WHERE batch.id = ANY (ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)::bigint))
    )"""


def items_in_array() -> str:
    """A subquery `(n, item)` of a JSON array of arrays, the parameter, in its order."""
    return "(SELECT n, item FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS a(item, n))"


def element(index: int, column_type: str) -> str:
    """An element of such an `item`, for a column of this type."""
    if column_type == "jsonb":
        return f"item->{index}"
    return f"(item->>{index})::{column_type}"


def texts(index: int) -> str:
    """An element of such an `item` that is an array of texts, for `is_among`."""
    return f"ARRAY(SELECT jsonb_array_elements_text(item->{index}))"


def is_among(column: str, texts: str) -> str:
    """Whether a text is one of `texts`."""
    return f"{column} = ANY ({texts})"


def same_reason(reason: int) -> str:
    """`Batch.reasons` of recipients who all have this one."""
    return f"'[{reason:d}]'::jsonb"


def chunks(query: str, size: int, reason: int | None) -> str:
    """Cuts a query `(user_id)` into chunks of recipients.

    Args:
        query: the query; `(user_id, reason)` if they got there for different reasons.
        size: of a chunk.
        reason: that of all of them; None if they have different ones.

    Returns:
        A query `(recipients, reasons, size, chunks)`: a JSON array of keys, one of their reasons
        as `Batch` has it, their number, and the number of chunks.
    """
    if reason is None:
        columns, reasons = (
            "user_id, reason",
            """CASE WHEN min(reason) = max(reason) THEN jsonb_build_array(min(reason))
                ELSE jsonb_agg(reason ORDER BY user_id) END""",
        )
    else:
        columns, reasons = "user_id", same_reason(reason)
    return f"""SELECT {KEYS_AS_JSON} AS recipients, {reasons} AS reasons, count(*) AS size,
            count(*) OVER () AS chunks
        FROM (
            SELECT {columns}, (row_number() OVER (ORDER BY user_id) - 1) / {size} AS chunk
            FROM ({query}) AS recipient
        ) AS numbered
        GROUP BY chunk"""


def read_inboxes(count: int, columns: str, where: str, order: str, *, by_notice: bool) -> str:
    """Reads several inboxes with the first rows of each.

    Parameters of the statement: a JSON array of cursors, those of `where`, and the number of rows
    per inbox.

    Args:
        count: how many cursors there are.
        columns: what to read of each `copy` and its `notice`.
        where: which copies; a condition of `copy`, `wanted` (the cursor) and `notice`.
        order: which copies are first.
        by_notice: whether `where` refers to `notice`.
    """
    join_notice = "JOIN notify_notice AS notice ON notice.id = copy.notice_id" if by_notice else ""
    return f"""SELECT wanted.n, wanted.since, inbox.user_id, inbox.epoch, inbox.version,
            inbox.floor, {COUNTS}, {columns}
        FROM {cursors(count)} AS wanted
        JOIN notify_inbox AS inbox ON inbox.user_id = wanted.user_id
        LEFT JOIN LATERAL (
            SELECT copy.* FROM notify_notification AS copy {join_notice}
            WHERE copy.user_id = inbox.user_id AND {where}
            ORDER BY {order} LIMIT %s
        ) AS copy ON TRUE
        LEFT JOIN notify_notice AS notice ON notice.id = copy.notice_id
        ORDER BY wanted.n, {order}"""


def batches_naming(condition: str) -> str:
    """The ids of the batches that have a user among their recipients; the key is the last
    parameter.

    Args:
        condition: which batches; a condition of `batch`.
    """
    return f"""SELECT batch.id FROM notify_batch AS batch
        WHERE {condition} AND EXISTS (
            SELECT 1 FROM jsonb_array_elements_text(batch.recipients) AS key WHERE key = %s::text
        )"""

"""SQL for PostgreSQL; `sqlite.py` has the same names.

`keys` is a subquery of users' keys, in brackets: `keys_in_array()`, `single_key()` or
`keys_in_batch()`. It has one parameter.

Several subqueries have a LIMIT that cuts nothing off. Its purpose is to make the planner look up
each row by an index. The planner expects 100 rows of a JSON array, whatever its length.
"""

from __future__ import annotations

from notify.sql.keys import key_type, user_table

CLOCK = "STATEMENT_TIMESTAMP()"  # the database's time
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
    """The recipients of a batch, whose id is the parameter. They never leave the database."""
    return (
        f"(SELECT key::{key_type()}"
        " FROM notify_batch AS batch, jsonb_array_elements_text(batch.recipients) AS key"
        " WHERE batch.id = %s)"
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


def copies_of_notice(keys: str) -> str:
    """A subquery of these users' copies of a notice, whose id is the second parameter.

    The planner knows no copy yet of a notice that was sent a moment ago, and would read all its
    copies for each batch.
    """
    return f"""(
        SELECT copy.*
        FROM {keys} AS wanted(user_id), LATERAL (
            SELECT * FROM notify_notification AS candidate
            WHERE candidate.user_id = wanted.user_id AND candidate.notice_id = %s
            LIMIT 1
        ) AS copy
    )"""


def open_inboxes(keys: str) -> str:
    """Creates the missing inboxes of these users, in the order in which they are locked.

    The planner may otherwise compare each of 5,000 keys with all users, of whose table it may
    have no statistics.
    """
    users, pk = user_table()
    return f"""INSERT INTO notify_inbox
            (user_id, epoch, version, floor, acknowledged, unseen, unread)
        SELECT person.user_id, {NEW_EPOCH}, 0, 0, 0, 0, 0
        FROM {keys} AS wanted(user_id), LATERAL (
            SELECT candidate.{pk} AS user_id FROM {users} AS candidate
            WHERE candidate.{pk} = wanted.user_id
            LIMIT 1
        ) AS person
        ORDER BY person.user_id
        ON CONFLICT DO NOTHING"""


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
            inbox.floor, inbox.unseen, inbox.unread, {columns}
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

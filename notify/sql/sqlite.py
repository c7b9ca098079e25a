"""SQL for SQLite; `postgresql.py` has the same names, and says what each is."""

from __future__ import annotations

import re

from notify.models.inbox import COUNTS, Reason
from notify.sql.keys import user_table

# SQLite compares times as text, and Django writes six decimals.
CLOCK = "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f000', 'NOW')"
KEYS_AS_JSON = "json_group_array(user_id)"
ROW_ID = "rowid"
NEW_EPOCH = "lower(hex(randomblob(8)))"


def lock(clause: str) -> str:
    """Nothing: SQLite has one lock for all, taken by BEGIN IMMEDIATE."""
    del clause
    return ""


def rfc3339(column: str) -> str:
    return f"strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', {column})"


def contains(column: str) -> str:
    """LIKE ignores case of ASCII letters only. REGEXP is Django's, by Python's `re`."""
    return f"{column} REGEXP %s"


def contains_parameter(words: str) -> str:
    return f"(?i){re.escape(words)}"


def keys_in_array() -> str:
    return "(SELECT value FROM json_each(%s))"


def single_key() -> str:
    return "(SELECT %s)"


def keys_in_batch() -> str:
    return f"(SELECT {recipient_columns()} FROM {recipients_of_batch()} WHERE batch.id = %s)"


def recipients_of_batch(batches: str = "notify_batch") -> str:
    return f"{batches} AS batch, json_each(batch.recipients) AS recipient"


def recipient_columns() -> str:
    return """recipient.value AS user_id, COALESCE(
            json_extract(batch.reasons, '$[' || recipient.key || ']'),
            json_extract(batch.reasons, '$[#-1]')
        ) AS reason"""


def each_of(subquery: str) -> str:
    return f"IN {subquery}"


def cursors(count: int) -> str:
    del count
    return """(
        SELECT json_extract(value, '$[0]') AS n, json_extract(value, '$[1]') AS user_id,
            json_extract(value, '$[2]') AS since
        FROM json_each(%s)
    )"""


def existing(keys: str = "", *, reasons: bool = False) -> str:
    users, pk = user_table()
    if reasons:
        return f"""(
            SELECT person.{pk} AS user_id, min(wanted.reason) AS reason
            FROM {keys} AS wanted JOIN {users} AS person ON person.{pk} = wanted.user_id
            GROUP BY person.{pk}
        )"""
    return f"(SELECT {pk} AS user_id FROM {users}{f' WHERE {pk} IN {keys}' if keys else ''})"


def pairs_in_array() -> str:
    return f"""(
        SELECT json_extract(value, '$[0]') AS notice_id, json_extract(value, '$[1]') AS user_id,
            {Reason.NAME:d} AS reason
        FROM json_each(%s)
    )"""


def pairs_in_batches() -> str:
    return f"""(
        SELECT batch.notice_id, {recipient_columns()}
        FROM {recipients_of_batch()}
        WHERE batch.id IN (SELECT value FROM json_each(%s))
    )"""


def items_in_array() -> str:
    return "(SELECT key AS n, value AS item FROM json_each(%s))"


def element(index: int, column_type: str) -> str:
    del column_type
    return f"json_extract(item, '$[{index}]')"


def texts(index: int) -> str:
    return f"json_extract(item, '$[{index}]')"


def is_among(column: str, texts: str) -> str:
    return f"{column} IN (SELECT value FROM json_each({texts}))"


def same_reason(reason: int) -> str:
    return f"'[{reason:d}]'"


def chunks(query: str, size: int, reason: int | None) -> str:
    if reason is None:
        columns, reasons = (
            "user_id, reason",
            """CASE WHEN min(reason) = max(reason) THEN json_array(min(reason))
                ELSE json_group_array(reason) END""",
        )
    else:
        columns, reasons = "user_id", same_reason(reason)
    return f"""SELECT {KEYS_AS_JSON} AS recipients, {reasons} AS reasons, count(*) AS size,
            count(*) OVER () AS chunks
        FROM (
            SELECT {columns}, (row_number() OVER (ORDER BY user_id) - 1) / {size} AS chunk
            FROM ({query}) AS recipient
            ORDER BY user_id
        ) AS numbered
        GROUP BY chunk"""


def read_inboxes(count: int, columns: str, where: str, order: str, *, by_notice: bool) -> str:
    """SQLite has no LATERAL, and PostgreSQL does not plan this form well."""
    join_notice = "JOIN notify_notice AS notice ON notice.id = copy.notice_id" if by_notice else ""
    return f"""SELECT wanted.n, wanted.since, inbox.user_id, inbox.epoch, inbox.version,
            inbox.floor, {COUNTS}, {columns}
        FROM {cursors(count)} AS wanted
        JOIN notify_inbox AS inbox ON inbox.user_id = wanted.user_id
        LEFT JOIN notify_notification AS copy ON copy.user_id = inbox.user_id
            AND copy.notice_id IN (
                SELECT copy.notice_id FROM notify_notification AS copy {join_notice}
                WHERE copy.user_id = inbox.user_id AND {where}
                ORDER BY {order} LIMIT %s
            )
        LEFT JOIN notify_notice AS notice ON notice.id = copy.notice_id
        ORDER BY wanted.n, {order}"""


def batches_naming(condition: str) -> str:
    return f"""SELECT batch.id FROM notify_batch AS batch
        WHERE {condition} AND EXISTS (
            SELECT 1 FROM json_each(batch.recipients) AS recipient WHERE recipient.value = %s
        )"""

"""The SQL that PostgreSQL and SQLite write differently.

The store works on whole batches, so recipients and cursors go into a statement as one JSON
parameter, and rows come out in the shape of the protocol.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from notify.models import Batch, Inbox, Notice, Notification, content, primary

_LACKS = re.compile("no such (table|column|function)|has no column").search


def alias() -> str:
    """The database that holds the inboxes, for raw SQL and transactions; managers know it."""
    return primary()


def connection() -> BaseDatabaseWrapper:
    return connections[alias()]


def is_postgresql() -> bool:
    return connection().vendor == "postgresql"


@contextmanager
def statements_end_within(seconds: float) -> Iterator[None]:
    """Has each statement in it that takes longer fail, with OperationalError. PostgreSQL only.

    In a transaction, and never for the session: behind a pooler that gives each transaction
    another connection, a session's setting stays with a connection that others get.
    """
    if not is_postgresql():
        yield
        return
    nested = connection().in_atomic_block
    with transaction.atomic(using=alias()):
        before = fetch("SHOW statement_timeout")[0][0] if nested else None
        execute(f"SET LOCAL statement_timeout = '{round(seconds * 1000)}ms'")
        yield
        if nested:  # it is the caller's transaction that goes on
            execute(f"SET LOCAL statement_timeout = '{before}'")


def is_away(error: BaseException) -> bool:
    """Whether the database cannot be had, or not in time: another try may succeed. Not that a
    table is missing, which SQLite calls an operational error too."""
    return isinstance(error, InterfaceError) or (
        isinstance(error, OperationalError) and not _LACKS(str(error))
    )


def one_at_a_time(what: str) -> None:
    """Waits until no other transaction that said this is open. SQLite has one writer anyway."""
    if is_postgresql():
        execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"notify {what}"])


@contextmanager
def cursor(sql: str, params: Iterable[Any] = ()) -> Iterator[Any]:
    with connection().cursor() as opened:
        opened.execute(sql, tuple(params))
        yield opened


def execute(sql: str, params: Iterable[Any] = ()) -> int:
    """Runs a statement; the number of rows that it touched."""
    with cursor(sql, params) as done:
        return int(done.rowcount)


def fetch(sql: str, params: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    with cursor(sql, params) as done:
        return list(done.fetchall())


# Names and fragments.


def table(model: type[Any]) -> str:
    return connection().ops.quote_name(model._meta.db_table)


def user_table() -> tuple[str, str]:
    """The table of users and its key column, quoted."""
    meta = get_user_model()._meta
    quote = connection().ops.quote_name
    return quote(meta.db_table), quote(str(meta.pk.column))


def moment(value: datetime) -> Any:
    """A time as a parameter of raw SQL."""
    return connection().ops.adapt_datetimefield_value(value)


def to_key(value: Any) -> Any:
    """A user's key, of what names it. Raises ValidationError where the column cannot hold it; what
    the field's own validators say is for new users, and nobody who is there fails by it."""
    if value is None or isinstance(value, bool | bytes | float):
        raise ValidationError("not a key")
    field, ops = key_field(), connection().ops
    key = field.to_python(value)
    if isinstance(key, int):
        kind = field.get_internal_type()
        known = kind if kind in ops.integer_field_ranges else "BigIntegerField"
        low, high = ops.integer_field_range(known)
        if not low <= key <= high:
            raise ValidationError("beyond the column")
    elif isinstance(key, str) and not content.is_storable(key):
        raise ValidationError("no text")
    return key


def database_key(key: Any) -> Any:
    """A user's key as the database holds it, in a form that JSON can carry."""
    return database_keys([key])[0]


def database_keys(keys: Iterable[Any]) -> list[Any]:
    field, own = get_user_model()._meta.pk, connection()
    prepared = (field.get_db_prep_value(field.to_python(key), own) for key in keys)
    return [value if isinstance(value, int) else str(value) for value in prepared]


def public_key(value: Any) -> str:
    """`str(pk)` of a key that raw SQL returned."""
    if type(value) is int:
        return str(value)
    return value if type(value) is str and not _is_uuid() else str(key_field().to_python(value))


def _is_uuid() -> bool:
    return str(key_field().get_internal_type()) == "UUIDField"


def has_collation(field: Any) -> bool:
    """Whether the column may take for the same what Python does not."""
    return bool(getattr(field, "db_collation", None))


def key_field() -> Any:
    """The field of a user's key; of a model that extends another, the one that it refers to."""
    field: Any = get_user_model()._meta.pk
    while field.remote_field is not None:
        field = field.target_field
    return field


def key_type() -> str:
    """The column type of a reference to a user; `varchar` without its length, as a cast would cut
    off what is too long."""
    kind = str(get_user_model()._meta.pk.rel_db_type(connection()))
    return "varchar" if kind.startswith("varchar(") else kind


def keys_of(parameter: str = "%s") -> str:
    """A subquery of the user keys in a JSON array."""
    if is_postgresql():
        return f"(SELECT r::{key_type()} FROM jsonb_array_elements_text({parameter}::jsonb) r)"
    return f"(SELECT value FROM json_each({parameter}))"


def sole_key() -> str:
    """A subquery of one user key, a parameter, which is planned in less time than an array."""
    return f"(SELECT %s::{key_type()})" if is_postgresql() else "(SELECT %s)"


def keys_of_batch() -> str:
    """A subquery of a batch's recipients, which so never leave the database."""
    batch = table(Batch)
    if is_postgresql():
        return (
            f"(SELECT r::{key_type()} FROM {batch} b, jsonb_array_elements_text(b.recipients) r"
            " WHERE b.id = %s)"
        )
    return f"(SELECT r.value FROM {batch} b, json_each(b.recipients) r WHERE b.id = %s)"


def locked_inboxes(keys: str) -> str:
    """A subquery `(user_id, version)` of the inboxes of these users, which it locks in order."""
    return (
        f"(SELECT user_id, version FROM {table(Inbox)} WHERE user_id IN {keys}"
        f" ORDER BY user_id {for_update()})"
    )


def users_of(keys: str) -> str:
    """A subquery `(user_id)` of those of these keys that are users'."""
    users, pk = user_table()
    if is_postgresql():
        # The limit has each be looked up by itself. The planner takes `keys` for 100, and may
        # compare each of 5,000 with all users of a table that it has no statistics of.
        return (
            f"(SELECT f.user_id FROM {keys} AS k(user_id), LATERAL (SELECT u.{pk} AS user_id"
            f" FROM {users} u WHERE u.{pk} = k.user_id LIMIT 1) f)"
        )
    return f"(SELECT {pk} AS user_id FROM {users} WHERE {pk} IN {keys})"


def copies_of(keys: str) -> str:
    """A subquery of these users' copies of one notice; its id is the parameter after theirs."""
    copies = table(Notification)
    if is_postgresql():
        # The limit has each be looked up by itself. Of a notice that was sent a moment ago the
        # planner knows no copy yet, and would read all of them for each batch.
        return (
            f"(SELECT n.* FROM {keys} AS k(user_id), LATERAL (SELECT * FROM {copies} m"
            " WHERE m.user_id = k.user_id AND m.notice_id = %s LIMIT 1) n)"
        )
    return f"(SELECT * FROM {copies} WHERE user_id IN {keys} AND notice_id = %s)"


def one_of(subquery: str) -> str:
    """`IN` a subquery of keys, in its brackets, each of which is looked up by itself."""
    if is_postgresql():
        # The planner takes an array for ten keys. A join of 2,000 it may carry out by reading the
        # whole table.
        return f"= ANY (ARRAY{subquery})"
    return f"IN {subquery}"


def list_of(values: Sized) -> str:
    """As many parameters, in brackets."""
    return f"({', '.join(['%s'] * len(values))})"


def numbered(count: int) -> str:
    """A table of `count` pairs of parameters; its columns have the same names everywhere:
    `column1` and `column2`."""
    return f"(VALUES {', '.join(['(%s, %s)'] * count)})"


def cursors_of(count: int) -> str:
    """A subquery `(n, user_id, since)` of a JSON array of `count` such triples."""
    if is_postgresql():
        # The limit tells the planner how many there are. It guesses 100, and for 100 inboxes
        # it would rather read all notices than look up 50 of them each.
        return (
            f"(SELECT (c->>0)::int AS n, (c->>1)::{key_type()} AS user_id, (c->>2)::bigint AS since"
            f" FROM jsonb_array_elements(%s::jsonb) c LIMIT {count})"
        )
    return (
        "(SELECT json_extract(value, '$[0]') AS n, json_extract(value, '$[1]') AS user_id,"
        " json_extract(value, '$[2]') AS since FROM json_each(%s))"
    )


def lateral(where: str, order: str, *, by_notice: bool = False) -> str:
    """Joins `n`: the first rows of each inbox `i` in this order; takes the limit as parameter.

    `where` may speak of the notice `t` only with `by_notice`. SQLite has no LATERAL, and
    PostgreSQL does not plan the other form well.
    """
    condition = f"m.user_id = i.user_id AND {where} ORDER BY {order} LIMIT %s"
    source = f"{table(Notification)} m"
    if by_notice:
        source += f" JOIN {table(Notice)} t ON t.id = m.notice_id"
    if is_postgresql():
        return f"LEFT JOIN LATERAL (SELECT m.* FROM {source} WHERE {condition}) n ON TRUE"
    return (
        f"LEFT JOIN {table(Notification)} n"
        f" ON n.id IN (SELECT m.id FROM {source} WHERE {condition})"
    )


def contains(column: str) -> str:
    """Whether a text has `contained` in it, in whatever case. SQLite's LIKE knows the case of ASCII
    letters only; its REGEXP is Django's, by Python's `re`."""
    return rf"{column} ILIKE %s ESCAPE '\'" if is_postgresql() else f"{column} REGEXP %s"


def contained(words: str) -> str:
    """The parameter of `contains`."""
    if not is_postgresql():
        return f"(?i){re.escape(words)}"
    escaped = words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def rfc3339(column: str) -> str:
    """A time column as text, UTC with milliseconds."""
    if is_postgresql():
        return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    return f"strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', {column})"


def clock() -> str:
    """The database's time, in the form of a time column. SQLite compares times as text, and Django
    writes six decimals."""
    if is_postgresql():
        return "STATEMENT_TIMESTAMP()"
    return "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f000', 'NOW')"


def new_epoch() -> str:
    """16 random hexadecimal digits."""
    if is_postgresql():
        return "substr(replace(gen_random_uuid()::text, '-', ''), 1, 16)"
    return "lower(hex(randomblob(8)))"


def for_update(mode: str = "UPDATE") -> str:
    """A row lock; SQLite has one lock for all, taken by BEGIN IMMEDIATE."""
    return f"FOR {mode}" if is_postgresql() else ""


def json_array(values: Iterable[Any]) -> str:
    return json.dumps(list(values), separators=(",", ":"))

"""Running SQL on the database that holds the inboxes.

The inbox works on whole batches, so recipients and cursors go into a statement as one JSON
parameter. Statements that PostgreSQL and SQLite write differently are in `postgresql.py` and
`sqlite.py`, under the same names; `dialects.dialect()` returns the one to use. All others are
written where they are run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from notify.models import primary

_LACKS = re.compile("no such (table|column|function)|has no column").search


def alias() -> str:
    """The database that holds the inboxes, for raw SQL and transactions; managers know it."""
    return primary()


def connection() -> BaseDatabaseWrapper:
    return connections[alias()]


def is_postgresql() -> bool:
    return _vendor(alias()) == "postgresql"


@cache
def _vendor(alias: str) -> str:
    return connections[alias].vendor


@contextmanager
def cursor(statement: str, params: Iterable[Any] = ()) -> Iterator[Any]:
    with connection().cursor() as opened:
        opened.execute(statement, tuple(params))
        yield opened


def execute(statement: str, params: Iterable[Any] = ()) -> int:
    """Runs a statement and returns the number of rows that it changed."""
    with cursor(statement, params) as done:
        return int(done.rowcount)


def fetch(statement: str, params: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """Runs a statement and returns its rows."""
    with cursor(statement, params) as done:
        return list(done.fetchall())


@contextmanager
def statements_end_within(seconds: float) -> Iterator[None]:
    """Limits the time of each statement in the block. PostgreSQL only.

    The limit is set for a transaction, never for the session: behind a pooler that gives each
    transaction another connection, a session's setting stays with a connection that others get.

    Args:
        seconds: the limit of each statement.

    Raises:
        OperationalError: if a statement takes longer.
    """
    if not is_postgresql():
        yield
        return
    nested = connection().in_atomic_block
    with transaction.atomic(using=alias()):
        before = fetch("SHOW statement_timeout")[0][0] if nested else None
        execute(f"SET LOCAL statement_timeout = '{round(seconds * 1000)}ms'")
        yield
        if nested:  # the caller's transaction goes on
            execute(f"SET LOCAL statement_timeout = '{before}'")


def one_at_a_time(name: str) -> None:
    """Waits until no other transaction that called this with the same name is open.

    SQLite has one writer at a time anyway.
    """
    if is_postgresql():
        execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"notify {name}"])


def is_away(error: BaseException) -> bool:
    """Whether the database is unreachable or too slow, and another try may succeed.

    Not where a table is missing, which SQLite calls an operational error too.
    """
    return isinstance(error, InterfaceError) or (
        isinstance(error, OperationalError) and not _LACKS(str(error))
    )


def table(model: type[Any]) -> str:
    """The quoted name of a model's table."""
    return connection().ops.quote_name(model._meta.db_table)


def moment(value: datetime) -> Any:
    """A time as a parameter of raw SQL."""
    return connection().ops.adapt_datetimefield_value(value)


def json_array(values: Iterable[Any]) -> str:
    """An array of values as one JSON parameter."""
    return json.dumps(list(values), separators=(",", ":"))


def placeholders(values: Sized) -> str:
    """As many placeholders, in brackets."""
    return f"({', '.join(['%s'] * len(values))})"

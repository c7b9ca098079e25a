"""How long a call waits for what others have locked: two seconds for all that it does.

PostgreSQL's `lock_timeout` is a limit of one wait, so it is set to what is left of the call's time
before each transaction, and again before a statement that comes after a wait. A statement that
queues behind other waiters waits twice (for its place, then for the lock), so those that touch few
rows have a `statement_timeout`, too. Shorter limits of the role's own stay in force.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from notify.inbox import sql

LIMIT_S = 2.0
LEAST_MS = 10  # PostgreSQL takes 0 for no limit
NOTICEABLE_S = 0.1  # a statement that took longer may have waited
ROW_S = 0.001  # what a row may take beside the waiting
# Of what a worker does again without a limit, or a client asks for again: a second beside the wait.
ROWS_OF_A_BATCH = 1000
# PostgreSQL: serialization_failure, deadlock_detected, lock_not_available; and
# foreign_key_violation, which is a user who was deleted before we could commit.
PASSING_STATES = {"40001", "40P01", "55P03", "23503"}
QUERY_CANCELED = "57014"  # by a statement_timeout, of ours or of the role
_OF_SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK")


class _Call(threading.local):
    ends_at: float | None = None  # by the monotonic clock; None outside of `limited`


_call = _Call()


@contextmanager
def limited(
    seconds: float | None = None, *, until: float | None = None, at_least: float = 0.0
) -> Iterator[None]:
    """Limits what is waited for within: to `seconds` (by default 2) or `until` a moment of the
    monotonic clock, and to what a `limited` around it has left, but for `at_least` so many s."""
    outer, now = _call.ends_at, time.monotonic()
    end = now + (LIMIT_S if seconds is None else seconds) if until is None else until
    _call.ends_at = max(end if outer is None else min(outer, end), now + at_least)
    try:
        yield
    finally:
        _call.ends_at = outer


def left() -> float:
    """Seconds that may still be waited; below 0 when they are over."""
    return LIMIT_S if _call.ends_at is None else _call.ends_at - time.monotonic()


def state(error: BaseException) -> str | None:
    """The SQLSTATE of a database's error."""
    return getattr(error.__cause__, "sqlstate", None)


def may_pass(error: BaseException) -> bool:
    """Whether the database refused it, and may take it another time: for a lock, a deadlock, or a
    user who went. What it refuses is rolled back."""
    if state(error) == QUERY_CANCELED:
        return left() <= 0  # else it is a limit of the role's own, which another try meets again
    return state(error) in PASSING_STATES or (
        "database is locked" in str(error) or "database table is locked" in str(error)
    )


@contextmanager
def in_force(rows: int | None = None, *, nested: bool) -> Iterator[None]:
    """Has the open transaction keep to the limit; with `rows`, its statements too, and they may
    take 1 ms longer for each. `nested`: it is the caller's, whose `lock_timeout` is back at the
    end; where this fails, by the savepoint that is around it."""
    if not sql.is_postgresql():
        yield
        return
    rows = None if nested else rows
    [(before, *_)] = sql.fetch(*_limits(rows))
    set_at = time.monotonic()

    def renew_after_a_wait() -> None:
        nonlocal set_at
        if time.monotonic() - set_at > NOTICEABLE_S:
            set_at = time.monotonic()
            sql.fetch(*_limits(rows))

    def renewing(execute: Any, statement: Any, *rest: Any) -> Any:
        if not str(statement).startswith(_OF_SAVEPOINTS):  # which nothing may come before
            renew_after_a_wait()
        return execute(statement, *rest)

    with sql.connection().execute_wrapper(renewing):
        yield
        if nested:
            sql.fetch("SELECT set_config('lock_timeout', %s, true)", [before])
        else:
            renew_after_a_wait()  # the commit may have to wait, too


def fetch(
    statement: str, params: Iterable[Any] = (), *, rows: int | None = None
) -> list[tuple[Any, ...]]:
    """What a statement that is a transaction by itself returns. The limit goes to PostgreSQL with
    it, in one round trip, and holds for its locks of tables, too. Elsewhere, and in a transaction
    that is open, it is `sql.fetch`.

    Statements of one string are one transaction (PostgreSQL 55.2.2.1 "Multiple Statements in a
    Simple Query"). The parameters are a part of the string, also where the server binds those of
    others: a pipeline would take it prepared, but cost half as much again, and an error of its
    commit leaves the connection unusable (psycopg 3.3.9).
    """
    if not sql.is_postgresql() or not sql.connection().get_autocommit():
        return sql.fetch(statement, params)
    limits, values = _limits(rows)
    with _binding_here() as cursor:
        cursor.execute(f"{limits}; {statement}", (*values, *params))
        cursor.nextset()
        return list(cursor.fetchall())


def _binding_here() -> Any:
    """A cursor that writes parameters into its string."""
    from psycopg import ClientCursor  # there is none without PostgreSQL

    own = sql.connection()
    own.ensure_connection()
    raw: Any = own.connection
    factory, raw.cursor_factory = raw.cursor_factory, ClientCursor
    try:
        return own.cursor()
    finally:
        raw.cursor_factory = factory


def _limits(rows: int | None) -> tuple[str, list[Any]]:
    """A statement that sets them until the transaction ends, and returns `lock_timeout` as it was
    before."""
    wait = max(LEAST_MS, round(left() * 1000))
    lock, limits = _least("lock_timeout"), [wait]
    if rows is None:
        return f"SELECT current_setting('lock_timeout'), {lock}", limits
    both = f"SELECT current_setting('lock_timeout'), {lock}, {_least('statement_timeout')}"
    # A wait that a lock's limit ends is told by another error: so this one comes later.
    return both, [wait, wait + LEAST_MS + round(rows * ROW_S * 1000)]


def _least(name: str) -> str:
    """Sets a limit in ms, a parameter, unless a shorter one is in force. 0 is none."""
    in_force = f"nullif(extract(epoch FROM current_setting('{name}')::interval), 0) * 1000"
    return f"set_config('{name}', least({in_force}, %s)::bigint::text, true)"

"""Limits how long a call waits for locks: two seconds in total.

Only waiting counts, not work. Neither the driver nor the server says how long a statement waited,
so it is estimated:

- A statement that was refused has waited until `lock_timeout`, or until PostgreSQL found the
  deadlock.
- A statement that touches few rows (`rows`) and took half a second longer than those need has
  waited, too.
- Any other statement that succeeded did not wait, however long it took.

So where nobody holds a lock, no series of statements is cut short; but several waits that each end
in time may add up to more than two seconds.

PostgreSQL's `lock_timeout` limits a single wait. So it is set to the rest of the call's time before
each transaction, and again before a statement that follows a wait. A statement that queues behind
other waiters waits twice (for its place, then for the lock), so statements that touch few rows get
a `statement_timeout`, too. Shorter limits of the role stay in force.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from django.db import DatabaseError

from notify import sql

LIMIT_S = 2.0
MIN_LIMIT_MS = 10  # to PostgreSQL, 0 means no limit
# How much later a statement's limit comes than a lock's, so that the lock's ends a wait, with an
# error of its own.
STATEMENT_MARGIN_MS = 10
SLOW_S = 0.5  # a statement of few rows that took so much longer than its rows need has waited
DEADLOCK_S = 1.0  # PostgreSQL's `deadlock_timeout`: how long it waits before it looks for one
ROW_S = 0.001  # what a row may take apart from waiting
# `rows` for a batch that a worker can repeat without a limit, or a client can ask for again: one
# second apart from waiting.
ROWS_OF_A_BATCH = 1000
# PostgreSQL: serialization_failure, deadlock_detected, lock_not_available; and
# foreign_key_violation: a user was deleted before the commit.
TRANSIENT_STATES = {"40001", "40P01", "55P03", "23503"}
LOCK_NOT_AVAILABLE = "55P03"  # after a lock_timeout, or at once with NOWAIT
QUERY_CANCELED = "57014"  # by a statement_timeout, ours or that of the role
_SAVEPOINT_STATEMENTS = ("SAVEPOINT", "RELEASE", "ROLLBACK")
_F = TypeVar("_F", bound=Callable[..., Any])


class _Call(threading.local):
    left: float | None = None  # seconds that the call may still wait; None outside of `limited`


_call = _Call()


@contextmanager
def limited(seconds: float | None = None, *, at_least: float = 0.0) -> Iterator[None]:
    """Limits how long the block waits.

    Args:
        seconds: the limit, by default two seconds; an enclosing `limited` may be shorter.
        at_least: a minimum in seconds, also where an enclosing `limited` is shorter.
    """
    outer, wanted = _call.left, LIMIT_S if seconds is None else seconds
    own = max(wanted if outer is None else min(outer, wanted), at_least)
    _call.left = own
    try:
        yield
    finally:
        if outer is not None:
            outer -= own - left()
        _call.left = outer


@contextmanager
def unlimited() -> Iterator[None]:
    """Lifts the limit for code of the project, whose calls have limits of their own."""
    outer, _call.left = _call.left, None
    try:
        yield
    finally:
        _call.left = outer


def left() -> float:
    """How many seconds the call may still wait; 0 or less if its time is over."""
    return LIMIT_S if _call.left is None else _call.left


def charge(seconds: float) -> None:
    """Counts seconds of waiting towards the limit."""
    if _call.left is not None:
        _call.left -= max(0.0, seconds)


def charge_refusal(error: BaseException, began: float) -> None:
    """Counts how long a statement or commit has waited before the database refused it.

    Args:
        error: the refusal.
        began: when it began, by the monotonic clock.
    """
    took = time.monotonic() - began
    if state(error) in (LOCK_NOT_AVAILABLE, QUERY_CANCELED):
        charge(min(took, max(left(), MIN_LIMIT_MS / 1000)))
    elif state(error) in TRANSIENT_STATES:
        charge(min(took, DEADLOCK_S))
    elif _is_sqlite_lock(error):
        charge(took)


@contextmanager
def _charged(rows: int | None) -> Iterator[None]:
    """Counts how long the statement in the block has waited."""
    began = time.monotonic()
    try:
        yield
    except DatabaseError as error:
        charge_refusal(error, began)
        raise
    if rows is not None:
        charge(time.monotonic() - began - SLOW_S - rows * ROW_S)


def state(error: BaseException) -> str | None:
    """The SQLSTATE of a database's error."""
    return getattr(error.__cause__, "sqlstate", None)


def is_transient(error: BaseException) -> bool:
    """Whether a retry may succeed after this refusal: a lock, a deadlock, or a deleted user.

    What the database refuses is rolled back.
    """
    if state(error) == QUERY_CANCELED:
        return left() <= 0  # else it is a limit of the role, which a retry meets again
    return state(error) in TRANSIENT_STATES or _is_sqlite_lock(error)


def _is_sqlite_lock(error: BaseException) -> bool:
    return "database is locked" in str(error) or "database table is locked" in str(error)


@contextmanager
def in_force(rows: int | None = None, *, nested: bool) -> Iterator[None]:
    """Applies the limit to the open transaction.

    Args:
        rows: limits the time of its statements, too, and allows 1 ms more for each row.
        nested: whether the transaction is the caller's. Then its `lock_timeout` is restored at the
            end, or after a failure by the enclosing savepoint.
    """
    if not sql.is_postgresql():
        yield
        return
    rows = None if nested else rows
    [(before, *_)] = sql.fetch(*_limits(rows))
    left_then = left()

    def renew_after_a_wait() -> None:
        nonlocal left_then
        if left() < left_then:
            left_then = left()
            sql.fetch(*_limits(rows))

    def renewing(execute: Any, statement: Any, *rest: Any) -> Any:
        if not str(statement).startswith(_SAVEPOINT_STATEMENTS):  # nothing may precede those
            renew_after_a_wait()
        with _charged(rows):
            return execute(statement, *rest)

    with sql.connection().execute_wrapper(renewing):
        yield
        if nested:
            sql.fetch("SELECT set_config('lock_timeout', %s, true)", [before])
        else:
            renew_after_a_wait()  # the commit may wait, too


def _charging(fetch: _F) -> _F:
    """Counts the waiting of a statement that is a transaction by itself.

    In an open transaction `in_force` does.
    """

    @wraps(fetch)
    def charging(*args: Any, rows: int | None = None, **how: Any) -> Any:
        if not sql.connection().get_autocommit():
            return fetch(*args, rows=rows, **how)
        with _charged(rows):
            return fetch(*args, rows=rows, **how)

    return charging  # type: ignore[return-value]


@_charging
def fetch(
    statement: str, params: Iterable[Any] = (), *, rows: int | None = None
) -> list[tuple[Any, ...]]:
    """Runs a statement as a transaction by itself, and returns its rows.

    The limit goes to PostgreSQL together with the statement, in one round trip, and also holds for
    its table locks. On SQLite, and in an open transaction, this is `sql.fetch`.

    Several statements in one string are one transaction (PostgreSQL 55.2.2.1 "Multiple Statements
    in a Simple Query"). The parameters are written into the string, even where the server binds
    them otherwise: a pipeline would take a prepared statement, but costs half as much again, and an
    error of its commit leaves the connection unusable (psycopg 3.3.9).
    """
    if not sql.is_postgresql() or not sql.connection().get_autocommit():
        return sql.fetch(statement, params)
    limits, values = _limits(rows)
    with _client_cursor() as cursor:
        cursor.execute(f"{limits}; {statement}", (*values, *params))
        cursor.nextset()
        return list(cursor.fetchall())


def fetch_in_savepoint(statement: str, params: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Runs a statement in the caller's open transaction, and returns its rows. PostgreSQL only.

    The savepoint, the limit and the restored `lock_timeout` go to the server with the statement, in
    one round trip. After a refusal the transaction is as it was.
    """
    with _charged(None), _client_cursor() as cursor:
        try:
            cursor.execute(
                f"""SAVEPOINT notify;
                SELECT set_config('notify.lock_timeout', current_setting('lock_timeout'), true),
                    {_shorten("lock_timeout")};
                {statement};
                SELECT set_config('lock_timeout', current_setting('notify.lock_timeout'), true);
                RELEASE SAVEPOINT notify""",
                (_wait_ms(), *params),
            )
        except DatabaseError:
            try:
                sql.execute("ROLLBACK TO SAVEPOINT notify; RELEASE SAVEPOINT notify")
            except DatabaseError:  # the connection is lost
                sql.connection().needs_rollback = True
            raise
        cursor.nextset()
        cursor.nextset()
        return list(cursor.fetchall())


def _client_cursor() -> Any:
    """A cursor that writes parameters into the statement."""
    from psycopg import ClientCursor  # installed only for PostgreSQL

    connection = sql.connection()
    connection.ensure_connection()
    raw: Any = connection.connection
    factory, raw.cursor_factory = raw.cursor_factory, ClientCursor
    try:
        return connection.cursor()
    finally:
        raw.cursor_factory = factory


def _limits(rows: int | None) -> tuple[str, list[Any]]:
    """A statement that sets the limits until the transaction ends, with its parameters.

    It returns the previous `lock_timeout`.
    """
    wait = _wait_ms()
    lock, limits = _shorten("lock_timeout"), [wait]
    if rows is None:
        return f"SELECT current_setting('lock_timeout'), {lock}", limits
    both = f"SELECT current_setting('lock_timeout'), {lock}, {_shorten('statement_timeout')}"
    return both, [wait, wait + STATEMENT_MARGIN_MS + round(rows * ROW_S * 1000)]


def _wait_ms() -> int:
    return max(MIN_LIMIT_MS, round(left() * 1000))


def _shorten(name: str) -> str:
    """Sets a limit in ms, a parameter, unless a shorter one is in force. 0 means no limit."""
    in_force = f"nullif(extract(epoch FROM current_setting('{name}')::interval), 0) * 1000"
    return f"set_config('{name}', least({in_force}, %s)::bigint::text, true)"

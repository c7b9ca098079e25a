"""How long a call waits for what others have locked: two seconds for all that it does.

Only waiting counts, not work. Neither driver nor server says how long a statement waited, so it is
estimated:

- A statement that was refused has waited: until `lock_timeout`, or until PostgreSQL found the
  deadlock.
- One that touches few rows (`rows`) and took half a second longer than those need has waited, too.
- Any other that succeeded did not wait, however long it took.

Where nobody holds a lock, many statements are so never cut short; several waits that each end in
time may add up to more than two seconds.

PostgreSQL's `lock_timeout` is a limit of one wait, so it is set to what is left of the call's time
before each transaction, and again before a statement that comes after a wait. A statement that
queues behind other waiters waits twice (for its place, then for the lock), so those that touch few
rows have a `statement_timeout`, too. Shorter limits of the role's own stay in force.
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
LEAST_MS = 10  # PostgreSQL takes 0 for no limit
SLOW_S = 0.5  # a statement of few rows that took longer than that and its rows has waited
DEADLOCK_S = 1.0  # PostgreSQL's `deadlock_timeout`: it looks for one after waiting for so long
ROW_S = 0.001  # what a row may take beside the waiting
# Of what a worker does again without a limit, or a client asks for again: a second beside the wait.
ROWS_OF_A_BATCH = 1000
# PostgreSQL: serialization_failure, deadlock_detected, lock_not_available; and
# foreign_key_violation, which is a user who was deleted before we could commit.
PASSING_STATES = {"40001", "40P01", "55P03", "23503"}
LOCK_NOT_AVAILABLE = "55P03"  # after a lock_timeout, or at once with NOWAIT
QUERY_CANCELED = "57014"  # by a statement_timeout, of ours or of the role
_OF_SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK")
_F = TypeVar("_F", bound=Callable[..., Any])


class _Call(threading.local):
    left: float | None = None  # seconds that it may still wait; None outside of `limited`


_call = _Call()


@contextmanager
def limited(seconds: float | None = None, *, at_least: float = 0.0) -> Iterator[None]:
    """Limits the waiting within it to so many seconds (by default two); never beyond the enclosing
    `limited`, but never less than `at_least` seconds."""
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
    """For code of others, whose calls have limits of their own."""
    outer, _call.left = _call.left, None
    try:
        yield
    finally:
        _call.left = outer


def left() -> float:
    """Seconds that may still be waited; 0 or less when they are over."""
    return LIMIT_S if _call.left is None else _call.left


def charge(seconds: float) -> None:
    """Counts so much waiting to the limit."""
    if _call.left is not None:
        _call.left -= max(0.0, seconds)


def charge_refusal(error: BaseException, began: float) -> None:
    """Counts what a statement or a commit that began then, by the monotonic clock, has waited
    before the database refused it."""
    took = time.monotonic() - began
    if state(error) in (LOCK_NOT_AVAILABLE, QUERY_CANCELED):
        charge(min(took, max(left(), LEAST_MS / 1000)))
    elif state(error) in PASSING_STATES:
        charge(min(took, DEADLOCK_S))
    elif _is_sqlite_lock(error):
        charge(took)


@contextmanager
def _charged(rows: int | None) -> Iterator[None]:
    """Counts the waiting of the statement in it."""
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


def may_pass(error: BaseException) -> bool:
    """Whether the database refused it, and may take it another time: for a lock, a deadlock, or a
    user who went. What it refuses is rolled back."""
    if state(error) == QUERY_CANCELED:
        return left() <= 0  # else it is a limit of the role's own, which another try meets again
    return state(error) in PASSING_STATES or _is_sqlite_lock(error)


def _is_sqlite_lock(error: BaseException) -> bool:
    return "database is locked" in str(error) or "database table is locked" in str(error)


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
    left_then = left()

    def renew_after_a_wait() -> None:
        nonlocal left_then
        if left() < left_then:
            left_then = left()
            sql.fetch(*_limits(rows))

    def renewing(execute: Any, statement: Any, *rest: Any) -> Any:
        if not str(statement).startswith(_OF_SAVEPOINTS):  # which nothing may come before
            renew_after_a_wait()
        with _charged(rows):
            return execute(statement, *rest)

    with sql.connection().execute_wrapper(renewing):
        yield
        if nested:
            sql.fetch("SELECT set_config('lock_timeout', %s, true)", [before])
        else:
            renew_after_a_wait()  # the commit may have to wait, too


def _charging(fetch: _F) -> _F:
    """Counts the waiting of a statement that is a transaction by itself; in one that is open,
    `in_force` does."""

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

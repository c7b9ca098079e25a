"""Transactions of our own: READ COMMITTED, with limited waiting, and retried after a deadlock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, transaction

from notify import sql
from notify.exceptions import Busy
from notify.sql import database, waits

ATTEMPTS = 5
READ_COMMITTED = "read committed"
T = TypeVar("T")


def in_transaction(
    work: Callable[[], T], *, rows: int | None = None, attempts: int = ATTEMPTS
) -> T:
    """Runs `work` in one transaction.

    A deadlock, or a user who was deleted meanwhile, is retried while there is time. In a
    transaction of the caller only the caller can retry.

    Args:
        work: what to run; it may run several times.
        rows: how many rows it touches, if those are few (see `waits.in_force`).
        attempts: how often to try.

    Returns:
        What `work` returns.

    Raises:
        Busy: if the locks cannot be had in time.
    """
    with waits.limited():
        nested = is_open()
        for attempt in range(1, attempts + 1):
            if waits.left() <= 0:
                raise busy()
            try:
                with begin(rows):
                    return work()
            except (OperationalError, IntegrityError) as error:
                if not waits.is_transient(error):
                    raise
                pause = random.uniform(0, 0.02 * 2**attempt)  # noqa: S311  jitter is no secret
                if nested or attempt == attempts or pause > waits.left():
                    raise busy(error) from error
            time.sleep(pause)
            waits.charge(pause)
    raise AssertionError("unreachable")


@contextmanager
def begin(rows: int | None = None) -> Iterator[None]:
    """A transaction, or a savepoint in the caller's, whose waits are limited."""
    nested = is_open()
    set_isolation = not nested and needs_read_committed()
    began = time.monotonic()
    waiting_since: float | None = began
    try:
        with transaction.atomic(using=sql.alias()):
            if not sql.is_postgresql():  # SQLite waits in BEGIN; PostgreSQL has not sent it yet
                waits.charge(time.monotonic() - began - waits.SLOW_S)
            waiting_since = None  # `in_force` counts the waiting of statements
            if set_isolation:
                sql.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            with waits.in_force(rows, nested=nested):
                yield
            waiting_since = time.monotonic()  # for the commit
    except DatabaseError as error:
        if waiting_since is not None:
            waits.charge_refusal(error, waiting_since)
        raise


def is_open() -> bool:
    """Whether the caller has a transaction, or manages all of them itself."""
    connection = sql.connection()
    return connection.in_atomic_block or not connection.get_autocommit()


def needs_read_committed() -> bool:
    """Whether a transaction has to set READ COMMITTED.

    The role, the database or Django's OPTIONS may have another default. Under a stricter level,
    a transaction that waited for an inbox fails.
    """
    if not sql.is_postgresql():
        return False
    configured = "isolation_level" in sql.connection().settings_dict.get("OPTIONS", {})
    return configured or database.facts().isolation != READ_COMMITTED


def busy(error: BaseException | None = None) -> Busy:
    if error is not None and waits.state(error) == waits.QUERY_CANCELED:
        return Busy("The inbox took too long to respond. Nothing changed; try again.")
    return Busy("Another transaction has locked the inbox. Nothing changed; try again.")

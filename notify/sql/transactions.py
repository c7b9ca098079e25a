"""Transactions of our own: READ COMMITTED, patient for two seconds, and tried again where what
refused them may pass."""

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
    """What `work` returns, run in one transaction; raises Busy when locks cannot be had in time.

    A deadlock or a user who went meanwhile is tried again while there is time, unless a
    transaction of the caller's is open: then only the caller can. `rows`: how many it touches,
    where those are few (`waits.in_force`).
    """
    with waits.limited():
        nested = is_open()
        for attempt in range(1, attempts + 1):
            if waits.left() <= 0:
                raise busy()
            try:
                with begun(rows):
                    return work()
            except (OperationalError, IntegrityError) as error:
                if not waits.may_pass(error):
                    raise
                pause = random.uniform(0, 0.02 * 2**attempt)  # noqa: S311  jitter is no secret
                if nested or attempt == attempts or pause > waits.left():
                    raise busy(error) from error
            time.sleep(pause)
            waits.charge(pause)
    raise AssertionError("unreachable")


@contextmanager
def begun(rows: int | None = None) -> Iterator[None]:
    """A transaction, or a savepoint in that of the caller's, whose waits are limited."""
    nested = is_open()
    must_say = not nested and must_say_read_committed()
    began = time.monotonic()
    waiting_since: float | None = began
    try:
        with transaction.atomic(using=sql.alias()):
            if not sql.is_postgresql():  # SQLite waits in its BEGIN, and PostgreSQL's is none yet
                waits.charge(time.monotonic() - began - waits.SLOW_S)
            waiting_since = None  # the statements are seen to by `in_force`
            if must_say:
                sql.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            with waits.in_force(rows, nested=nested):
                yield
            waiting_since = time.monotonic()  # for the commit
    except DatabaseError as error:
        if waiting_since is not None:
            waits.charge_refusal(error, waiting_since)
        raise


def is_open() -> bool:
    """Whether the caller has a transaction, or sees to all of them."""
    own = sql.connection()
    return own.in_atomic_block or not own.get_autocommit()


def must_say_read_committed() -> bool:
    """Whether a transaction has to ask for READ COMMITTED, because the role, the database or
    Django's OPTIONS say another isolation. Under those whoever waited for an inbox fails."""
    if not sql.is_postgresql():
        return False
    asked = "isolation_level" in sql.connection().settings_dict.get("OPTIONS", {})
    return asked or database.facts().isolation != READ_COMMITTED


def busy(error: BaseException | None = None) -> Busy:
    if error is not None and waits.state(error) == waits.QUERY_CANCELED:
        return Busy("The inbox took too long to answer. Nothing was changed; try again.")
    return Busy("The inbox is locked by others. Nothing was changed; try again.")

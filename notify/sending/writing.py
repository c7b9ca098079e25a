"""The first half of sending: write a notice, and a batch for what is owed to its recipients.

In the caller's transaction no inbox is locked, so that a slow view does not block anybody's inbox:
the batches are carried out after its commit (`after_commit`). Where the caller has no transaction,
both halves share one: the transaction that writes a notice appends it to the inboxes, and no batch
is needed. If the inboxes are locked, the notice is stored with its batches for the workers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import IntegrityError, OperationalError

from notify import sql
from notify.exceptions import Busy
from notify.sending import one_statement, statements
from notify.sending.drafts import Draft
from notify.sending.statements import Written
from notify.sql import transactions, waits

logger = logging.getLogger(__name__)

# Shares of the two seconds that a call waits for locks. Calls with the same key wait for one
# another, so that one is not to wait long for inboxes.
LOCKING_S = 1.5
LOCKING_WITH_KEY_S = 0.5
STORING_S = 0.5  # at least
T = TypeVar("T")


def write(draft: Draft) -> Written:
    """Writes a notice, and appends it at once where the caller has no transaction.

    Raises:
        KeyConflict, UnknownUsers, EmptyAudience, Busy: As `send`.
    """
    written = None
    if sql.connection().get_autocommit() and statements.is_due(draft.notice):
        limit_s = LOCKING_S if draft.notice.key is None else LOCKING_WITH_KEY_S
        written = at_once(lambda: _write_and_append(draft), limit_s)
    if written is None:
        with waits.limited(at_least=STORING_S), busy_if_locked():
            written = _store(draft)
    return written


def at_once(write_and_append: Callable[[], T], limit_s: float = LOCKING_S) -> T | None:
    """Writes and appends in a transaction of its own; None, with nothing written, if it was rolled
    back because a lock was not available, or because a user was deleted.

    Raises:
        Busy: On SQLite, which has a single lock for all.
    """
    try:
        with waits.limited(limit_s):
            return write_and_append()
    except (IntegrityError, OperationalError) as error:
        if not _is_rolled_back(error):
            raise
        if waits.is_transient(error) and not sql.is_postgresql():
            raise cannot_be_stored() from error
        logger.info(
            "Cannot write and append in a single transaction; storing the notice first: %r",
            error.__cause__ or error,
        )
    return None


def _write_and_append(draft: Draft) -> Written:
    written = one_statement.write(draft, append=True) if one_statement.is_allowed() else None
    if written is None:
        with transactions.begin(rows=waits.ROWS_OF_A_BATCH):
            written = statements.write_and_append(draft)
    return written


def _store(draft: Draft) -> Written:
    written = one_statement.write(draft, append=False) if one_statement.is_allowed() else None
    if written is None:
        with transactions.begin():
            written = statements.write(draft)
    return written


@contextmanager
def busy_if_locked() -> Iterator[None]:
    """Turns a database error into Busy if it was caused by a lock."""
    try:
        yield
    except OperationalError as error:
        if not waits.is_transient(error):
            raise
        raise cannot_be_stored() from error


def cannot_be_stored() -> Busy:
    return Busy(
        "The notice cannot be stored: another transaction has locked its tables or its key. "
        "Try again."
    )


def _is_rolled_back(error: Exception) -> bool:
    """Whether the error says that the transaction was rolled back: a user was deleted, a lock was
    not available, or the role's time limit was exceeded. A broken connection does not tell."""
    return (
        isinstance(error, IntegrityError)
        or waits.is_transient(error)
        or waits.state(error) == waits.QUERY_CANCELED
    )

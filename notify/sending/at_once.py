"""Outside a transaction, write a notice and append it to the inboxes in a single transaction.

Two ways: a single statement, for one recipient on PostgreSQL (`one_statement.append`), or else a
transaction of several statements. Nobody else knows of the notice and its batch before the commit,
so that neither is locked.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError, IntegrityError, OperationalError, transaction

from notify import conf, signals, sql
from notify.bus.publisher import publisher
from notify.changes import Change
from notify.inbox import one_statement, work
from notify.models import Batch, Notice
from notify.sending import rows
from notify.sending.audience import Audience
from notify.sql import transactions, waits

logger = logging.getLogger(__name__)

LOCKING_S = 1.5  # share of the two seconds that a call waits for locks


class _NotAtOnce(Exception):
    """The notice could not be appended. Nothing is written."""


class _Commit:
    """Whether the transaction has committed, and what is announced then."""

    def __init__(self, notice: Notice) -> None:
        self.notice = notice
        self.change: Change | None = None
        self.done = False

    def announce(self) -> None:
        self.done = True
        if self.change is not None:
            publisher.publish(self.change)
        signals.notice_sent.send_robust(sender=Notice, notice=self.notice)


def is_possible(notice: Notice, audience: Audience, excluded: Any) -> bool:
    """Whether the caller has no transaction, and the notice has a single batch, which is due.

    Not with a key: calls with the same key would wait as long as this one waits for the inboxes.
    """
    return (
        sql.connection().get_autocommit()
        and notice.key is None
        and notice.send_at is None
        and 0 < len(audience.keys - {excluded}) <= conf.current().batch_size
        and audience.has_only_keys()
    )


def send(notice: Notice, audience: Audience, excluded: Any) -> bool:
    """Writes the notice and appends it; returns whether it did. If not, nothing is written.

    Raises UnknownUsers, and Busy on SQLite, which has a single lock for all.
    """
    batch = rows.done_batch(notice, sorted(audience.keys - {excluded}))
    commit = _Commit(notice)
    try:
        if not _in_one_statement(batch, commit):
            _in_one_transaction(batch, commit, audience)
    except (_NotAtOnce, IntegrityError, OperationalError) as error:
        if commit.done or not _is_rolled_back(error):
            raise
        if waits.is_transient(error) and not sql.is_postgresql():
            raise rows.cannot_be_stored() from error
        logger.info(
            "Cannot write and append in a single transaction; storing the notice first: %r",
            error.__cause__ or error,
        )
        notice.pk = None
    return commit.done


def _in_one_statement(batch: Batch, commit: _Commit) -> bool:
    with waits.limited(LOCKING_S):
        commit.change = one_statement.append(batch)
    if commit.change is None:
        return False
    commit.announce()
    return True


def _in_one_transaction(batch: Batch, commit: _Commit, audience: Audience) -> None:
    """The inboxes are locked last, and the commit follows at once."""
    with waits.limited(LOCKING_S), transactions.begin(rows=batch.size):
        # The first hook, so that a failing one of the project does not keep it from running.
        transaction.on_commit(commit.announce, using=sql.alias())
        commit.notice.save(force_insert=True, using=sql.alias())
        batch.notice = commit.notice  # sets `notice_id`, which is known now
        batch.save(force_insert=True, using=sql.alias())
        try:
            commit.change = work.append_new(batch)
        except DatabaseError as error:
            raise _NotAtOnce from error
        if batch.skipped:
            audience.refuse_unknown()
            raise _NotAtOnce  # the users have been created since


def _is_rolled_back(error: Exception) -> bool:
    """Whether the error says that the transaction was rolled back: a user was deleted, a lock was
    not available, or the role's time limit was exceeded. A broken connection does not tell."""
    return (
        isinstance(error, _NotAtOnce | IntegrityError)
        or waits.is_transient(error)
        or waits.state(error) == waits.QUERY_CANCELED
    )

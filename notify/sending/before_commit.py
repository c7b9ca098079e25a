"""Write a notice and its batches in the caller's transaction; the rest happens after its commit.

No inbox is locked before the commit, so that a slow view does not block anybody's inbox.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from notify import sql
from notify.models import Notice
from notify.sending import after_commit, rows
from notify.sending.audience import Audience
from notify.sql import transactions, waits

STORING_S = 0.5  # at least, of the two seconds that a call waits for locks


def send(notice: Notice, audience: Audience, excluded: Any) -> Notice:
    """Writes the notice and its batches, and has them carried out after the commit.

    Returns the notice, or the one that an earlier call with the same key wrote. Raises Busy if
    they cannot be written in time.
    """
    committed = False

    def note_commit() -> None:
        nonlocal committed
        committed = True

    with (
        waits.limited(at_least=STORING_S),
        rows.busy_if_locked(unless=lambda: committed),
        transactions.begin(),
    ):
        transaction.on_commit(note_commit, using=sql.alias())
        written = rows.insert(notice)
        written.repeated = written is not notice
        only_batch = None
        if not written.repeated:
            only_batch = rows.write_batches(notice, audience, excluded)
        after_commit.finish_send(written, only_batch)
    return written

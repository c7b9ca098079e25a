"""The bell: to open it takes what has arrived off its number, and makes none of it seen."""

from __future__ import annotations

from notify import sql
from notify.changes import Change
from notify.inbox import epoch, opening, places, stepping
from notify.models import Inbox
from notify.sql import database, transactions
from notify.sql.keys import database_key


def open_bell(user: str, client_epoch: str, through: int) -> tuple[int, Change | None]:
    """Notes that somebody who holds the inbox up to a version has opened the bell.

    It never goes back, and never further than the inbox. Where the number stays the same, so does
    the inbox's version.

    Args:
        user: `str(user.pk)`.
        client_epoch: the epoch of the client's cursor.
        through: the version.

    Returns:
        The inbox's version afterwards, and the change.

    Raises:
        EpochChanged: if the cursor belongs to another life of the inbox.
        Busy: if the locks cannot be had in time.
    """
    return transactions.in_transaction(lambda: _open(user, client_epoch, through), rows=1)


def _open(user: str, client_epoch: str, through: int) -> tuple[int, Change | None]:
    inbox = opening.locked_inbox(user)
    epoch.check(inbox.epoch, client_epoch)
    through = min(through, inbox.version)
    if through <= inbox.opened:
        return inbox.version, None
    inbox.opened = through
    if inbox.acknowledged < through:
        inbox.acknowledged, inbox.acknowledged_at = through, database.now()
    inbox.save(update_fields=["opened", "acknowledged", "acknowledged_at"])
    more = inbox.unseen - _unseen_after(inbox, through) - inbox.overlooked
    change = stepping.advance(inbox, 0, unseen=0, unread=0, overlooked=more)
    return inbox.version, change


def _unseen_after(inbox: Inbox, version: int) -> int:
    """How many have arrived since and are unseen: these still ring."""
    if version == inbox.version:
        return 0
    [(count,)] = sql.fetch(
        f"""SELECT count(*) FROM notify_notification AS copy
        WHERE copy.user_id = %s AND copy.arrived > %s AND copy.seen IS NULL AND {places.COUNTED}""",
        [database_key(inbox.pk), version],
    )
    return int(count)

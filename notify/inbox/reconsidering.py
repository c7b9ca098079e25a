"""What waits to go out of the browser is looked at anew, as its person wants something else now."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from notify.inbox import opening
from notify.kinds import registry
from notify.models import OutboxItem, user_pk
from notify.sql import database, transactions


def reconsider(user: str) -> int:
    """Makes all that waits for a person due now, so that a worker asks again whether they want it,
    and when. What could not be rendered keeps its time.

    Call it after what they have said, their zone or their quiet hours are written. Without channels
    it asks nothing, and where nothing waits it locks nothing.

    Args:
        user: `str(user.pk)`.

    Returns:
        How many items there were.

    Raises:
        Busy: If the lock of the inbox cannot be had in time.
    """
    if not registry.declares_channels() or not _waiting(user_pk(user)).exists():
        return 0
    return transactions.in_transaction(lambda: _reconsider(user))


def _reconsider(user: str) -> int:
    # Its lock is a claim's, too, which puts off what it has looked at before.
    inbox, now = opening.locked_inbox(user), database.now()
    return _waiting(inbox.pk).filter(ripe__gt=now).update(ripe=now, rhythm="")


def _waiting(user: Any) -> QuerySet[OutboxItem]:
    return OutboxItem.objects.filter(user=user, state=OutboxItem.State.WAITING, tries=0)

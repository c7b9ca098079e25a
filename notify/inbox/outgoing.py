"""What waits to leave the browser, after the database was restored. Nothing here imports
`notify.outbox`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from notify.models import Batch, Inbox, Message, OutboxItem
from notify.sql import database, transactions

RESTORED = "restored"  # why an item was skipped
PEOPLE_PER_CHUNK = 500
_State = OutboxItem.State
_OPEN = (_State.WAITING, _State.TAKEN)


def end_all() -> int:
    """Sends nothing by a channel of what was written until now, because some of it may have gone
    after the backup. What is being handed over becomes unknown.

    Returns:
        How many items waited.

    Raises:
        Busy: If locks cannot be had in time. Some are left then; call it again.
    """
    ripening = Batch.objects.filter(state=Batch.State.RIPENING)
    transactions.in_transaction(lambda: ripening.update(state=Batch.State.DONE))
    return sum(transactions.in_transaction(partial(_end_of, users)) for users in _people())


def _people() -> Iterator[list[Any]]:
    """The keys of those who have anything that is open, in their order."""
    last: Any = None
    while True:
        after = {} if last is None else {"user__gt": last}
        items = OutboxItem.objects.filter(state__in=_OPEN, **after).values("user")
        messages = Message.objects.filter(state__in=Message.OPEN, **after).values("user")
        rows = items.union(messages).order_by("user")[:PEOPLE_PER_CHUNK]
        users = [row["user"] for row in rows]
        if not users:
            return
        yield users
        last = users[-1]


def _end_of(users: list[Any]) -> int:
    """Under the locks of a claim and of a last look, in their order: inboxes, messages, items."""
    list(Inbox.objects.select_for_update().filter(pk__in=users).order_by("pk").values_list("pk"))
    messages = Message.objects.filter(user__in=users, state__in=Message.OPEN)
    list(messages.select_for_update().order_by("pk").values_list("pk"))
    ends = {"why": RESTORED, "ended": database.now()}
    items = OutboxItem.objects.filter(user__in=users, state__in=_OPEN)
    items.filter(message__state=Message.State.SENDING).update(state=_State.UNKNOWN, **ends)
    ended = items.update(state=_State.SKIPPED, **ends)
    for before, after in (
        (Message.State.CLAIMED, Message.State.DROPPED),
        (Message.State.SENDING, Message.State.UNKNOWN),
    ):
        messages.filter(state=before).update(state=after, **ends)
    return ended

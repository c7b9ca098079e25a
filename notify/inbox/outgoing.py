"""What waits to leave the browser, after the database was restored. Nothing here imports
`notify.outbox`."""

from __future__ import annotations

from notify.models import Batch, Message, OutboxItem
from notify.sql import database, transactions

RESTORED = "restored"  # why an item was skipped
_State = OutboxItem.State


def end_all() -> int:
    """Sends nothing by a channel of what was written until now, because some of it may have gone
    after the backup. Returns how many items waited."""
    return transactions.in_transaction(_end_all)


def _end_all() -> int:
    message, item = Message.State, _State
    now = database.now()
    Batch.objects.filter(state=Batch.State.RIPENING).update(state=Batch.State.DONE)
    of_sending = OutboxItem.objects.filter(state=item.TAKEN, message__state=message.SENDING)
    of_sending.update(state=item.UNKNOWN, why=RESTORED, ended=now)
    waiting = OutboxItem.objects.filter(state__in=[item.WAITING, item.TAKEN])
    ended = waiting.update(state=item.SKIPPED, why=RESTORED, ended=now)
    for before, after in ((message.CLAIMED, message.DROPPED), (message.SENDING, message.UNKNOWN)):
        Message.objects.filter(state=before).update(state=after, why=RESTORED, ended=now)
    return ended

"""What waits to leave the browser, where people or the operator change it. Nothing here imports
`notify.outbox`."""

from __future__ import annotations

from django.db.models import QuerySet

from notify.inbox import opening
from notify.kinds import registry
from notify.models import Batch, Message, OutboxItem, user_pk
from notify.sql import database, transactions

RESTORED = "restored"  # why an item was skipped
_State = OutboxItem.State


def look_again(user: str) -> None:
    """Has what waits for a person looked at now: they have changed when they want it, or whether.
    The next claim lets it go, closes it, or puts it off anew.

    Args:
        user: `str(user.pk)`.
    """
    if registry.declares_channels() and _waiting(user).exists():
        transactions.in_transaction(lambda: _look_again(user))


def _look_again(user: str) -> None:
    opening.locked_inbox(user)  # the outbox's lock, too
    _waiting(user).update(ripe=database.now(), rhythm="")


def _waiting(user: str) -> QuerySet[OutboxItem]:
    return OutboxItem.objects.filter(user=user_pk(user), state=_State.WAITING)


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

"""Sending a message again, because staff ask for it: what it was about waits anew, and goes in
another message, with another id."""

from __future__ import annotations

from notify.inbox import opening
from notify.models import Message, OutboxItem, Reach
from notify.sql import database, transactions

SENT_AGAIN = "sent again"
ENDED = (Message.State.HANDED, Message.State.REFUSED, Message.State.UNKNOWN)


def send_again(message_key: str) -> int:
    """Makes the items of a message wait, due now. Of them goes what is still wanted and unread.

    Returns:
        How many items wait now; 0 if the message is under way, or is about nothing any more.
    """
    return transactions.in_transaction(lambda: _send_again(message_key))


def _send_again(message_key: str) -> int:
    found = Message.objects.filter(pk=message_key, state__in=ENDED).first()
    if found is None:
        return 0
    opening.locked_inbox(str(found.user_id))  # the outbox's lock, too
    message = Message.objects.select_for_update().get(pk=message_key)
    ids = list(OutboxItem.objects.filter(message=message_key).values_list("pk", flat=True))
    if message.state not in ENDED or not ids:
        return 0
    now = database.now()
    message.why = "; ".join(filter(None, (message.why, SENT_AGAIN)))[:300]
    message.save(update_fields=["why"])
    OutboxItem.objects.filter(pk__in=ids).update(
        state=OutboxItem.State.WAITING,
        why="",
        ripe=now,
        rhythm="",
        ended=None,
        lineage=database.facts().lineage,
        tries=0,
        message=None,
    )
    # A refused address is tried once more, too.
    Reach.objects.filter(user=message.user_id, channel=message.channel).delete()
    return len(ids)

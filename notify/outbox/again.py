"""Sending a message again, because staff ask for it: what it was about waits anew, and goes in
another message, with another id. The first message and its items stay as they are."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, Subquery

from notify.inbox import opening
from notify.models import Message, OutboxItem, Reach
from notify.models.outbox import MAX_WHY
from notify.sql import database, transactions

SENT_AGAIN = "sent again"
ENDED = (Message.State.HANDED, Message.State.REFUSED, Message.State.UNKNOWN)


def send_again(message_key: str) -> int:
    """Makes new items of those of a message, due now. Of them goes what is still wanted and unread.

    Returns:
        How many; 0 if the message is under way, was sent again already, or is about nothing any
        more.
    """
    return transactions.in_transaction(lambda: _send_again(message_key))


def _send_again(message_key: str) -> int:
    found = Message.objects.filter(pk=message_key, state__in=ENDED).first()
    if found is None:
        return 0
    opening.locked_inbox(str(found.user_id))  # the outbox's lock, too
    message = Message.objects.select_for_update().get(pk=message_key)
    of_the_same = OutboxItem.objects.filter(
        user=OuterRef("user"), channel=OuterRef("channel"), notice=OuterRef("notice")
    )
    # One that never came to a message counts for nothing.
    never = Q(state=OutboxItem.State.SKIPPED, message=None)
    later = of_the_same.filter(~never, repeat__gt=OuterRef("repeat"))
    last = of_the_same.order_by("-repeat").values("repeat")[:1]
    found_items = OutboxItem.objects.filter(~Exists(later), message=message_key)
    items = list(found_items.annotate(last=Subquery(last)))
    if message.state not in ENDED or not items:
        return 0
    now = database.now()
    message.why = "; ".join(filter(None, (message.why, SENT_AGAIN)))[:MAX_WHY]
    message.save(update_fields=["why"])
    OutboxItem.objects.bulk_create(
        OutboxItem(
            user_id=item.user_id,
            channel=item.channel,
            notice_id=item.notice_id,
            repeat=item.last + 1,
            ripe=now,
            made=now,
            lineage=database.facts().lineage,
        )
        for item in items
    )
    # A refused address is tried once more, too.
    Reach.objects.filter(user=message.user_id, channel=message.channel).delete()
    return len(items)

"""The last look at a message, just before it is handed over."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models.functions import Now

from notify.models import Message, OutboxItem
from notify.outbox import claiming, looking, steps
from notify.outbox.looking import Looked
from notify.outbox.states import target
from notify.sql import database, transactions


def look(key: str, told: Sequence[Looked]) -> Sequence[Looked] | None:
    """Drops what was read, recalled or turned off since the claim. Where nothing was, the message
    is `sending`: from here on nobody else touches it, and its hand-over has to begin now.

    Args:
        key: Of a message of this process.
        told: What was rendered.

    Returns:
        `told` itself if the message is `sending`; less of it if some was dropped, so that it is
        rendered and looked at once more; None if there is nothing to send, or its lease has ended.

    Raises:
        Busy, DatabaseError: It is as it was.
    """
    looked = transactions.in_transaction(lambda: _look(key, told))
    if looked is told:
        steps.reached("sending")
    return looked


def _look(key: str, told: Sequence[Looked]) -> Sequence[Looked] | None:
    message = Message.objects.select_for_update().filter(pk=key).first()
    steps.reached("message locked")
    now = database.now()
    if message is None or message.state != Message.State.CLAIMED or message.lease <= now:
        return None
    items = OutboxItem.objects.filter(message=key, state=OutboxItem.State.TAKEN)
    found = looking.look(items.annotate(looked=Now()), str(message.user_id), message.channel, now)
    gone = [one for one in found if one.why is not None]
    claiming.skip([(one.item, one.why) for one in gone if one.why is not None], now)
    still = {one.item.pk for one in found if one.why is None}
    left = [one for one in told if one.item.pk in still]  # an item may be deleted, too
    steps.reached("looked")
    if not left:
        message.state, message.ended = target("drop"), now
    elif len(left) == len(told):
        # As of the statement that has looked: what was read before it does not go.
        message.state, message.sending = target("begin"), found[0].item.looked  # type: ignore[attr-defined]
        message.lease = now + claiming.LEASE
    message.save(update_fields=["state", "sending", "lease", "ended"])
    if message.ended is not None:
        return None
    return told if len(left) == len(told) else left

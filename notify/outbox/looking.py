"""Which items of a person are still to go: asked by the claim, and again just before the hand-over.

Both ask in statements after the one that locks, so that they see what was committed before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from notify.kinds import registry
from notify.models import Notification, OutboxItem, Place
from notify.outbox.ripening import is_of_this_database
from notify.outbox.states import Skipped
from notify.readers.deciding import Decision, Rule, Wishes, decide
from notify.readers.defaults import asked_of
from notify.readers.targets import targets_of
from notify.readers.wishes import wishes_of


class Looked(NamedTuple):
    """An item as it is now.

    Attributes:
        item: With its notice.
        copy: The person's; None if it is deleted.
        channel: As the notice's kind declares it; None if it does no more.
        decision: Whether they want it, and who says so.
        why: Why it is not to go; None if it is.
    """

    item: OutboxItem
    copy: Notification | None
    channel: Any
    decision: Decision
    why: Skipped | None


def look(items: QuerySet[OutboxItem], user: str, channel: str, now: datetime) -> list[Looked]:
    """These items of one person and channel, as they are now.

    Args:
        items: Which.
        user: `str(user.pk)`.
        channel: The key of the channel.
        now: By the database's clock.
    """
    found = list(items.select_related("notice"))
    if not found:
        return []
    ids = [item.notice_id for item in found]
    of_user = Notification.objects.filter(user=found[0].user_id, notice__in=ids)
    copies = {copy.notice_id: copy for copy in of_user}
    targets = {target for item in found for target in targets_of(item.notice)}
    wishes = wishes_of(user, channel, targets)
    return [_looked(item, copies.get(item.notice_id), wishes, now) for item in found]


def channel_of(item: OutboxItem) -> Any | None:
    """The item's channel as the kind of its notice declares it."""
    declared = registry.channels_of(item.notice.kind, item.notice.category)
    return next((one for one in declared if one.key == item.channel), None)


def pks(several: Iterable[Looked]) -> list[int]:
    return [one.item.pk for one in several]


def without(several: Sequence[Looked], others: Iterable[Looked]) -> list[Looked]:
    gone = set(pks(others))
    return [one for one in several if one.item.pk not in gone]


def _looked(item: OutboxItem, copy: Notification | None, wishes: Wishes, now: datetime) -> Looked:
    channel = channel_of(item)
    decision = decide(asked_of(item.notice, item.channel), wishes)
    why = _why(item, copy, channel, now)
    if why is None and not decision.value:
        why = Skipped.MUTED if decision.rule is Rule.MUTED else Skipped.UNWANTED
    return Looked(item, copy, channel, decision, why)


def _why(
    item: OutboxItem, copy: Notification | None, channel: Any | None, now: datetime
) -> Skipped | None:
    """Why it is not to go, whatever the person has chosen."""
    notice = item.notice
    if not is_of_this_database(item.lineage):
        return Skipped.RESTORED
    if channel is None:
        return Skipped.NO_CHANNEL
    if copy is None:
        return Skipped.DELETED
    if notice.recalled is not None or copy.place == Place.RECALLED:
        return Skipped.RECALLED
    if notice.expires is not None and notice.expires <= now:
        return Skipped.EXPIRED
    if copy.place == Place.ARCHIVED:
        return Skipped.ARCHIVED
    if copy.read is not None:
        return Skipped.READ
    return Skipped.SEEN if channel.unless == "seen" and copy.seen is not None else None

"""Claiming what is due for one person by one channel: one message takes it.

The lock of the inbox is that of the outbox, too, so a claim is before or after each mark, and two
claims never meet. Order of locks: inbox, message, items.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max, Q

from notify.kinds import registry
from notify.models import Inbox, Level, Message, OutboxItem, Reach, user_pk
from notify.outbox import looking, quiet_hours, rhythms, steps
from notify.outbox.channel import MAX_LIMIT
from notify.outbox.looking import Looked
from notify.outbox.recipients import Recipient, recipient_of
from notify.outbox.rhythms import Rhythm
from notify.outbox.states import Skipped
from notify.readers.deciding import Rule
from notify.sql import database, transactions

LEASE = MAX_LIMIT + timedelta(minutes=1)  # to record what became of it
PAGE = 500  # items
# After a render that failed; after the last one the item is closed.
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
_State = OutboxItem.State


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this process has to itself until its lease ends, and what it tells.

    Attributes:
        is_all: Whether nothing else of theirs was due by this channel.
    """

    message: Message
    recipient: Recipient
    told: Sequence[Looked]
    is_all: bool


class Rounds:
    """The people for whom something is due, page by page; for one thread. Who is locked is passed,
    and met again in the next round."""

    def __init__(self) -> None:
        self._after: tuple[datetime, int] | None = None

    def next_page(self) -> list[tuple[str, str]]:
        """People and the keys of channels, each once; empty at the end of a round. No lock."""
        due = OutboxItem.objects.filter(state=_State.WAITING, ripe__lte=database.now())
        if self._after is not None:
            ripe, pk = self._after
            due = due.filter(Q(ripe__gt=ripe) | Q(ripe=ripe, pk__gt=pk))
        found = list(due.order_by("ripe", "pk").values_list("user", "channel", "ripe", "pk")[:PAGE])
        self._after = found[-1][2:] if found else None
        return list(dict.fromkeys((str(user), channel) for user, channel, _, _ in found))


def claim(user: str, channel: str) -> Claimed | None:
    """Takes what is due for a person by a channel. What is due no more is closed, and what has to
    wait is put off.

    Args:
        user: `str(user.pk)`.
        channel: The key of the channel.

    Returns:
        A message; None if there is none to send now, or somebody else has the inbox.

    Raises:
        Busy, DatabaseError: Nothing was taken.
    """
    recipient = recipient_of(user, registry.channel(channel))
    if recipient is None:
        return None
    claimed = transactions.in_transaction(lambda: _claim(recipient, channel))
    if claimed is not None:
        steps.reached("claimed")
    return claimed


def _claim(recipient: Recipient, channel: str) -> Claimed | None:
    if not lock_inbox(recipient.key):
        return None
    steps.reached("inbox locked")
    now = database.now()
    due = OutboxItem.objects.filter(
        user=user_pk(recipient.key), channel=channel, state=_State.WAITING, ripe__lte=now
    )
    found = looking.look(due.order_by("ripe", "pk"), recipient.key, channel, now)
    reach = Reach.objects.filter(
        user=user_pk(recipient.key), channel=channel, address=recipient.address or ""
    ).first()
    ready = _wanted_now(found, recipient, reach, now)
    if recipient.failed:
        put_off_failed([one.item for one in ready], now)
        return None
    if not ready:
        return None
    told = _one_message(ready)
    steps.reached("items chosen")
    message = Message.objects.create(
        user=recipient.user,
        channel=channel,
        address=recipient.address or "",
        language=recipient.locale.language,
        zone=recipient.locale.zone,
        created=now,
        lease=now + LEASE,
    )
    take(told, message)
    steps.reached("message made")
    return Claimed(message, recipient, told, is_all=len(told) == len(ready))


def lock_inbox(user: str) -> bool:
    """Locks the inbox. False if somebody else has it."""
    free = Inbox.objects.select_for_update(skip_locked=True).filter(pk=user_pk(user))
    return bool(free.values_list("pk"))


def take(told: Sequence[Looked], message: Message) -> None:
    """No item is looked at again: without the inbox nobody changes what waits. It may be deleted;
    the last look sees that."""
    OutboxItem.objects.filter(pk__in=looking.pks(told)).update(state=_State.TAKEN, message=message)


def skip(items: Iterable[tuple[OutboxItem, Skipped]], now: datetime) -> None:
    """Closes items, in a statement for each reason."""
    by_why = defaultdict(list)
    for item, why in items:
        by_why[why].append(item.pk)
    for why, pks in by_why.items():
        OutboxItem.objects.filter(pk__in=pks).update(
            state=_State.SKIPPED, why=why, ended=now, message=None
        )


def put_off_failed(items: Iterable[OutboxItem], now: datetime, *, at_once: bool = False) -> None:
    """Items that could not be rendered wait, each to go alone then. The fifth failure closes one.

    Args:
        at_once: Whether their lease was wait enough.
    """
    for item in items:
        if item.tries < len(RETRIES):
            OutboxItem.objects.filter(pk=item.pk).update(
                state=_State.WAITING,
                message=None,
                tries=item.tries + 1,
                ripe=item.ripe if at_once else now + RETRIES[item.tries],
            )
        else:
            skip([(item, Skipped.NOT_RENDERED)], now)


def _wanted_now(
    found: Sequence[Looked], recipient: Recipient, reach: Reach | None, now: datetime
) -> list[Looked]:
    """Those that go now. The others are closed, or put off."""
    skipped = [(one, one.why or recipient.why) for one in found]
    if reach is not None and reach.closed is not None:
        skipped = [(one, why or Skipped.ADDRESS_REFUSED) for one, why in skipped]
    skip([(one.item, why) for one, why in skipped if why is not None], now)
    left = [one for one, why in skipped if why is None]
    times = _Times(recipient, now, None if reach is None else reach.again)
    until = times.of(left)
    by_time = defaultdict(list)
    for one in left:
        if until[one.item.pk] != (one.item.rhythm, one.item.ripe):
            by_time[until[one.item.pk]].append(one.item.pk)
    for (rhythm, ripe), pks in by_time.items():
        OutboxItem.objects.filter(pk__in=pks).update(rhythm=rhythm, ripe=ripe)
    return [one for one in left if until[one.item.pk][1] <= now]


class _Times:
    """When the items of one person may go."""

    def __init__(self, recipient: Recipient, now: datetime, again: datetime | None) -> None:
        self._user = user_pk(recipient.key)
        self._quiet = recipient.quiet
        self._zone = ZoneInfo(recipient.locale.zone)
        self._now = now
        self._again = again  # their address is not to be tried before
        self._last: dict[Rhythm, datetime | None] = {}
        self._first: dict[str, datetime] = {}  # when a digest is due here that is due now

    def of(self, several: Sequence[Looked]) -> dict[int, tuple[str, datetime]]:
        """The rhythm and the time of each, by the key of the item."""
        for one in several:
            rhythm, made = _rhythm_of(one), one.item.made
            if rhythm and rhythm == one.item.rhythm:
                first = rhythms.next_ripe(Rhythm(rhythm), made, None, self._zone)
                self._first[rhythm] = max(first, self._first.get(rhythm, first))
        return {one.item.pk: self._of(one) for one in several}

    def _of(self, one: Looked) -> tuple[str, datetime]:
        item, notice = one.item, one.item.notice
        rhythm, ripe = _rhythm_of(one), item.ripe
        if rhythm != item.rhythm:
            name = Rhythm(rhythm) if rhythm else Rhythm.AT_ONCE
            last = self._last_of(name, item.channel)
            ripe = rhythms.next_ripe(name, item.made, last, self._zone)
        elif rhythm and self._first[rhythm] > self._now:  # they are in another zone now
            ripe = self._first[rhythm]
        if ripe <= self._now and self._quiet is not None and notice.level != Level.CRITICAL:
            ripe = quiet_hours.put_off_to(ripe, self._now, self._quiet, self._zone) or ripe
        if self._again is not None and self._again > self._now:
            ripe = max(ripe, self._again)
        return rhythm, ripe

    def _last_of(self, rhythm: Rhythm, channel: str) -> datetime | None:
        """When the last digest of this rhythm was due that they got."""
        if rhythm not in self._last:
            gone = OutboxItem.objects.filter(user=self._user, channel=channel, rhythm=rhythm)
            sent = gone.filter(state__in=[_State.TAKEN, _State.HANDED, _State.UNKNOWN])
            self._last[rhythm] = sent.aggregate(last=Max("ripe"))["last"]
        return self._last[rhythm]


def _rhythm_of(one: Looked) -> str:
    """What staff send again is no part of a digest."""
    return "" if one.item.repeat else one.decision.rhythm


def _one_message(ready: Sequence[Looked]) -> list[Looked]:
    """What goes together, the newest first. What could not be rendered goes alone; what nobody can
    unsubscribe from, and what goes another way, apart."""
    first = ready[0]
    if first.item.tries:
        return [first]
    together = [one for one in ready if not one.item.tries and _goes_with(first, one)]
    return sorted(together, key=lambda one: one.copy.arrived if one.copy else 0, reverse=True)


def _goes_with(first: Looked, other: Looked) -> bool:
    are_required = [one.decision.rule is Rule.REQUIRED for one in (first, other)]
    ways = [
        {k: v for k, v in vars(one.channel).items() if k not in {"after", "unless"}}
        for one in (first, other)
    ]
    same_class = type(first.channel) is type(other.channel)
    return same_class and ways[0] == ways[1] and are_required[0] == are_required[1]

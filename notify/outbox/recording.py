"""What became of a message, for it, its items and its address.

Whoever frees items ends their message first, under its lock.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django.db.models import QuerySet
from django.db.models.functions import Now

from notify.kinds import registry
from notify.models import Message, OutboxItem, Reach
from notify.models.outbox import MAX_WHY
from notify.outbox import back_off, claiming, steps
from notify.outbox.channel import (
    AddressRefused,
    Deferred,
    HandOverFailed,
    MessageRefused,
)
from notify.outbox.states import IN_A_MESSAGE, ITEMS, Move, may, target
from notify.sql import database, transactions

logger = logging.getLogger(__name__)

GIVEN_UP = "given up after three days: "
NO_RECORD = "its worker ended before it said what became of it"
LEASES_PER_PASS = 100


class Result(NamedTuple):
    """What a hand-over came to. `closes_address` tells a refusal of the address from one of the
    message."""

    move: Move
    why: str = ""
    closes_address: bool = False


def result_of(error: HandOverFailed | None) -> Result:
    """What the answer of a channel means."""
    why = "" if error is None else str(error)[:MAX_WHY]
    match error:
        case None:
            return Result("hand")
        case Deferred():
            return Result("defer", why)
        case AddressRefused():
            return Result("refuse", why, closes_address=True)
        case MessageRefused():
            return Result("refuse", why)
        case _:
            return Result("lose", why)


def record(key: str, result: Result) -> bool:
    """Writes down what became of a message.

    A late result of its own worker still counts where the message is `unknown` by now.

    Args:
        key: Of the message.
        result: What became of it.

    Returns:
        Whether it was written; not if the message had ended otherwise.

    Raises:
        Busy, DatabaseError: Nothing was written.
    """
    recorded = transactions.in_transaction(lambda: _record(key, result))
    steps.reached("recorded")
    return recorded


def drop(key: str, why: str, *, has_failed: bool = True) -> None:
    """Ends a message of which nothing has left.

    Args:
        key: Of the message.
        why: What prevented it.
        has_failed: Whether its items are put off, each to go alone, and closed after the fifth
            time. Else they wait as before, and are due.

    Raises:
        Busy, DatabaseError: It is as it was.
    """

    def work() -> None:
        message = _locked(key)
        if message is not None and message.state in may("drop"):
            _drop(message, why, has_failed=has_failed)

    transactions.in_transaction(work)


def end_leases() -> int:
    """Ends the messages whose workers are gone. What may have left is unknown. What has not is free
    again, each to go alone: rendering it may have been what ended its worker.

    One that fails is logged, and left to the next call.

    Returns:
        How many were ended.

    Raises:
        DatabaseError: They could not be read.
    """
    held = Message.objects.filter(state__in=[Message.State.CLAIMED, Message.State.SENDING])
    overdue = held.filter(lease__lt=Now()).order_by("lease").values_list("pk", flat=True)
    ended = 0
    for key in overdue[:LEASES_PER_PASS]:
        try:
            ended += transactions.in_transaction(partial(_end_lease, key))
        except Exception:
            logger.exception("The lease of message %s could not be ended.", key)
    return ended


def _end_lease(key: str) -> bool:
    message = _locked(key, skip_locked=True)
    if message is None or message.lease >= database.now():
        return False
    if message.state in may("drop"):
        _drop(message, "its worker ended", at_once=True)
    elif message.state in may("lose"):
        logger.warning("Message %s is unknown: %s.", key, NO_RECORD)
        _apply(message, Result("lose", NO_RECORD))
    else:
        return False
    return True


def _drop(message: Message, why: str, *, has_failed: bool = True, at_once: bool = False) -> None:
    now = database.now()
    _end(message, "drop", why, now)
    items = message.items.filter(state=OutboxItem.State.TAKEN)
    if has_failed:
        claiming.put_off_failed(items, now, at_once=at_once)
    else:
        items.update(state=OutboxItem.State.WAITING, message=None)


def _record(key: str, result: Result) -> bool:
    message = _locked(key)
    if message is None or message.state not in may(result.move):
        return False
    steps.reached("recording")
    _apply(message, result)
    return True


def _locked(key: str, *, skip_locked: bool = False) -> Message | None:
    return Message.objects.select_for_update(skip_locked=skip_locked).filter(pk=key).first()


def _apply(message: Message, result: Result) -> None:
    now = database.now()
    items = message.items.filter(state__in=IN_A_MESSAGE)
    again = None
    if result.move == "defer":
        again = _note_failure(message, result.why, now)
        if again is None:
            result = Result("refuse", f"{GIVEN_UP}{result.why}"[:MAX_WHY])
    elif result.closes_address:
        _close(message, result.why, now)
    elif result.move == "hand":
        _reaches(message).filter(address=message.address).delete()
    _end(message, result.move, result.why, now)
    if result.move == "lose" and (repeated := _repeated(items)):
        again = _note_failure(message, result.why, now)
        if again is not None:
            items.filter(pk__in=repeated).update(
                state=OutboxItem.State.WAITING, message=None, ripe=again
            )
    state = ITEMS[result.move]
    if state == OutboxItem.State.WAITING:
        freed = {"ripe": again} if again is not None else {}
        items.update(state=state, message=None, **freed)
    else:
        items.update(state=state, why=result.why, ended=now)


def _end(message: Message, move: Move, why: str, now: datetime) -> None:
    message.state, message.why, message.ended = target(move), why, now
    message.save(update_fields=["state", "why", "ended"])


def _repeated(items: QuerySet[OutboxItem]) -> list[int]:
    """Those whose kind says that twice is better than never."""
    kinds = {item.pk: registry.get(item.notice.kind) for item in items.select_related("notice")}
    return [pk for pk, kind in kinds.items() if kind is not None and kind.at_least_once]


def _note_failure(message: Message, why: str, now: datetime) -> datetime | None:
    """When the address is tried again; None if it is given up, for this time."""
    reach = _reach(message)
    if reach.closed is not None:
        return now  # the next claim ends what waits
    reach.failures += 1
    reach.since = reach.since or now
    reach.again = back_off.next_attempt(reach.failures, reach.since, now)
    reach.why = why
    if reach.again is None:
        reach.delete()
    else:
        reach.save()
    return reach.again


def _close(message: Message, why: str, now: datetime) -> None:
    reach = _reach(message)
    reach.closed, reach.why = now, why
    reach.failures, reach.since, reach.again = 0, None, None
    reach.save()


def _reach(message: Message) -> Reach:
    """That of the message's address, locked: two messages to one person may end at a time."""
    reach = Reach(user_id=message.user_id, channel=message.channel, address=message.address)
    Reach.objects.bulk_create(
        [reach],
        update_conflicts=True,
        unique_fields=["user", "channel"],
        update_fields=["channel"],  # as it is: this locks the row
    )
    found = _reaches(message).get()
    if found.address == message.address:
        return found
    reach.pk = found.pk  # as of an address that was never tried
    return reach


def _reaches(message: Message) -> QuerySet[Reach]:
    return Reach.objects.filter(user=message.user_id, channel=message.channel)

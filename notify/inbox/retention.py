"""Deleting old rows, in chunks with a pause between them.

Servers delete spent tickets and ended sessions every hour. Notices are deleted only if the project
asks for it, by `NOTIFY_KEEP_DAYS` or `notify_prune`.

A deletion changes the inbox like any other change: clients with an older cursor get a reset.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from notify import conf
from notify.changes import Change
from notify.inbox import upkeep
from notify.models import (
    Batch,
    EndedSession,
    Message,
    Notice,
    Notification,
    OutboxItem,
    Place,
    SpentTicket,
)
from notify.sql import transactions

ROWS_PER_CHUNK = 1000
PAUSE_S = 0.05
TICKETS_KEPT = timedelta(hours=1)  # a ticket lives a minute
LONGEST = timedelta(days=conf.MAX_DAYS)
SESSIONS_KEPT = timedelta(days=60)  # at least, see sessions_kept

# Which notifications to delete, by their state.
STATES = {
    "all": Q(),
    "read": Q(read__isnull=False),
    "archived": Q(place__in=[Place.ARCHIVED, Place.FILED]),
    "recalled": Q(place=Place.RECALLED),
}


@dataclass(slots=True)
class Pruned:
    notifications: int = 0
    notices: int = 0
    messages: int = 0  # that left the browser
    others: int = 0  # spent tickets and ended sessions


def prune(
    older_than: timedelta,
    state: str = "all",
    *,
    announce: Callable[[Change], None],
    pause_s: float = PAUSE_S,
    sleep: Callable[[float], object] = time.sleep,
) -> Pruned:
    """Deletes old notifications, then old notices that nobody has any more, then old messages
    about none.

    Args:
        older_than: the age of the notices.
        state: one of `STATES`, the state of the notifications.
        announce: gets each change after its commit.
        pause_s: the pause between two chunks, in seconds.
        sleep: waits for so many seconds; an exception that it raises ends the work.

    Returns:
        How many rows were deleted.
    """
    pruned = Pruned()

    def pause() -> None:
        sleep(pause_s)

    for user, ids in _chosen(older_than, state):
        change = upkeep.delete_rows(user, ids)
        pruned.notifications += len(ids)
        if change is not None:
            announce(change)
        pause()
    pruned.notices = _delete_notices(older_than, pause)
    pruned.messages = _delete(_messages_about_nothing(older_than), pause)
    pruned.others = prune_ended(pause_s=pause_s, sleep=sleep)
    return pruned


def _chosen(older_than: timedelta, state: str) -> Iterator[tuple[str, list[int]]]:
    """Chunks of copies, each of one user: (user, ids of notices)."""
    old = Notification.objects.filter(STATES[state], notice__created__lt=_before(older_than))
    keys = old.order_by("user", "notice").values_list("user", "notice")
    while rows := list(keys[:ROWS_PER_CHUNK]):
        by_user: dict[Any, list[int]] = {}
        for user, notice in rows:
            by_user.setdefault(user, []).append(notice)
        for user, ids in by_user.items():
            yield str(user), ids


def _delete_notices(older_than: timedelta, pause: Callable[[], None]) -> int:
    return _delete(unheld_notices().filter(created__lt=_before(older_than)), pause)


def _messages_about_nothing(older_than: timedelta) -> QuerySet[Message]:
    """Those that have ended, and whose notices were deleted."""
    items = OutboxItem.objects.filter(message=OuterRef("pk"))
    return Message.objects.filter(~Exists(items), ended__lt=_before(older_than))


def unheld_notices() -> QuerySet[Notice]:
    """The notices without copies and without batches that are still to be carried out."""
    held = Notification.objects.filter(notice=OuterRef("pk"))
    waiting = Batch.objects.filter(
        notice=OuterRef("pk"), state__in=[*Batch.NOT_YET, Batch.State.RECALLING]
    )
    return Notice.objects.filter(~Exists(held), ~Exists(waiting))


def prune_ended(*, pause_s: float = PAUSE_S, sleep: Callable[[float], object] = time.sleep) -> int:
    """Deletes spent tickets and ended sessions that nobody can use any more.

    Args:
        pause_s: the pause between two chunks, in seconds.
        sleep: waits for so many seconds; an exception that it raises ends the work.

    Returns:
        How many rows were deleted.
    """

    def pause() -> None:
        sleep(pause_s)

    tickets = SpentTicket.objects.filter(spent__lt=Now() - TICKETS_KEPT)
    sessions = EndedSession.objects.filter(ended__lt=_before(sessions_kept()))
    return _delete(tickets, pause) + _delete(sessions, pause)


def _before(age: timedelta) -> Any:
    return Now() - min(age, LONGEST)


def sessions_kept() -> timedelta:
    """How long ended sessions are remembered.

    Longer than Django accepts a signed cookie that holds the whole session (`SESSION_COOKIE_AGE`).
    Every other session engine forgets the session itself.
    """
    return max(SESSIONS_KEPT, timedelta(seconds=settings.SESSION_COOKIE_AGE) + timedelta(days=1))


def _delete(rows: QuerySet[Any], pause: Callable[[], None]) -> int:
    deleted = 0
    while keys := list(rows.values_list("pk", flat=True)[:ROWS_PER_CHUNK]):
        # Deadlocks, as with a worker that has items of these notices, are tried again.
        chunk = rows.model.objects.filter(pk__in=keys)
        transactions.in_transaction(chunk.delete)
        deleted += len(keys)
        pause()
    return deleted

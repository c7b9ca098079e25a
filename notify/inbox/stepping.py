"""How an inbox goes from one version to the next.

Each change adds one to the version of the inboxes concerned, under their row locks and in the
transaction of the change, and stamps the rows that it touched with that version. Locks are held
until the commit, so versions are in the order of commits and no cursor can skip a row.

Locks are taken in one order everywhere: batch, notice, inbox rows by key, notifications. Only
this module, `appending`, `recalling` and `one_statement` write `Inbox.version`. Several notices
that arrive together are one change of several versions.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q

from notify.changes import Change, Step
from notify.inbox import epoch, reading
from notify.models import Inbox, Notification, Place
from notify.sql.keys import public_key

logger = logging.getLogger(__name__)

MAX_ROWS_IN_CHANGE = 50  # a larger change carries no rows; clients read them

Record = tuple[Any, ...]
"""(user_id, epoch, version before, version, unseen, unread, badge), as the database returns it."""


def steps_of(records: Iterable[Record], suffix: str | None = None) -> list[Step]:
    """The steps of these records; `suffix` is `epoch.suffix()`, read beforehand."""
    suffix = epoch.suffix() if suffix is None else suffix
    return [Step(public_key(key), own + suffix, *rest) for key, own, *rest in records]


def advance(
    inbox: Inbox, rows: int, *, unseen: int, unread: int, overlooked: int, floor: bool = False
) -> Change | None:
    """Writes a locked inbox after a change.

    Args:
        inbox: the inbox, under its row lock.
        rows: how many notifications changed.
        unseen: what to add to the count of unseen ones.
        unread: what to add to the count of unread ones.
        overlooked: what to add to the count of unseen ones that do not ring.
        floor: whether older cursors become void.

    Returns:
        The change; None if there is none.
    """
    if not (rows or unseen or unread or overlooked):
        return None
    inbox.version += 1
    inbox.unseen += unseen
    inbox.unread += unread
    inbox.overlooked += overlooked
    if min(inbox.unseen, inbox.unread, inbox.overlooked) < 0:
        inbox.unseen, inbox.unread, inbox.overlooked = counted(inbox)
        logger.warning(
            "The counts of the inbox of %s were wrong and have been recounted: other code has "
            "changed its notifications by a query of its own.",
            inbox.pk,
        )
    if floor:
        inbox.floor = inbox.version
    inbox.save(update_fields=["version", "unseen", "unread", "overlooked", "floor"])
    user = str(inbox.pk)
    own = epoch.full(inbox.epoch)
    counts = inbox.unseen, inbox.unread, inbox.badge
    step = Step(user, own, inbox.version - 1, inbox.version, *counts)
    carried = rows <= MAX_ROWS_IN_CHANGE and not floor
    carried_rows = reading.rows_of_version(user, inbox.version) if carried else None
    return Change([step], rows=carried_rows, changed=rows)


def counted(inbox: Inbox) -> tuple[int, int, int]:
    """The numbers of unseen, unread and overlooked notifications, counted in the rows."""
    counts = count_in(inbox, Notification.objects.filter(user_id=inbox.pk))
    return counts["unseen"], counts["unread"], counts["overlooked"]


def count_in(inbox: Inbox, rows: Any) -> dict[str, int]:
    """How many of these notifications of an inbox count as `unseen`, `unread`, `overlooked`."""
    counted = Q(place=Place.INBOX)
    unseen = counted & Q(seen__isnull=True)
    counts: dict[str, int] = rows.aggregate(
        unseen=Count("notice", filter=unseen),
        unread=Count("notice", filter=counted & Q(read__isnull=True)),
        overlooked=Count("notice", filter=unseen & Q(arrived__lte=inbox.opened)),
    )
    return counts

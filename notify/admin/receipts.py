"""What a user's devices have confirmed, and the way of their newest notifications."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notify.admin.formatting import EMPTY, format_count, format_moment
from notify.admin.preferences import reason_text
from notify.models import Inbox, Notification, Place

SHOWN = 10  # notifications
MAX_MISSING = 100  # notifications that are counted


@dataclass(frozen=True, slots=True)
class Way:
    """One notification on its way to its user; a moment that is not recorded is "yes"."""

    notification: Notification
    created: str
    delivered: str
    seen: str
    read: str
    place: str
    reason: str


def newest(inbox: Inbox | None) -> list[Way]:
    """The ten newest of an inbox, the newest first."""
    if inbox is None:
        return []
    rows = Notification.objects.filter(user=inbox.pk).select_related("notice")
    return [_way(row, inbox) for row in rows.order_by("-arrived")[:SHOWN]]


def confirmed_text(inbox: Inbox | None) -> str:
    """Which notifications the user's devices have confirmed, and when they last did."""
    if inbox is None or inbox.acknowledged_at is None:
        return _("nothing yet")
    # What arrived later has a later version too, and these have an index.
    missing = Notification.objects.filter(
        user=inbox.pk, version__gt=inbox.acknowledged, arrived__gt=inbox.acknowledged
    )
    count, when = missing[:MAX_MISSING].count(), format_moment(inbox.acknowledged_at)
    if not count:
        return _("everything, as of %s") % when
    if count == MAX_MISSING:
        return _("all but the newest %(count)s or more, as of %(when)s") % {
            "count": format_count(count),
            "when": when,
        }
    text = ngettext(
        "all but the newest, as of %(when)s",
        "all but the newest %(count)s, as of %(when)s",
        count,
    )
    return text % {"count": format_count(count), "when": when}


def _way(row: Notification, inbox: Inbox) -> Way:
    is_delivered = inbox.acknowledged >= row.arrived or row.seen or row.read
    places = (
        (row.recalled, _("recalled")),
        (row.place == Place.FILED, _("filed: not wanted")),
        (row.archived, _("archived")),
    )
    return Way(
        notification=row,
        created=format_moment(row.notice.created),
        delivered=_("yes") if is_delivered else _("no"),
        seen=format_moment(row.seen),
        read=format_moment(row.read),
        place=next((text for when, text in places if when), EMPTY),
        reason=EMPTY if row.reason is None else reason_text(row.reason),
    )

"""What the panel on the admin's index shows: what goes wrong, is being sent, is scheduled, and was
sent last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from notify.admin import charts, statuses
from notify.admin.formatting import format_count, format_moment, format_people, sender_names
from notify.models import Notice

SHOWN = 5  # notices of a kind
# Receipts are counted row by row: those of a notice to more recipients are on its page.
MAX_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    notice: Any
    sender: str
    when: str  # it was written, or is to be sent
    label: str
    people: str
    bar: dict[str, Any] | None  # of what was sent to not too many
    done: str  # empty if it is not being sent
    can_pause: bool
    can_resume: bool


@dataclass(frozen=True, slots=True)
class Group:
    status: str  # of `StatusFilter`
    name: str
    lines: list[Line]
    has_more: bool


def groups() -> list[Group]:
    """The groups that are not empty, in seven queries at most."""
    found = _found()
    shown = [pk for pks in found.values() for pk in pks[:SHOWN]]
    if not shown:
        return []
    notices = Notice.objects.filter(pk__in=shown).with_progress()
    by_pk = {notice.pk: notice for notice in statuses.with_failing(notices)}
    _count_receipts([by_pk[pk] for pk in found["sent"][:SHOWN] if pk in by_pk])
    names = sender_names(notice.sender for notice in by_pk.values())
    titles = {
        "failed": _("Failed, retrying"),
        "unfinished": _("Sending"),
        "scheduled": _("Scheduled"),
        "sent": _("Last sent"),
    }
    return [
        Group(
            status=status,
            name=titles[status],
            lines=[_line(by_pk[pk], names) for pk in pks[:SHOWN] if pk in by_pk],
            has_more=len(pks) > SHOWN,
        )
        for status, pks in found.items()
        if pks
    ]


def _found() -> dict[str, list[int]]:
    """Ids by status, at most one more than are shown. What fails is in no other group."""
    failed = _ids(statuses.having("failed", Notice.objects.all()))
    unfinished, scheduled, sent = (
        statuses.having(status, Notice.objects.exclude(pk__in=failed))
        for status in ("unfinished", "scheduled", "sent")
    )
    return {
        "failed": failed,
        "unfinished": _ids(unfinished),
        "scheduled": _ids(scheduled.order_by("send_at", "pk")),
        "sent": _ids(sent),
    }


def _ids(notices: Any) -> list[int]:
    return list(notices.values_list("pk", flat=True)[: SHOWN + 1])


def _count_receipts(notices: list[Any]) -> None:
    """Adds `delivered`, `seen` and `read` to those that are not to too many."""
    few = [notice for notice in notices if notice.recipients <= MAX_COUNTED]
    counted: Any = Notice.objects.filter(pk__in=[notice.pk for notice in few])
    names = ("delivered", "seen", "read")
    counts = {pk: row for pk, *row in counted.with_counts().values_list("pk", *names)}
    for notice in few:
        for name, count in zip(names, counts.get(notice.pk, (0, 0, 0)), strict=True):
            setattr(notice, name, count)


def _line(notice: Any, names: dict[str, str]) -> Line:
    status = notice.status
    is_moving = status in {Notice.Status.PENDING, Notice.Status.SENDING}
    ended = notice.appended + notice.skipped + notice.cancelled
    return Line(
        notice=notice,
        sender=names[notice.sender],
        when=format_moment(
            notice.send_at if statuses.is_still_scheduled(notice) else notice.created
        ),
        label=statuses.label(notice),
        people=format_people(notice.recipients),
        bar=charts.bar(notice) if hasattr(notice, "delivered") else None,
        done=f"{format_count(ended)} / {format_count(notice.recipients)}",
        can_pause=is_moving,
        can_resume=status == Notice.Status.PAUSED,
    )

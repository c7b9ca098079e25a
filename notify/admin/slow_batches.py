"""The batches of a notice that took longest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _

from notify.admin.formatting import format_count, format_people
from notify.models import Batch, Notice
from notify.sql import database

SHOWN = 10


@dataclass(frozen=True, slots=True)
class SlowBatch:
    state: str
    people: str
    took: str  # from when the notice was due until it was finished, or until now
    attempts: int  # that failed


def slowest_batches(notice: Notice) -> list[SlowBatch]:
    """Up to ten: first those that are still to be sent, then the last to finish. Empty if the
    notice has none of either, or is not due yet."""
    due, now = notice.send_at or notice.created, database.now()
    if due > now:
        return []
    batches: Iterable[Any] = (
        Batch.objects.filter(
            Q(state=Batch.State.PENDING) | Q(finished__isnull=False), notice=notice, size__gt=0
        )
        .defer("recipients")
        .order_by(F("finished").desc(nulls_first=True), "-attempts", "pk")
    )[:SHOWN]
    return [
        SlowBatch(
            state=batch.get_state_display(),
            people=format_people(batch.size),
            took=_format_seconds(((batch.finished or now) - due).total_seconds()),
            attempts=batch.attempts,
        )
        for batch in batches
    ]


def _format_seconds(seconds: float) -> str:
    if seconds < 120:
        return _("%s s") % format_count(max(0, round(seconds)))
    return _("%s min") % format_count(round(seconds / 60))

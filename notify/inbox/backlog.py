"""What is owed: batches that wait, and the notices that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Now

from notify.inbox.turns import OPEN
from notify.kinds import registry
from notify.models import Batch, Message, OutboxItem

RECENT = timedelta(hours=1)
MAX_NOTICES = 10
_DUE = Q(due__lte=Now())
_FAILING = Q(attempts__gt=0)
_PAUSED = Batch.State.PAUSED


def figures() -> dict[str, float]:
    """The figures of the database, by the name of their metric."""
    count = Batch.objects.filter(state__in=OPEN).aggregate(
        open=Count("pk"),
        due_now=Count("pk", filter=_DUE),
        failing=Count("pk", filter=_FAILING),
        sending=Count("notice", filter=_DUE, distinct=True),
        oldest=Min("due"),
        now=Max(Now()),
    )
    paused = Batch.objects.filter(state=_PAUSED).aggregate(notices=Count("notice", distinct=True))
    age = _age(count["now"], count["oldest"]) if count["due_now"] else 0.0
    return {
        "notify_database_up": 1,
        "notify_batches_open": count["open"],
        "notify_batches_due": count["due_now"],
        "notify_batches_due_age_seconds": round(max(0.0, age), 3),
        "notify_batches_failing": count["failing"],
        "notify_notices_sending": count["sending"],
        "notify_notices_paused": paused["notices"],
    }


def outbox_figures() -> dict[str, float]:
    """What waits to go out of the browser, by the name of its metric. Empty, and no query, where no
    kind declares a channel."""
    if not registry.declares_channels():
        return {}
    waiting = OutboxItem.objects.filter(state=OutboxItem.State.WAITING)
    count = waiting.aggregate(all=Count("pk"), oldest=Min("ripe"), now=Max(Now()))
    age = (count["now"] - count["oldest"]).total_seconds() if count["all"] else 0.0
    return {
        "notify_outbox_waiting": count["all"],
        "notify_outbox_due_age_seconds": round(max(0.0, age), 3),
    }


def outbox_tallies() -> dict[str, dict[str, int]]:
    """What became of messages and items within the last hour, by the name of its metric and then
    by the value of its label. Empty, and no query, where no kind declares a channel.

    It is read from the database, as a process of `notify_work` has no page of metrics."""
    if not registry.declares_channels():
        return {}
    ended = [state.value for state in Message.State if state not in Message.OPEN]
    messages = Message.objects.filter(ended__gt=Now() - RECENT, state__in=ended)
    skipped = OutboxItem.objects.filter(ended__gt=Now() - RECENT, state=OutboxItem.State.SKIPPED)
    return {
        "notify_outbox_messages": dict.fromkeys(ended, 0) | _tally(messages, "state"),
        "notify_outbox_skipped": _tally(skipped, "why"),
    }


def _tally(rows: QuerySet[Any], by: str) -> dict[str, int]:
    return dict(rows.values_list(by).annotate(n=Count("pk")))


def _age(now: datetime, oldest: datetime) -> float:
    """For how many seconds nothing has been done for the notice that has been due longest."""
    first = Batch.objects.filter(_DUE, state__in=OPEN).order_by("due", "notice").values("notice")
    done = Batch.objects.filter(notice=Subquery(first[:1])).aggregate(last=Max("finished"))
    return float((now - max(oldest, done["last"] or oldest)).total_seconds())


def notices() -> list[dict[str, Any]]:
    """Notices that are being sent, fail or are paused: failing ones first, then those that have
    waited longest. At most ten of those that are open, and ten that are paused.

    Returns:
        Of each `id`, `state` (`failing`, `sending`, `recalling` or `paused`), and its numbers of
        `batches` and `people` that are not done.
    """
    open_ones = Batch.objects.filter(_DUE | _FAILING, state__in=OPEN)
    paused = Batch.objects.filter(state=_PAUSED)
    return [
        {
            "id": row["notice"],
            "state": _state(row),
            "batches": row["batches"],
            "people": row["people"],
        }
        for batches in (open_ones, paused)
        for row in batches.order_by()
        .values("notice")
        .annotate(
            batches=Count("pk"),
            people=Sum("size"),
            failing=Count("pk", filter=_FAILING),
            recalling=Count("pk", filter=Q(state=Batch.State.RECALLING)),
            paused=Count("pk", filter=Q(state=_PAUSED)),
            oldest=Min("due"),
        )
        .order_by("-failing", "oldest")[:MAX_NOTICES]
    ]


def _state(row: Mapping[str, Any]) -> str:
    return next((name for name in ("paused", "failing", "recalling") if row[name]), "sending")

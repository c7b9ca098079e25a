"""Pictures of figures, as the numbers that a template makes SVG of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import Trunc
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from notify.admin.words import number
from notify.models import Notice, Notification

WIDTH, HEIGHT = 640, 160
BAR = 120


@dataclass(frozen=True, slots=True)
class Line:
    """One cumulative line of a chart: `points` for an SVG polyline."""

    name: str
    label: str
    points: str
    last: str


@dataclass(frozen=True, slots=True)
class Chart:
    lines: list[Line]
    begins: datetime
    ends: datetime
    most: str
    # (when, [each line's count by then]), for those who read it as a table
    rows: list[tuple[datetime, list[str]]]
    width: int = WIDTH
    height: int = HEIGHT


def bar(notice: Any) -> dict[str, Any]:
    """A bar of the recipients: which part has read, seen, and been reached."""
    whole = max(1, notice.recipients)
    counts = {name: getattr(notice, name) for name in ("delivered", "seen", "read")}
    # Whoever has seen it has it, whether or not a client has confirmed so yet.
    counts["delivered"] = max(counts["delivered"], counts["seen"])
    widths = {name: round(BAR * min(count, whole) / whole, 1) for name, count in counts.items()}
    said = {name: number(getattr(notice, name)) for name in (*counts, "recipients")}
    text = _("%(delivered)s delivered, %(seen)s seen, %(read)s read of %(recipients)s")
    return {"width": BAR, "widths": widths, "text": text % said}


def over_time(notice: Notice) -> Chart | None:
    """When it arrived, was seen and was read; None where it has arrived nowhere.

    When it was delivered is not kept, so it is not in the picture.
    """
    rows = Notification.objects.filter(notice=notice)
    batches = notice.batch_set.filter(appended__gt=0, finished__isnull=False)
    arrived = [(when, n) for when, n in batches.values_list("finished", "appended") if when]
    if not arrived:
        return None
    begins = min(when for when, _n in arrived)
    step = _step(begins, rows)
    series = [
        ("arrived", _("in the inbox"), _by_step(arrived, step)),
        ("seen", _("seen"), _grouped(rows, "seen", step)),
        ("read", _("read"), _grouped(rows, "read", step)),
    ]
    moments = sorted(set().union(*(counts for _name, _label, counts in series)))
    most = max(sum(counts.values()) for _name, _label, counts in series)
    span = max((moments[-1] - moments[0]).total_seconds(), 1)
    totals = [_cumulative(counts, moments) for _name, _label, counts in series]

    def points(sums: list[int]) -> str:
        found, before = [f"0,{HEIGHT}"], 0
        for moment, total in zip(moments, sums, strict=True):
            x = round(WIDTH * (moment - moments[0]).total_seconds() / span, 1)
            # A step: nothing happened between the two.
            found += [f"{x},{_y(before, most)}", f"{x},{_y(total, most)}"]
            before = total
        return " ".join([*found, f"{WIDTH},{_y(before, most)}"])

    return Chart(
        lines=[
            Line(name, label, points(sums), number(sums[-1]))
            for (name, label, _counts), sums in zip(series, totals, strict=True)
        ],
        begins=localtime(moments[0]),
        ends=localtime(moments[-1]),
        most=number(most),
        rows=[
            (localtime(moment), [number(sums[n]) for sums in totals])
            for n, moment in enumerate(moments)
        ],
    )


def _y(count: int, most: int) -> float:
    return round(HEIGHT - HEIGHT * count / max(1, most), 1)


def _step(begins: datetime, rows: Any) -> str:
    """Seconds, minutes, hours or days: few enough to be drawn."""
    last = max(
        (when for name in ("seen", "read") for when in [_latest(rows, name)] if when is not None),
        default=begins,
    )
    span = last - begins
    if span <= timedelta(minutes=2):
        return "second"
    if span <= timedelta(hours=3):
        return "minute"
    return "hour" if span <= timedelta(days=7) else "day"


def _latest(rows: Any, name: str) -> datetime | None:
    found: datetime | None = (
        rows.filter(**{f"{name}__isnull": False}).order_by(f"-{name}").values_list(name, flat=True)
    ).first()
    return found


def _grouped(rows: Any, name: str, step: str) -> Counter[datetime]:
    when = rows.filter(**{f"{name}__isnull": False}).annotate(at=Trunc(name, step)).order_by()
    return Counter(dict(when.values("at").annotate(n=Count("pk")).values_list("at", "n")))


_REST: dict[str, dict[str, int]] = {
    "second": {"microsecond": 0},
    "minute": {"microsecond": 0, "second": 0},
    "hour": {"microsecond": 0, "second": 0, "minute": 0},
    "day": {"microsecond": 0, "second": 0, "minute": 0, "hour": 0},
}


def _by_step(counts: Iterable[tuple[datetime, int]], step: str) -> Counter[datetime]:
    found: Counter[datetime] = Counter()
    for when, count in counts:
        found[localtime(when).replace(**_REST[step])] += count  # type: ignore[arg-type]
    return found


def _cumulative(counts: Counter[datetime], moments: list[datetime]) -> list[int]:
    total, sums = 0, []
    for moment in moments:
        total += counts[moment]
        sums.append(total)
    return sums

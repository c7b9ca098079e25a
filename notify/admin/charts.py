"""Charts of a notice's reach, as numbers that a template draws in SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from django.db.models import Count
from django.db.models.functions import Trunc
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from notify.admin.formatting import format_count, reach
from notify.models import Notice, Notification

WIDTH, HEIGHT = 640, 160
BAR_WIDTH = 120


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
    # The chart as a table: (moment, [count of each line by then])
    rows: list[tuple[datetime, list[str]]]
    width: int = WIDTH
    height: int = HEIGHT


def bar(notice: Any) -> dict[str, Any]:
    """The context of `bar.html`: the shares of recipients who have received, seen and read it."""
    whole = max(1, notice.recipients)
    counts = reach(notice)
    widths = {
        name: round(BAR_WIDTH * min(count, whole) / whole, 1) for name, count in counts.items()
    }
    counts["recipients"] = notice.recipients
    shown = {name: format_count(count) for name, count in counts.items()}
    text = _("%(delivered)s delivered, %(seen)s seen, %(read)s read of %(recipients)s")
    return {"width": BAR_WIDTH, "widths": widths, "text": text % shown}


def over_time(notice: Notice) -> Chart | None:
    """How many had the notice, saw it and read it, over time; None if nobody has it yet.

    The time of a delivery is not recorded, so deliveries are not in the chart.
    """
    rows = Notification.objects.filter(notice=notice)
    batches = notice.batch_set.filter(appended__gt=0, finished__isnull=False)
    arrived = [(when, n) for when, n in batches.values_list("finished", "appended") if when]
    if not arrived:
        if not (copies := rows.count()):
            return None
        arrived = [(notice.created, copies)]  # by the transaction that wrote the notice
    unit = _time_unit(min(when for when, _n in arrived), rows)
    return _draw(
        [
            ("arrived", _("in the inbox"), _sum_by_unit(arrived, unit)),
            ("seen", _("seen"), _count_by_unit(rows, "seen", unit)),
            ("read", _("read"), _count_by_unit(rows, "read", unit)),
        ]
    )


def _draw(series: list[tuple[str, str, Counter[datetime]]]) -> Chart:
    """A chart of (name, label, count by moment) each; one of them at least has a moment."""
    moments = sorted(set().union(*(counts for _name, _label, counts in series)))
    maximum = max(sum(counts.values()) for _name, _label, counts in series)
    totals = [_running_totals(counts, moments) for _name, _label, counts in series]
    return Chart(
        lines=[
            Line(name, label, _points(moments, sums, maximum), format_count(sums[-1]))
            for (name, label, _counts), sums in zip(series, totals, strict=True)
        ],
        begins=localtime(moments[0]),
        ends=localtime(moments[-1]),
        most=format_count(maximum),
        rows=[
            (localtime(moment), [format_count(sums[n]) for sums in totals])
            for n, moment in enumerate(moments)
        ],
    )


def _points(moments: list[datetime], totals: list[int], maximum: int) -> str:
    """A step line, which is level between two moments."""
    span = max((moments[-1] - moments[0]).total_seconds(), 1)
    points, before = [f"0,{HEIGHT}"], 0
    for moment, total in zip(moments, totals, strict=True):
        x = round(WIDTH * (moment - moments[0]).total_seconds() / span, 1)
        points += [f"{x},{_y(before, maximum)}", f"{x},{_y(total, maximum)}"]
        before = total
    return " ".join([*points, f"{WIDTH},{_y(before, maximum)}"])


def _y(count: int, maximum: int) -> float:
    return round(HEIGHT - HEIGHT * count / max(1, maximum), 1)


def _time_unit(begins: datetime, rows: Any) -> str:
    """Seconds, minutes, hours or days: the finest that keeps the number of points small."""
    latest = [when for name in ("seen", "read") if (when := _latest(rows, name)) is not None]
    span = max(latest, default=begins) - begins
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


def _count_by_unit(rows: Any, name: str, unit: str) -> Counter[datetime]:
    """How many rows have this mark, by the time of the mark."""
    marked = rows.filter(**{f"{name}__isnull": False}).annotate(at=Trunc(name, unit)).order_by()
    return Counter(dict(marked.values("at").annotate(n=Count("*")).values_list("at", "n")))


# What `datetime.replace` takes to truncate to a unit.
_SMALLER_FIELDS: dict[str, dict[str, int]] = {
    "second": {"microsecond": 0},
    "minute": {"microsecond": 0, "second": 0},
    "hour": {"microsecond": 0, "second": 0, "minute": 0},
    "day": {"microsecond": 0, "second": 0, "minute": 0, "hour": 0},
}


def _sum_by_unit(counts: Iterable[tuple[datetime, int]], unit: str) -> Counter[datetime]:
    sums: Counter[datetime] = Counter()
    for when, count in counts:
        sums[localtime(when).replace(**_SMALLER_FIELDS[unit])] += count  # type: ignore[arg-type]
    return sums


def _running_totals(counts: Counter[datetime], moments: list[datetime]) -> list[int]:
    return list(accumulate(counts[moment] for moment in moments))

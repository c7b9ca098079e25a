"""Writes what the docs say of the figures, from the tables in notify/metrics/figures.py: the table
of docs/operations.md, Prometheus's alerts and Grafana's dashboard.

python -m tests.harness.monitoring
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from notify.metrics import figures
from notify.metrics.figures import Figure

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operations.md"
ALERTS = ROOT / "docs" / "monitoring" / "alerts.yml"
DASHBOARD = ROOT / "docs" / "monitoring" / "grafana.json"
MARKS = re.compile("(?<=<!-- figures -->\n).*(?=<!-- end -->)", re.DOTALL)
ALL = (*figures.OF_DATABASE, *figures.OF_OUTBOX, *figures.OF_PROCESS)
COLUMNS, WIDTH, HEIGHT = 3, 8, 7
UNITS = {"s": "s", "bytes": "bytes", "switch": "bool", "": "short"}
DELAY = "histogram_quantile({share}, sum by (le) (rate(notify_write_delay_seconds_bucket[5m])))"
# What a figure of one moment cannot say: the alert's name, expression, and texts.
MORE_ALERTS = (
    (
        "NotifyProcessDown",
        'up{job="notify"} == 0',
        "A server process does not answer",
        "If nobody stopped it, look at its log and start it again.",
    ),
    (
        "NotifyLoopStalls",
        "increase(notify_loop_stalls_total[10m]) > 0",
        "An event loop hung for ten seconds",
        "The log has the stacks.",
    ),
    (
        "NotifyInternalErrors",
        'increase(notify_sockets_closed_total{code="4500"}[10m]) > 0',
        "Sockets were closed by a bug",
        "The log has the traceback.",
    ),
    (
        "NotifyErrorsLogged",
        'increase(notify_log_lines_total{level="error"}[10m]) > 0',
        "notify logged an error",
        "Live operations shows which; the log has the traceback.",
    ),
    (
        "NotifyOutboxUnknown",
        'max(notify_outbox_messages{state="unknown"}) > 0',
        "It is not known whether a message has gone out of the browser",
        "It is not sent again by itself. The admin lists it, and can send it again.",
    ),
    (
        "NotifyOutboxNotRendered",
        'max(notify_outbox_skipped{why="not rendered"}) > 0',
        "A message could not be rendered five times and was given up",
        "The log has the traceback of its template or channel.",
    ),
    (
        "NotifyWriteDelay",
        f"{DELAY.format(share=0.99)} > 1",
        "From commit to socket it takes over a second (p99)",
        "The processes are overloaded, or something blocks their event loops.",
    ),
)
MORE_PANELS = (
    ("Delivery delay", "s", [DELAY.format(share=share) for share in (0.5, 0.99)]),
    ("Deliveries per second", "short", ["sum by (way) (rate(notify_deliveries_total[5m]))"]),
    ("Gaps repaired per second", "short", ["sum by (by) (rate(notify_gaps_healed_total[5m]))"]),
    (
        "Sockets closed per second",
        "short",
        ["sum by (code) (rate(notify_sockets_closed_total[5m]))"],
    ),
    (
        "Slow sockets closed per second (4508)",
        "short",
        ['sum(rate(notify_sockets_closed_total{code="4508"}[5m]))'],
    ),
    (
        "Warnings and errors logged per second",
        "short",
        ["sum by (level) (rate(notify_log_lines_total[5m]))"],
    ),
    (
        "Refusals and limits per second",
        "short",
        [
            "sum by (reason) (rate(notify_handshakes_refused_total[5m]))",
            "sum by (limit) (rate(notify_limits_hit_total[5m]))",
        ],
    ),
)


def page() -> str:
    """docs/operations.md, with the table as it should be."""
    return MARKS.sub(lambda _: "\n".join(_table()) + "\n", PAGE.read_text())


def _table() -> Iterator[str]:
    yield "| figure | metric | meaning | red | then |"
    yield "|---|---|---|---|---|"
    for one in ALL:
        yield f"| {one.title} | `{one.name}` | {one.about} | {_limit(one)} | {one.cure} |"


def _limit(figure: Figure) -> str:
    if figure.unit == "switch" and figure.below is not None:
        return "down"
    if figure.above is None:
        return ""
    return f"above {figure.above:g}{' s' if figure.unit == 's' else ''}"


def alerts() -> str:
    rules = [
        _rule(
            "".join(word.capitalize() for word in one.name.split("_")),
            _expression(one),
            f"{one.title}: {_limit(one)}",
            one.cure,
        )
        for one in ALL
        if one.cure
    ]
    rules += [_rule(*one) for one in MORE_ALERTS]
    text = yaml.safe_dump(
        {"groups": [{"name": "notify", "rules": rules}]}, sort_keys=False, allow_unicode=True
    )
    return f"# Written by `make figures`; the job is named notify.\n{text}"


def _rule(name: str, expression: str, summary: str, cure: str) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": "1m",
        "labels": {"severity": "warning"},
        "annotations": {"summary": summary, "description": cure},
    }


def _expression(figure: Figure) -> str:
    if figure.below is not None:
        return f"{_queried(figure)} < {figure.below:g}"
    return f"{_queried(figure)} > {figure.above:g}"


def dashboard() -> str:
    shown = [
        (one.title, UNITS[one.unit], [_queried(one)], _thresholds(one)) for one in ALL
    ] + [(*one, _thresholds(None)) for one in MORE_PANELS]  # fmt: skip
    source = {"type": "prometheus", "uid": "${source}"}
    panels = [
        {
            "id": n + 1,
            "type": "timeseries",
            "title": title,
            "datasource": source,
            "gridPos": {
                "x": n % COLUMNS * WIDTH,
                "y": n // COLUMNS * HEIGHT,
                "w": WIDTH,
                "h": HEIGHT,
            },
            "fieldConfig": {"defaults": {"unit": unit, **thresholds}, "overrides": []},
            "targets": [
                {"refId": chr(ord("A") + at), "datasource": source, "expr": expression}
                for at, expression in enumerate(expressions)
            ],
        }
        for n, (title, unit, expressions, thresholds) in enumerate(shown)
    ]
    variable = {"name": "source", "type": "datasource", "query": "prometheus"}
    board = {
        "title": "notify",
        "uid": "notify",
        "schemaVersion": 39,
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "10s",
        "templating": {"list": [variable]},
        "panels": panels,
    }
    return json.dumps(board, indent=1, ensure_ascii=False) + "\n"


def _queried(figure: Figure) -> str:
    if figure in (
        *figures.OF_DATABASE,
        *figures.OF_OUTBOX,
    ):  # each process says the same, or nothing
        by = f" by ({figure.label}) " if figure.label else ""
        return f"{'max' if figure.below is None else 'min'}{by}({figure.name})"
    job = '{job="notify"}' if figure.name.startswith("process_") else ""
    return f"{figure.name}{job}"


def _thresholds(figure: Figure | None) -> dict[str, Any]:
    if figure is None or not figure.cure:
        return {}
    good, bad = "green", "red"
    limit = figure.above if figure.below is None else figure.below
    low, high = (good, bad) if figure.below is None else (bad, good)
    steps = [{"color": low, "value": None}, {"color": high, "value": limit}]
    return {
        "thresholds": {"mode": "absolute", "steps": steps},
        "custom": {"thresholdsStyle": {"mode": "line"}},
    }


if __name__ == "__main__":
    PAGE.write_text(page())
    ALERTS.write_text(alerts())
    DASHBOARD.write_text(dashboard())

"""/metrics: the metrics of this process, for Prometheus. Scrape each process at its own port.

Needs the package prometheus-client (the extra `metrics`); without it, only this page fails. It
is for requests with `Authorization: Bearer <NOTIFY_METRICS_TOKEN>`, and for signed-in users with
the permission notify.view_operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notify import conf, sql
from notify import metrics as counted
from notify.bus.publisher import publisher
from notify.inbox import backlog
from notify.live import health
from notify.metrics import figures
from notify.models.permissions import VIEW_OPERATIONS, has_permission
from notify.web.pages.decorators import html_refusals

prometheus_client: Any
try:
    import prometheus_client
    from prometheus_client import core
except ImportError:  # the extra is not installed
    prometheus_client = None

_BY_THE_LIBRARY = {"process_resident_memory_bytes"}  # its ProcessCollector
FIGURES_WITHIN_S = 2.0  # each query of the database's
FORBIDDEN = f"Forbidden: needs the metrics token or `{VIEW_OPERATIONS}`.\n"


@login_not_required
@never_cache
@require_safe
@html_refusals
def metrics(request: HttpRequest) -> HttpResponse:
    if not _is_allowed(request):
        return HttpResponse(FORBIDDEN, status=403, content_type="text/plain")
    if prometheus_client is None:
        return HttpResponse(
            "Install django-notify-live[metrics].\n", status=501, content_type="text/plain"
        )
    registry = prometheus_client.CollectorRegistry()
    registry.register(Collector())
    prometheus_client.ProcessCollector(registry=registry)
    return HttpResponse(
        prometheus_client.generate_latest(registry),
        content_type=prometheus_client.CONTENT_TYPE_LATEST,
    )


def token_of(request: HttpRequest) -> str:
    """The credentials in the `Authorization` header; empty if there are none."""
    return request.headers.get("Authorization", "").partition(" ")[2]


def _is_allowed(request: HttpRequest) -> bool:
    if sent := token_of(request):
        token = conf.current().metrics_token
        scheme = request.headers["Authorization"].partition(" ")[0]
        matches = token is not None and constant_time_compare(sent.strip(), token)
        return matches and scheme.lower() == "bearer"
    return has_permission(request.user, VIEW_OPERATIONS)


class Collector:
    """A collector of notify's metrics, for any prometheus-client registry."""

    def collect(self) -> Iterator[Any]:
        yield from _gauges()
        for counter in counted.counters:
            label = [counter.label] if counter.label else []
            family = core.CounterMetricFamily(counter.name, counter.about, labels=label)
            for value, n in list(counter.values.items()):
                family.add_metric([value] if label else [], n)
            yield family
        for histogram in counted.histograms:
            yield _histogram(histogram)


def _gauges() -> Iterator[Any]:
    values: dict[str, Any] = {**health.figures(), **_of_database()}
    values |= _of_outbox() if values["notify_database_up"] else {}
    for figure in (*figures.OF_PROCESS, *figures.OF_DATABASE, *figures.OF_OUTBOX):
        if figure.name in values and figure.name not in _BY_THE_LIBRARY:
            yield _gauge(figure, values[figure.name])
    sweep_age = health.current().sweep_age
    if sweep_age is not None:
        about = "Since the last sweep finished."
        yield core.GaugeMetricFamily("notify_sweep_age_seconds", about, value=sweep_age)
    yield core.CounterMetricFamily(
        "notify_publish_failures",
        "Hints that the channel layer did not accept.",
        value=publisher.failures,
    )


def _gauge(figure: figures.Figure, value: Any) -> Any:
    if not figure.label:
        return core.GaugeMetricFamily(figure.name, figure.about, value=value)
    family = core.GaugeMetricFamily(figure.name, figure.about, labels=[figure.label])
    for label, n in value.items():
        family.add_metric([label], n)
    return family


def _of_database() -> dict[str, float]:
    """Without the database, the other metrics matter even more: it may also hang."""
    if health.database_answers():
        with suppress(Error), sql.statements_end_within(FIGURES_WITHIN_S):
            return backlog.figures()
    return {"notify_database_up": 0}


def _of_outbox() -> dict[str, Any]:
    """Apart: a database that takes too long to count these is up."""
    with suppress(Error), sql.statements_end_within(FIGURES_WITHIN_S):
        return {**backlog.outbox_figures(), **backlog.outbox_tallies()}
    return {}


def _histogram(histogram: counted.Histogram) -> Any:
    buckets, cumulative = [], 0
    for bound, n in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
        cumulative += n
        buckets.append((str(bound), cumulative))
    return core.HistogramMetricFamily(
        histogram.name, histogram.about, buckets=buckets, sum_value=histogram.total
    )

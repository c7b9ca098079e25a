"""/metrics: the metrics of this process, for Prometheus. Scrape each process at its own port.

Needs the package prometheus-client (the extra `metrics`); without it, only this page fails. It
is for requests with `Authorization: Bearer <NOTIFY_METRICS_TOKEN>`, and for signed-in users with
the permission notify.view_operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notify import conf
from notify import metrics as counted
from notify.bus.publisher import publisher
from notify.inbox import turns
from notify.live import health
from notify.models import Batch
from notify.models.permissions import VIEW_OPERATIONS, has_permission
from notify.web.pages.decorators import html_refusals

prometheus_client: Any
try:
    import prometheus_client
    from prometheus_client import core
except ImportError:  # the extra is not installed
    prometheus_client = None

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
    now = health.current()
    figures: dict[str, tuple[str, float]] = {
        "notify_sockets": ("Open sockets.", now.sockets),
        "notify_users": ("Users with an open socket.", now.users),
        "notify_layer_up": ("Whether the channel layer works.", not now.layer_is_down),
        "notify_draining": ("Whether the process is draining.", now.draining),
    }
    if now.sweep_age is not None:
        figures["notify_sweep_age_seconds"] = ("Since the last sweep finished.", now.sweep_age)
    open_batches = _open_batches()
    if open_batches is not None:
        about = "Batches to be carried out, in all processes."
        figures["notify_batches_open"] = (about, open_batches)
    for name, (about, value) in figures.items():
        yield core.GaugeMetricFamily(name, about, value=value)
    yield core.CounterMetricFamily(
        "notify_publish_failures",
        "Hints that the channel layer did not accept.",
        value=publisher.failures,
    )


def _open_batches() -> int | None:
    """None if the database is unavailable: then the other metrics matter even more."""
    try:
        return Batch.objects.filter(state__in=turns.OPEN).count()
    except DatabaseError:
        return None


def _histogram(histogram: counted.Histogram) -> Any:
    buckets, cumulative = [], 0
    for bound, n in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
        cumulative += n
        buckets.append((str(bound), cumulative))
    return core.HistogramMetricFamily(
        histogram.name, histogram.about, buckets=buckets, sum_value=histogram.total
    )

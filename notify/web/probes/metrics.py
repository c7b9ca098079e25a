"""/metrics: the figures of this process, for Prometheus. Ask each process by its own port.

Needs the package prometheus-client (the extra `metrics`); without it nothing else changes. Who
may see them: whoever sends `Authorization: Bearer <NOTIFY_METRICS_TOKEN>`, and a signed-in user
with the permission notify.view_operations.
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
from notify.live import health
from notify.models import Batch
from notify.models.permissions import VIEW_OPERATIONS, has_permission
from notify.web.pages.answers import readable

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
@readable
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_see(request):
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
    """What `Authorization` names after its scheme; empty where nothing is."""
    return request.headers.get("Authorization", "").partition(" ")[2]


def _may_see(request: HttpRequest) -> bool:
    if sent := token_of(request):
        token = conf.current().metrics_token
        scheme = request.headers["Authorization"].partition(" ")[0]
        matches = token is not None and constant_time_compare(sent.strip(), token)
        return matches and scheme.lower() == "bearer"
    return has_permission(request.user, VIEW_OPERATIONS)


class Collector:
    """Our figures, in the words of prometheus-client; for a registry of your own too."""

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
        "notify_draining": ("Whether the process is about to end.", now.draining),
    }
    if now.sweep_age is not None:
        figures["notify_sweep_age_seconds"] = ("Since a sweep came to its end.", now.sweep_age)
    open_batches = _open_batches()
    if open_batches is not None:
        about = "Batches that are to be carried out, by all processes."
        figures["notify_batches_open"] = (about, open_batches)
    for name, (about, value) in figures.items():
        yield core.GaugeMetricFamily(name, about, value=value)
    yield core.CounterMetricFamily(
        "notify_publish_failures",
        "Hints that the channel layer did not take.",
        value=publisher.failures,
    )


def _open_batches() -> int | None:
    """None where the database is away: the other figures are wanted all the more then."""
    try:
        waiting = [Batch.State.PENDING, Batch.State.RECALLING]
        return Batch.objects.filter(state__in=waiting).count()
    except DatabaseError:
        return None


def _histogram(histogram: counted.Histogram) -> Any:
    buckets, below = [], 0
    for bound, n in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
        below += n
        buckets.append((str(bound), below))
    return core.HistogramMetricFamily(
        histogram.name, histogram.about, buckets=buckets, sum_value=histogram.total
    )

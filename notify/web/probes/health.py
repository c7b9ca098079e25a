"""Probes for supervisors: is the process alive, and can it serve."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notify import conf
from notify.live import health

MISSED_SWEEPS = 6  # a sweep that misses so many intervals is not late, but stuck
MIN_SWEEP_LIMIT_S = 60.0


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 if the process can take new clients, else 503: it is draining, its database does not
    answer, or its sweep does not finish, so that this process recovers from nothing. Without the
    channel layer it still serves, so the layer's state is reported and changes nothing."""
    now = health.current()
    checks = {
        "process": "draining" if now.draining else "ok",
        "database": "ok" if health.database_answers() else "unavailable",
        "sweep": "late" if _is_late(now.sweep_age) else "ok",
    }
    ready = set(checks.values()) == {"ok"}
    return JsonResponse(
        {
            "status": "ok" if ready else "unavailable",
            **checks,
            "layer": "degraded" if now.layer_is_down else "ok",
            "sweep_age": None if now.sweep_age is None else round(now.sweep_age, 1),
        },
        status=200 if ready else 503,
    )


def _is_late(sweep_age: float | None) -> bool:
    limit = max(MIN_SWEEP_LIMIT_S, MISSED_SWEEPS * conf.current().sweep_interval)
    return sweep_age is not None and sweep_age > limit

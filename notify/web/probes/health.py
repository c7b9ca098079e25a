"""What a supervisor asks: is the process alive, and can it serve."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notify import conf
from notify.live import health

SWEEPS_MISSED = 6  # by then they do not come late, but not at all
SWEEP_MUST_BE_WITHIN_S = 60.0


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
    """200 if new clients may come, else 503: the process drains, its database does not answer,
    or its sweep comes to no end, so that nothing is healed here. Without the channel layer it
    still serves, so the layer's state is told and changes nothing."""
    now = health.current()
    told = {
        "process": "draining" if now.draining else "ok",
        "database": "ok" if health.database_answers() else "unavailable",
        "sweep": "late" if _is_late(now.sweep_age) else "ok",
    }
    ready = set(told.values()) == {"ok"}
    return JsonResponse(
        {
            "status": "ok" if ready else "unavailable",
            **told,
            "layer": "degraded" if now.layer_is_down else "ok",
            "sweep_age": None if now.sweep_age is None else round(now.sweep_age, 1),
        },
        status=200 if ready else 503,
    )


def _is_late(sweep_age: float | None) -> bool:
    allowed = max(SWEEP_MUST_BE_WITHIN_S, SWEEPS_MISSED * conf.current().sweep_interval)
    return sweep_age is not None and sweep_age > allowed

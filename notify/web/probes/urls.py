"""The routes of the probes."""

from __future__ import annotations

from django.urls import path

from notify.web.probes import health, metrics

app_name = "notify-probes"
urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]

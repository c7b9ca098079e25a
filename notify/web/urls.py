"""Every route of notify: `path("", include("notify.web.urls"))`.

The pages are in the namespace `notify`. The API has its own, `notify-api`, which django-ninja
wants at the top level.
"""

from django.urls import include, path

from notify.web import health, metrics, operations, views
from notify.web.api import api

pages = [
    path("notify/", views.dashboard, name="dashboard"),
    path("notify/mark/", views.mark, name="mark"),
    path("notify/operations/", operations.operations, name="operations"),
    path("notify/test/", views.send_test, name="send_test"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]

urlpatterns = [
    path("", include((pages, "notify"))),
    path("api/notify/", api.urls),
]

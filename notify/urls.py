"""The pages and the API: `path("", include("notify.urls"))`. The probes are in notify.web.probes.

The pages are in the namespace `notify`. The API has the namespace `notify-api`, which django-ninja
needs at the top level.
"""

from django.urls import include, path

from notify.web.api.ninja_api import api
from notify.web.pages import operations, preferences, unsubscribe_door, views

pages = [
    path("notify/", views.dashboard, name="dashboard"),
    path("notify/devices/", views.devices, name="devices"),
    path("notify/language/", views.language, name="language"),
    path("notify/mark/", views.mark, name="mark"),
    path("notify/operations/", operations.operations, name="operations"),
    path("notify/preferences/", preferences.preferences, name="preferences"),
    path("notify/test/", views.send_test, name="send_test"),
    path("notify/unsubscribe/<str:token>/", unsubscribe_door.unsubscribe, name="unsubscribe"),
]

urlpatterns = [
    path("", include((pages, "notify"))),
    path("api/notify/", api.urls),
]

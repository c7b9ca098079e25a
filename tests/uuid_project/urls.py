from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("notify.urls")),
    path("", include("notify.web.probes")),
]
if settings.HAS_ADMIN:
    urlpatterns.insert(0, path("admin/", admin.site.urls))

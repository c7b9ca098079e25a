"""URLs of a project with its own admin site, under its own name."""

from django.contrib.admin.sites import AdminSite
from django.urls import include, path

from notify.admin import register

site = AdminSite(name="office")
register(site)
urlpatterns = [path("office/", site.urls), path("", include("notify.urls"))]

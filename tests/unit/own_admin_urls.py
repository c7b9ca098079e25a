"""Routes of a project whose admin is a site of its own, under a name of its own."""

from django.contrib.admin.sites import AdminSite
from django.urls import include, path

from notify.admin import register

site = AdminSite(name="office")
register(site)
urlpatterns = [path("office/", site.urls), path("", include("notify.urls"))]

"""The same, beside the admin site of Django."""

from django.contrib import admin
from django.urls import path

from tests.unit.admin import own_site_urls

urlpatterns = [path("admin/", admin.site.urls), *own_site_urls.urlpatterns]

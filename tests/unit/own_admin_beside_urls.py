"""The same beside Django's own site."""

from django.contrib import admin
from django.urls import path

from tests.unit import own_admin_urls

urlpatterns = [path("admin/", admin.site.urls), *own_admin_urls.urlpatterns]

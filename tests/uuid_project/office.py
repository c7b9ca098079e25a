"""An admin site of the project's own in the place of Django's."""

from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.sites import AdminSite


class OfficeSite(AdminSite):
    site_header = "The office"


class OfficeConfig(AdminConfig):
    default_site = "tests.uuid_project.office.OfficeSite"

"""What the Django admin has of ours; see notify/administration."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.sites import AdminSite

from notify.admin.notices import NoticeAdmin
from notify.admin.people import InboxAdmin
from notify.admin.tokens import ApiTokenAdmin
from notify.models import ApiToken, Inbox, Notice


def register(site: AdminSite) -> None:
    """Gives an admin site of your own the pages that `admin.site` has."""
    site.register(Notice, NoticeAdmin)
    site.register(Inbox, InboxAdmin)
    site.register(ApiToken, ApiTokenAdmin)


register(admin.site)

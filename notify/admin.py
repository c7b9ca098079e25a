"""What the Django admin has of ours; see notify/administration."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.sites import AdminSite

from notify.administration.notices import NoticeAdmin
from notify.administration.people import InboxAdmin
from notify.models import ApiToken, Inbox, Notice
from notify.token_admin import ApiTokenAdmin


def register(site: AdminSite) -> None:
    """Gives an admin site of your own the pages that `admin.site` has."""
    site.register(Notice, NoticeAdmin)
    site.register(Inbox, InboxAdmin)
    site.register(ApiToken, ApiTokenAdmin)


register(admin.site)

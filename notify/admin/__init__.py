"""Notices, inboxes, messages and API tokens in the Django admin, which imports this by itself."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.sites import AdminSite

from notify.admin.inboxes import InboxAdmin
from notify.admin.index_panel import add_to_index
from notify.admin.messages import MessageAdmin
from notify.admin.notices import NoticeAdmin
from notify.admin.tokens import ApiTokenAdmin
from notify.models import ApiToken, Inbox, Message, Notice


def register(site: AdminSite) -> None:
    """Registers the notify models with an admin site of your own, and adds the panel of notices to
    its index.

    `django.contrib.admin.site` has them already.

    Args:
        site: the admin site that gets the pages of notices, inboxes, messages and API
            tokens.

    Raises:
        AlreadyRegistered: `site` has one of these models already.
    """
    site.register(Notice, NoticeAdmin)
    site.register(Inbox, InboxAdmin)
    site.register(Message, MessageAdmin)
    site.register(ApiToken, ApiTokenAdmin)
    add_to_index(site)


register(admin.site)

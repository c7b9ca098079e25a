"""What the Django admin has of ours; see notify/administration."""

from __future__ import annotations

from django.contrib import admin

from notify.administration.notices import NoticeAdmin
from notify.administration.people import InboxAdmin
from notify.models import ApiToken, Inbox, Notice
from notify.token_admin import ApiTokenAdmin

admin.site.register(Notice, NoticeAdmin)
admin.site.register(Inbox, InboxAdmin)
admin.site.register(ApiToken, ApiTokenAdmin)

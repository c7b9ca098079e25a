"""A button on a user's page in the admin that leads to their inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

from notify.models.permissions import VIEW_INBOX, has_permission

if TYPE_CHECKING:
    UserModelAdmin = admin.ModelAdmin[Any]
else:  # a mixin at run time
    UserModelAdmin = object


class InboxLinkMixin(UserModelAdmin):
    """Adds the button to a UserAdmin: `class MyUserAdmin(InboxLinkMixin, UserAdmin)`.

    A `change_form_template` of your own shows it by including `admin/notify/user/inbox_link.html`
    in the block `object-tools-items`.
    """

    change_form_template = "admin/notify/user/change_form.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {"notify_inbox": self._inbox_url(request, object_id), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def _inbox_url(self, request: HttpRequest, object_id: str) -> str | None:
        """None for staff who may not see it, and where the site has no inboxes."""
        if not has_permission(request.user, VIEW_INBOX):
            return None
        try:
            return reverse(f"{self.admin_site.name}:notify_inbox_change", args=[object_id])
        except NoReverseMatch:
            return None

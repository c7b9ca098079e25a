"""Inboxes in the admin. The page of a user shows their inbox, whether they are online, and why
they did or did not see a notice; it can end their sessions."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth import get_user_model, logout
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.db.models import F, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import escape
from django.utils.text import capfirst, smart_split, unescape_string_literal
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from notify import sql
from notify.access.session_end import end_sessions
from notify.admin.change_list import LenientChangeList
from notify.admin.formatting import format_moment
from notify.admin.preferences import (
    change_preferences,
    changed_message,
    may_change_preferences,
    preferences_of,
)
from notify.admin.receipts import confirmed_text, newest
from notify.admin.story_search import StorySearch
from notify.models import ApiToken, Inbox
from notify.models.permissions import may_on_users
from notify.models.users import user_of
from notify.sending.names import has_word
from notify.web import limits
from notify.web.api.sliding import never_slides
from notify.web.inbox_page import SEARCH_TIMEOUT_S
from notify.web.pages.browser_config import browser_config
from notify.web.refusals import Refusal, from_error

if TYPE_CHECKING:
    InboxModelAdmin = admin.ModelAdmin[Inbox]
else:  # Django's classes take no parameters at run time
    InboxModelAdmin = admin.ModelAdmin


class InboxAdmin(InboxModelAdmin):
    """Read-only: an inbox belongs to its user."""

    list_display = ("user", "unseen", "unread", "last_received", "last_sign_in")
    list_select_related = ("user",)
    list_per_page = 50
    change_list_template = "admin/notify/notice/change_list.html"
    show_full_result_count = False
    # By default PostgreSQL sorts nulls first, i.e. users who never had a client.
    ordering = (F("acknowledged_at").desc(nulls_last=True),)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LenientChangeList]:
        return LenientChangeList

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (f"user__{get_user_model().USERNAME_FIELD}",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Inbox], search_term: str
    ) -> tuple[QuerySet[Inbox], bool]:
        for part in smart_split(search_term):
            word = (
                unescape_string_literal(part) if part[0] == part[-1] and part[0] in "\"'" else part
            )
            fields = (has_word(name, word) for name in self.get_search_fields(request))
            queryset = queryset.filter(reduce(or_, fields))
        return queryset, False

    @admin.display(description=gettext_lazy("last received"), ordering="acknowledged_at")
    def last_received(self, inbox: Inbox) -> str:
        return format_moment(inbox.acknowledged_at)

    @admin.display(description=gettext_lazy("last sign-in"))
    def last_sign_in(self, inbox: Inbox) -> str:
        return format_moment(getattr(inbox.user, "last_login", None))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Inbox | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Inbox | None = None) -> bool:
        """Lets staff who may delete users delete their inboxes with them."""
        return obj is not None and may_on_users(request.user, "delete")

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        raise PermissionDenied

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(self.end_sessions_view)
        preferences = self.admin_site.admin_view(self.preferences_view)
        # Typing must not extend the session.
        titles = never_slides(self.admin_site.admin_view(self.titles_view))
        own = [
            path("<path:object_id>/end-sessions/", end, name="notify_inbox_end_sessions"),
            path("<path:object_id>/preferences/", preferences, name="notify_inbox_preferences"),
            path("<path:object_id>/titles/", titles, name="notify_inbox_titles"),
        ]
        return own + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of a user, who may not have an inbox yet."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        user = _get_user_or_404(object_id)
        inbox = Inbox.objects.filter(pk=user.pk).first()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Inbox of %s") % user.get_username(),
            "opts": self.opts,
            "person": user,
            "inbox": inbox,
            "confirmed": confirmed_text(inbox),
            "rows": newest(inbox),
            "tokens": ApiToken.objects.filter(user=user.pk, revoked__isnull=True).count(),
            "may_end_sessions": may_on_users(request.user, "change"),
            "config": browser_config(request),
            "search": StorySearch(request, user),
            **preferences_of(user),
            "may_change_preferences": may_change_preferences(request),
        }
        return TemplateResponse(request, "admin/notify/inbox/person.html", context)

    def preferences_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the user wants, to be changed, of which they are told. Requires the permission."""
        if not self.has_view_permission(request) or not may_change_preferences(request):
            raise PermissionDenied
        user = _get_user_or_404(object_id)
        if request.method == "POST":
            return self._change_preferences(request, user)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Preferences of %s") % user.get_username(),
            "opts": self.opts,
            "person": user,
            **preferences_of(user),
        }
        return TemplateResponse(request, "admin/notify/inbox/preferences.html", context)

    def _change_preferences(self, request: HttpRequest, user: Any) -> HttpResponse:
        try:
            changed = change_preferences(request.user, user, request.POST)
        except ValueError as error:
            return HttpResponseBadRequest(f"preferences: {escape(error)}")
        if changed:
            what = _("Preferences changed: %s.") % ", ".join(changed)
            self.log_change(request, Inbox(user=user), what)
        self.message_user(request, *changed_message(request.user, user, changed))
        return HttpResponseRedirect(
            reverse(f"{self.admin_site.name}:notify_inbox_change", args=[quote(str(user.pk))])
        )

    def titles_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The titles of this inbox that contain what was typed. Limited as the searches of one's
        own inbox are, together with them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        search = StorySearch(request, _get_user_or_404(object_id))
        running = limits.searches.slot(str(request.user.pk))
        try:
            with running, sql.statements_end_within(SEARCH_TIMEOUT_S):
                return JsonResponse({"titles": search.titles})
        except (Refusal, OperationalError, InterfaceError) as error:
            return from_error(error).response()

    def end_sessions_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ends all sessions of the user. Requires POST, and the permission to change users."""
        if not self.has_view_permission(request) or not may_on_users(request.user, "change"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user = _get_user_or_404(object_id)
        ended = end_sessions(str(user.pk))
        if ended:  # the user may not have an inbox
            self.log_change(request, Inbox(user=user), _("Sessions ended."))
        site = self.admin_site.name
        if ended and str(user.pk) == str(request.user.pk):
            logout(request)  # otherwise this request would save the deleted session again
            return HttpResponseRedirect(reverse(f"{site}:index"))
        self.message_user(request, *_ended_message(ended))
        return HttpResponseRedirect(
            reverse(f"{site}:notify_inbox_change", args=[quote(str(user.pk))])
        )


def _get_user_or_404(object_id: str) -> Any:
    found = user_of(unquote(object_id))
    if found is None:
        raise Http404
    return found


def _ended_message(ended: int | None) -> tuple[str, int]:
    """The text and level of the message about `ended` sessions; None if they cannot be listed."""
    if ended is None:
        text = _(
            "Sessions can't be listed in this project. Set another password or deactivate the "
            "account instead: either signs them out."
        )
        return text, messages.ERROR
    text = ngettext("%(count)s session ended.", "%(count)s sessions ended.", ended)
    return text % {"count": ended}, messages.SUCCESS if ended else messages.WARNING

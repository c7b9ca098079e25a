"""What left the browser, in the admin: each message with its state, and a preview of mails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin

from notify.admin import mail_previews
from notify.admin.change_list import LenientChangeList
from notify.admin.formatting import EMPTY, format_moment, notice_url
from notify.admin.outbox_steps import why_text
from notify.kinds import registry
from notify.models import Message, Notice, OutboxItem
from notify.models.permissions import SEND, VIEW_INBOX, has_permission
from notify.web.pages.preference_rows import channel_name

if TYPE_CHECKING:
    MessageModelAdmin = admin.ModelAdmin[Message]
else:  # Django's classes take no parameters at run time
    MessageModelAdmin = admin.ModelAdmin

STATES: dict[str, Any] = {
    Message.State.CLAIMED: gettext_lazy("about to be sent"),
    Message.State.SENDING: gettext_lazy("being sent"),
    Message.State.HANDED: gettext_lazy("sent"),
    Message.State.REFUSED: gettext_lazy("refused"),
    Message.State.DEFERRED: gettext_lazy("put off"),
    Message.State.UNKNOWN: gettext_lazy("unknown"),
    Message.State.DROPPED: gettext_lazy("not needed"),
}
# A mail has its own styles, and needs nothing else.
POLICY = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:"


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(state=self.value()) if self.value() in STATES else queryset


def _channels_used() -> Iterator[str]:
    """Those that messages have, also where none declares them any more: a query for each, which
    skips to it in the index."""
    found: str | None = ""
    while found is not None:
        later = Message.objects.filter(channel__gt=found).order_by("channel")
        found = later.values_list("channel", flat=True).first()
        if found is not None:
            yield found


class ChannelFilter(admin.SimpleListFilter):
    title = gettext_lazy("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        declared = (one.key for one in registry.all_channels())
        return [(key, channel_name(key)) for key in dict.fromkeys((*declared, *_channels_used()))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(channel=self.value()) if self.value() else queryset


class MessageAdmin(MessageModelAdmin):
    """A message is looked at, and sent again. Whoever may see inboxes may see them; they are not
    shown where no kind declares a channel."""

    list_display = ("made", "user", "by", "address", "state_name", "reason", "notices", "end")
    list_display_links = ("made",)
    list_filter = (StateFilter, ChannelFilter)
    list_select_related = ("user",)
    list_per_page = 50
    show_full_result_count = False
    ordering = ("-created",)
    search_fields = ("=address", "=key")
    actions = ("send_again",)
    change_list_template = "admin/notify/message/change_list.html"
    fields = (
        "user", "by", "address", "state_name", "reason", "told", "made", "began", "end", "language",
        "zone", "key",
    )  # fmt: skip

    def has_view_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return has_permission(request.user, VIEW_INBOX)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """None, and so no line on the index, where nothing leaves the browser."""
        return super().get_model_perms(request) if registry.declares_channels() else {}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and has_permission(request.user, SEND)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LenientChangeList]:
        return LenientChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        # Not joined, which would group every message for a page of them.
        items = OutboxItem.objects.filter(message=OuterRef("pk")).order_by().values("message")
        count = Coalesce(Subquery(items.annotate(n=Count("*")).values("n")), 0)
        return super().get_queryset(request).annotate(items_count=count)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"title": _("Messages"), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        html = xframe_options_sameorigin(view(self.preview_html))
        return [
            path("previews/", view(self.previews), name="notify_message_previews"),
            path("previews/<str:kind>/", view(self.previews), name="notify_message_preview"),
            path("previews/<str:kind>/<str:language>/", html, name="notify_message_preview_html"),
            *super().get_urls(),
        ]

    # Columns

    @admin.display(description=gettext_lazy("made"), ordering="created")
    def made(self, message: Message) -> str:
        return format_moment(message.created)

    @admin.display(description=gettext_lazy("began"))
    def began(self, message: Message) -> str:
        return format_moment(message.sending)

    @admin.display(description=gettext_lazy("ended"))
    def end(self, message: Message) -> str:
        return format_moment(message.ended)

    @admin.display(description=gettext_lazy("channel"))
    def by(self, message: Message) -> str:
        return channel_name(message.channel)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_name(self, message: Message) -> str:
        return str(STATES.get(message.state, message.state))

    @admin.display(description=gettext_lazy("why"))
    def reason(self, message: Message) -> str:
        return why_text(message.why)

    @admin.display(description=gettext_lazy("notices"))
    def notices(self, message: Any) -> int:
        return int(message.items_count)

    @admin.display(description=gettext_lazy("notices"))
    def told(self, message: Message) -> SafeString | str:
        """What it is about, with links."""
        found = Notice.objects.filter(pk__in=message.items.values("notice")).order_by("pk")
        links = ((notice_url(self.admin_site, one), one.title) for one in found)
        lines = format_html_join("", '<li><a href="{}" dir="auto">{}</a></li>', links)
        return format_html("<ul>{}</ul>", lines) if lines else EMPTY

    # Sending again

    @admin.action(
        description=gettext_lazy("Send again, in a new message"), permissions=["send_again"]
    )
    def send_again(self, request: HttpRequest, chosen: QuerySet[Message]) -> None:
        from notify.outbox.again import send_again

        sent = 0
        for message in chosen:
            if send_again(message.pk):
                sent += 1
                self.log_change(request, message, _("Sent again, in a new message."))
        left = len(chosen) - sent
        if sent:
            text = ngettext(
                "%(count)d message is sent again, with a new ID: without what was read since.",
                "%(count)d messages are sent again, with new IDs: without what was read since.",
                sent,
            )
            self.message_user(request, text % {"count": sent}, messages.SUCCESS)
        if left:
            text = ngettext(
                "%(count)d message is under way, sent again already or about nothing any more, and "
                "stays as it is.",
                "%(count)d messages are under way, sent again already or about nothing any more, "
                "and stay as they are.",
                left,
            )
            self.message_user(request, text % {"count": left}, messages.WARNING)

    # Previews

    def previews(self, request: HttpRequest, kind: str | None = None) -> HttpResponse:
        """The kinds that are mailed; of one of them its mail in each language."""
        self._check(request)
        chosen = None if kind is None else self._mailed(kind)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Preview of e-mails"),
            "opts": self.opts,
            "kinds": [(one.key, registry.name_of(one)) for one in mail_previews.mailed_kinds()],
            "chosen": kind,
            "previews": [] if chosen is None else mail_previews.previews(chosen, request.user),
        }
        return TemplateResponse(request, "admin/notify/message/previews.html", context)

    def preview_html(self, request: HttpRequest, kind: str, language: str) -> HttpResponse:
        """The HTML part alone, for a frame."""
        self._check(request)
        shown = mail_previews.preview(self._mailed(kind), request.user, language)
        response = HttpResponse(shown.html)
        response["Content-Security-Policy"] = f"{POLICY}; frame-ancestors 'self'"
        return response

    def _check(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _mailed(self, key: str) -> type[Any]:
        for kind in mail_previews.mailed_kinds():
            if kind.key == key:
                return kind
        raise Http404

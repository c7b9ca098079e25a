"""Sending a notice from the admin: the compose form, its preview of the audience, and sending.

A dry run and the search for duplicates send in a transaction that is then rolled back, so that
they report exactly what a send does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify import sending, sql
from notify.admin import confirmation
from notify.admin.compose_form import ComposeForm, compose_form
from notify.admin.confirmation import SendHeldBackError
from notify.admin.formatting import format_people, notice_url
from notify.admin.previews import audience_texts, preview_notice, sample_audience
from notify.admin.usernames import move_file_to_text_field
from notify.exceptions import InvalidNotice, NotifyError
from notify.models import Notice, content, permissions
from notify.models.permissions import has_permission
from notify.sending.audience import have_groups, have_permissions
from notify.sql import database

if TYPE_CHECKING:
    NoticeModelAdmin = admin.ModelAdmin[Notice]
else:  # Django's classes take no parameters at run time
    NoticeModelAdmin = admin.ModelAdmin


class ComposeMixin(NoticeModelAdmin):
    """The part of NoticeAdmin that sends: adding a notice is sending it."""

    add_form_template = "admin/notify/notice/compose.html"

    compose_fieldsets = (
        (
            gettext_lazy("To whom"),
            {
                "fields": (
                    "users",
                    "groups",
                    "permission",
                    "usernames",
                    "usernames_file",
                    "everyone",
                    "form_key",
                )
            },
        ),
        (gettext_lazy("What"), {"fields": ("title", "body")}),
        (gettext_lazy("How loud"), {"fields": ("level", "category")}),
        (
            gettext_lazy("Where it leads"),
            {
                "fields": (
                    "url",
                    ("action_1_label", "action_1_url"),
                    ("action_2_label", "action_2_url"),
                )
            },
        ),
        (gettext_lazy("When"), {"fields": ("send_at", "expires")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return has_permission(request.user, permissions.SEND)

    def get_fieldsets(self, request: HttpRequest, obj: Notice | None = None) -> Any:
        (legend, options), *rest = self.compose_fieldsets
        audience: Any = options["fields"]
        absent = set()
        if not have_groups() or not Group.objects.exists():
            absent.add("groups")
        if not have_permissions():
            absent.add("permission")
        fields = tuple(field for field in audience if field not in absent)
        return [(legend, {"fields": fields}), *rest]

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in {"title", "url"}:
            field.widget.attrs["class"] = "vLargeTextField"  # as wide as the body
        if field is not None and db_field.name in {"send_at", "expires"}:
            # Django labels the pair of inputs, but neither of the two.
            names = (_("Date"), _("Time"))
            for widget, name in zip(field.widget.widgets, names, strict=True):
                widget.attrs["aria-label"] = f"{capfirst(field.label)}: {name}"
        return field

    def get_form(
        self, request: HttpRequest, obj: Notice | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            refusal = getattr(request, "notify_refusal", None)
            held_back = getattr(request, "notify_held_back", False)
            kwargs["form"] = compose_form(self.admin_site, refusal, held_back=held_back)
        return super().get_form(request, obj, change=change, **kwargs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {
            "title": _("Send a notice"),
            "preview": preview_notice({}),
            **(extra_context or {}),
        }
        if request.method == "POST":
            move_file_to_text_field(request)
        if "_edit" in request.POST:
            request.notify_held_back = True  # type: ignore[attr-defined]
        try:
            return super().add_view(request, form_url, context)
        except NotifyError as refusal:
            # Nothing was written. Redisplay the form, with the error of `send` at its field.
            request.notify_refusal = refusal  # type: ignore[attr-defined]
            return super().add_view(request, form_url, context)
        except SendHeldBackError as held:
            return self._send_confirmation(request, held)

    def save_model(
        self, request: HttpRequest, obj: Notice, form: ComposeForm, change: bool
    ) -> None:
        dry_run = "_dry_run" in request.POST
        if not dry_run:
            # An invalid notice is refused before anybody is asked to confirm it.
            content.check(**form.notice_arguments(), now=database.now())
            confirmation.require_confirmation(request, form)
        # Serialized, so that of two simultaneous duplicates the second finds the first.
        sql.one_at_a_time("admin send")
        sent = sending.send(
            to=form.recipients(),
            sender=request.user,  # type: ignore[arg-type]
            **form.notice_arguments(),
        )
        if dry_run:
            raise SendHeldBackError(form, *_counts(sent), dry_run=True)
        if not sent.repeated and "again" not in request.POST:
            duplicate = confirmation.find_duplicate(sent)
            if duplicate is not None:
                raise SendHeldBackError(form, *_counts(sent), duplicate=duplicate)
        obj.pk = sent.pk
        obj.refresh_from_db()
        obj.repeated = sent.repeated

    def log_addition(self, request: HttpRequest, obj: Notice, message: Any) -> Any:
        return None if obj.repeated else super().log_addition(request, obj, message)

    def response_add(
        self, request: HttpRequest, obj: Notice, post_url_continue: str | None = None
    ) -> HttpResponse:
        count, _batches = _counts(obj)
        if obj.repeated:
            text, level = _("This was sent already, to %(people)s."), messages.WARNING
        elif obj.send_at is not None:
            text, level = _("Will be sent to %(people)s."), messages.SUCCESS
        else:
            text, level = _("Sent to %(people)s."), messages.SUCCESS
        self.message_user(request, text % {"people": format_people(count)}, level)
        return HttpResponseRedirect(notice_url(self.admin_site, obj))

    def _send_confirmation(self, request: HttpRequest, held: SendHeldBackError) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            **confirmation.confirmation_context(request, held),
        }
        return TemplateResponse(request, "admin/notify/notice/confirm.html", context)

    def audience_view(self, request: HttpRequest) -> JsonResponse:
        """How many people the unsent form names, and a sample of them."""
        if not self.has_add_permission(request) or request.method != "POST":
            raise PermissionDenied
        form: Any = self.get_form(request)(request.POST)
        names = ("users", "groups", "permission", "usernames")
        errors = [text for name in names for text in form.errors.get(name, [])]
        count, sample = 0, list[str]()
        try:
            if to := form.recipients():
                count, sample = sample_audience(to)
        except InvalidNotice as refusal:
            errors.append(refusal.message)
        texts = audience_texts(count, sample)
        send = _("Send to %(people)s") % {"people": texts["people"]} if count else ""
        return JsonResponse({"count": count, **texts, "errors": errors, "send": send})


def _counts(notice: Notice) -> tuple[int, int]:
    """How many people and how many batches."""
    notices: Any = Notice.objects
    counted = notices.with_progress().get(pk=notice.pk)
    return counted.recipients, counted.batches

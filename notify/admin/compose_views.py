"""Sending a notice from the admin: the compose form, its preview of the audience, and sending.

A dry run and the search for duplicates send in a transaction that is then rolled back, so that
they report exactly what a send does. A trial sends the notice to its author alone, and shows the
form again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _

from notify import sending, sql
from notify.admin import confirmation, stopping, trials
from notify.admin.compose_form import ComposeForm, compose_form, level_choices
from notify.admin.compose_layout import FIELDSETS, TIME_HELP
from notify.admin.confirmation import SendHeldBackError
from notify.admin.formatting import MAX_DIGITS, format_people, notice_url
from notify.admin.previews import (
    Sample,
    audience_texts,
    online_text,
    preview_notice,
    sample_audience,
)
from notify.admin.usernames import move_file_to_text_field
from notify.exceptions import InvalidNotice, NotifyError
from notify.models import Notice, content, permissions
from notify.models.permissions import has_permission
from notify.sending.audience import Audience, have_groups, have_permissions
from notify.sql import database

if TYPE_CHECKING:
    NoticeModelAdmin = admin.ModelAdmin[Notice]
else:  # Django's classes take no parameters at run time
    NoticeModelAdmin = admin.ModelAdmin


class ComposeMixin(NoticeModelAdmin):
    """The part of NoticeAdmin that sends: adding a notice is sending it."""

    add_form_template = "admin/notify/notice/compose.html"

    compose_fieldsets = FIELDSETS

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
        if field is not None and db_field.name == "level":
            field.choices = level_choices()  # type: ignore[attr-defined]
        if field is not None and db_field.name in {"send_at", "expires"}:
            # Django labels the pair of inputs, but neither of the two.
            names = (_("Date"), _("Time"))
            for widget, name in zip(field.widget.widgets, names, strict=True):
                widget.attrs["aria-label"] = f"{capfirst(field.label)}: {name}"
            field.help_text = TIME_HELP[db_field.name] % {"zone": get_current_timezone_name()}
        return field

    def get_form(
        self, request: HttpRequest, obj: Notice | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            refusal = getattr(request, "notify_refusal", None)
            held_back = getattr(request, "notify_held_back", False)
            kwargs["form"] = compose_form(
                self.admin_site,
                refusal,
                held_back=held_back,
                is_trial="_trial" in request.POST or held_back,
            )
        return super().get_form(request, obj, change=change, **kwargs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {
            "title": _("Send a notice"),
            "preview": preview_notice({}),
            "again": self._stopped_notice(request),
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
        if "_trial" in request.POST:
            trials.send_trial(request.user, form.notice_arguments(), obj)
            return
        dry_run = "_dry_run" in request.POST
        if not dry_run:
            # An invalid notice is refused before anybody is asked to confirm it.
            content.check(**form.notice_arguments(), now=database.now())
            confirmation.require_confirmation(request, form)
        # Serialized, so that of two simultaneous duplicates the second finds the first.
        sql.one_at_a_time("admin send")
        to = form.recipients()
        arguments = stopping.delayed(form.notice_arguments(), request.user)
        sent = sending.send(to=to, sender=request.user, **arguments)  # type: ignore[arg-type]
        if dry_run:
            raise SendHeldBackError(form, *_counts(sent), dry_run=True)
        if not sent.repeated and "again" not in request.POST:
            duplicate = confirmation.find_duplicate(sent, Audience.of(to))
            if duplicate is not None:
                raise SendHeldBackError(form, *_counts(sent), duplicate=duplicate)
        obj.pk = sent.pk
        obj.refresh_from_db()
        obj.repeated = sent.repeated
        if not sent.repeated and stopping.is_delayed(sent):
            stopping.wake_workers_when_due()

    def log_addition(self, request: HttpRequest, obj: Notice, message: Any) -> Any:
        if obj.repeated or "_trial" in request.POST:
            return None
        return super().log_addition(request, obj, message)

    def response_add(
        self, request: HttpRequest, obj: Notice, post_url_continue: str | None = None
    ) -> HttpResponse:
        if "_trial" in request.POST:
            return self._form_again(request, obj)
        count, _batches = _counts(obj)
        if obj.repeated:
            text, level = _("Already sent to %(people)s."), messages.WARNING
        elif stopping.is_scheduled(obj):
            text, level = _("Scheduled for %(people)s."), messages.SUCCESS
        else:
            text, level = _("Sending to %(people)s."), messages.SUCCESS
        recall = reverse(f"{self.admin_site.name}:notify_notice_recall", args=[quote(obj.pk)])
        link = format_html('<a href="{}">{}</a>', recall, _("Recall"))
        text = format_html("{} {}", text % {"people": format_people(count)}, link)
        self.message_user(request, text, level)
        return HttpResponseRedirect(notice_url(self.admin_site, obj))

    def _form_again(self, request: HttpRequest, trial: Notice) -> HttpResponse:
        """The form as it was, beside the state of what was sent to its author."""
        request.notify_held_back = True  # type: ignore[attr-defined]
        self.message_user(request, _("Sent to you only."), messages.SUCCESS)
        path = reverse(f"{self.admin_site.name}:notify_notice_trial", args=[quote(trial.pk)])
        context = {
            "title": _("Send a notice"),
            "preview": preview_notice(vars(trial)),
            "trial": {"url": path, **trials.trial_state(request.user, trial)},
        }
        return super().add_view(request, "", context)

    def trial_view(self, request: HttpRequest, object_id: str) -> JsonResponse:
        """Whether the author has seen what was sent to them first."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        notice = self.get_object(request, object_id)
        if notice is None:
            raise Http404
        return JsonResponse(trials.trial_state(request.user, notice))

    def _stopped_notice(self, request: HttpRequest) -> Notice | None:
        """The notice that the query string names, of this user, to be written anew."""
        asked = request.GET.get("again", "")
        if not asked.isdecimal() or len(asked) > MAX_DIGITS:
            return None
        return Notice.objects.filter(pk=int(asked), sender=f"user:{request.user.pk}").first()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        notice = self._stopped_notice(request)
        if notice is None:
            return super().get_changeform_initial_data(request)
        names = ("title", "body", "level", "category", "url", "expires")
        initial = {name: getattr(notice, name) for name in names}
        for n, action in enumerate(notice.actions[:2], 1):
            initial |= {f"action_{n}_label": action["label"], f"action_{n}_url": action["url"]}
        return initial

    def _send_confirmation(self, request: HttpRequest, held: SendHeldBackError) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            **confirmation.confirmation_context(request, held),
        }
        return TemplateResponse(request, "admin/notify/notice/confirm.html", context)

    def audience_view(self, request: HttpRequest) -> JsonResponse:
        """How many people the unsent form names, a sample of them, and when they get it."""
        if not self.has_add_permission(request) or request.method != "POST":
            raise PermissionDenied
        form = self._unsent_form(request)
        names = ("users", "groups", "permission", "usernames")
        errors = [text for name in names for text in form.errors.get(name, [])]
        sample: Sample | None = Sample(0, [], [])
        try:
            if to := form.recipients():
                sample = sample_audience(to)
        except InvalidNotice as refusal:
            errors.append(refusal.message)
        if sample is None:
            return JsonResponse({}, status=503)
        count, texts = sample.count, audience_texts(sample.count, sample)
        send = _("Send to %(people)s") % {"people": texts["people"]} if count else ""
        when = "" if "send_at" in form.errors else stopping.when_text(form.cleaned_data["send_at"])
        answer = {"count": count, **texts, "errors": errors, "send": send, "when": when}
        return JsonResponse(answer)

    def online_view(self, request: HttpRequest) -> JsonResponse:
        """How many of the people that the unsent form names are online. Takes a second."""
        may = self.has_add_permission(request) and has_permission(
            request.user, permissions.VIEW_OPERATIONS
        )
        if not may or request.method != "POST":
            raise PermissionDenied
        try:
            to = self._unsent_form(request).recipients()
            return JsonResponse({"text": online_text(to) if to else ""})
        except InvalidNotice:
            return JsonResponse({"text": ""})

    def _unsent_form(self, request: HttpRequest) -> Any:
        request.notify_held_back = True  # type: ignore[attr-defined]  # nobody may be chosen
        form = self.get_form(request)(request.POST)
        form.full_clean()
        return form


def _counts(notice: Notice) -> tuple[int, int]:
    """How many people and how many batches."""
    notices: Any = Notice.objects
    counted = notices.with_progress().get(pk=notice.pk)
    return counted.recipients, counted.batches

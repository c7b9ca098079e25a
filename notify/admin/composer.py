"""Sending a notice from the admin: the form, a dry run, and being asked before it goes to many.

Both of them send in a transaction that is then rolled back, or count whom the form names: what is
told is what would happen.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify import sending, sql
from notify.admin.composing import ComposeForm, compose_form, take_file
from notify.admin.words import audience_of, number, page_of, people, sender_of
from notify.exceptions import InvalidNotice, NotifyError
from notify.models import Level, Notice, content, permissions
from notify.models.permissions import has_permission
from notify.sending.audience import Audience, have_groups, have_permissions
from notify.sql import database
from notify.web.pages.browser_texts import browser_texts

if TYPE_CHECKING:
    NoticeModelAdmin = admin.ModelAdmin[Notice]
else:  # Django's classes take no parameters at run time
    NoticeModelAdmin = admin.ModelAdmin

CONFIRM_ABOVE = 100  # people
GROWN_BY = 1.01  # since it was confirmed: beyond it, it is asked again
TWIN_WITHIN = timedelta(minutes=10)
_OWN_FIELDS = {"csrfmiddlewaretoken", "confirmed", "again", "_save", "_dry_run", "_edit"}


class _HeldBackError(Exception):
    """Rolls back what was sent, to ask or to tell first."""

    def __init__(self, form: ComposeForm, **facts: Any) -> None:
        self.form = form
        self.facts = facts


class Composer(NoticeModelAdmin):
    """The part of NoticeAdmin that writes. Adding is sending."""

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
        (name, options), *rest = self.compose_fieldsets
        to_whom: Any = options["fields"]
        absent = set()
        if not have_groups() or not Group.objects.exists():
            absent.add("groups")
        if not have_permissions():
            absent.add("permission")
        fields = tuple(field for field in to_whom if field not in absent)
        return [(name, {"fields": fields}), *rest]

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in {"title", "url"}:
            field.widget.attrs["class"] = "vLargeTextField"  # as wide as the body
        if field is not None and db_field.name in {"send_at", "expires"}:
            # Django names the two together, and neither of them.
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
        context = {"title": _("Send a notice"), "preview": preview({}), **(extra_context or {})}
        if request.method == "POST":
            take_file(request)
        if "_edit" in request.POST:
            request.notify_held_back = True  # type: ignore[attr-defined]
        try:
            return super().add_view(request, form_url, context)
        except NotifyError as refusal:
            # Nothing was written. The same form comes again, with what `send` said on its field.
            request.notify_refusal = refusal  # type: ignore[attr-defined]
            return super().add_view(request, form_url, context)
        except _HeldBackError as held:
            return self._ask(request, held)

    def save_model(
        self, request: HttpRequest, obj: Notice, form: ComposeForm, change: bool
    ) -> None:
        dry_run = "_dry_run" in request.POST
        if not dry_run:
            # Nobody is asked about what cannot be sent.
            content.check(**_said(form), now=database.now())
            self._have_confirmed(request, form)
        # Of two who send the same at the same moment, the second sees the first.
        sql.one_at_a_time("admin send")
        sent = _send(request, form)
        if dry_run:
            raise _HeldBackError(form, **_progress(sent), dry_run=True)
        if not sent.repeated and "again" not in request.POST and (twin := _twin(sent)):
            raise _HeldBackError(form, **_progress(sent), twin=twin)
        obj.pk = sent.pk
        obj.refresh_from_db()
        obj.repeated = sent.repeated

    def log_addition(self, request: HttpRequest, obj: Notice, message: Any) -> Any:
        return None if obj.repeated else super().log_addition(request, obj, message)

    def response_add(
        self, request: HttpRequest, obj: Notice, post_url_continue: str | None = None
    ) -> HttpResponse:
        to = people(_progress(obj)["count"])
        if obj.repeated:
            said, level = _("This was sent already, to %(people)s."), messages.WARNING
        elif obj.send_at is not None:
            said, level = _("Will be sent to %(people)s."), messages.SUCCESS
        else:
            said, level = _("Sent to %(people)s."), messages.SUCCESS
        self.message_user(request, said % {"people": to}, level)
        return HttpResponseRedirect(page_of(self.admin_site, obj))

    # Asking

    def _have_confirmed(self, request: HttpRequest, form: ComposeForm) -> None:
        said = request.POST.get("confirmed", "")
        confirmed = int(said) if said.isdecimal() and len(said) < 16 else 0
        key = form.cleaned_data["form_key"]
        if Notice.objects.filter(sender=f"user:{request.user.pk}", key=key).exists():
            return  # it was, and is not sent again
        count = Audience.of(form.recipients()).people().count()
        if count > max(CONFIRM_ABOVE, confirmed * GROWN_BY):
            raise _HeldBackError(form, count=count)

    def _ask(self, request: HttpRequest, held: _HeldBackError) -> HttpResponse:
        said = held.form.cleaned_data
        count = held.facts["count"]
        _count, sample = audience_of(held.form.recipients())
        twin = held.facts.get("twin")
        context = {
            **self.admin_site.each_context(request),
            **held.facts,
            "count": str(count),  # it comes back: without separators of thousands
            "title": _("Dry run: nothing was sent")
            if held.facts.get("dry_run")
            else _("Send to %(people)s?") % {"people": people(count)},
            "opts": self.opts,
            "people": people(count),
            "sample": sample,
            "others": number(count - len(sample)) if count > len(sample) else "",
            "twin_sender": sender_of(twin) if twin else None,
            "notice": said,
            "preview": preview(said | {"actions": held.form.actions()}),
            "fields": [
                (name, value)
                for name, values in request.POST.lists()
                if name not in _OWN_FIELDS
                for value in values
            ],
        }
        return TemplateResponse(request, "admin/notify/notice/confirm.html", context)

    # Whom it is for, while one writes

    def audience_view(self, request: HttpRequest) -> JsonResponse:
        """How many people the form names now, and some of them."""
        if not self.has_add_permission(request) or request.method != "POST":
            raise PermissionDenied
        form: Any = self.get_form(request)(request.POST)
        names = ("users", "groups", "permission", "usernames")
        errors = [text for name in names for text in form.errors.get(name, [])]
        count, sample = 0, list[str]()
        try:
            if to := form.recipients():
                count, sample = audience_of(to)
        except InvalidNotice as refusal:
            errors.append(refusal.message)
        return JsonResponse(
            {
                "count": count,
                "people": people(count),
                "sample": sample,
                "others": number(count - len(sample)) if count > len(sample) else "",
                "errors": errors,
                "send": _("Send to %(people)s") % {"people": people(count)} if count else "",
            }
        )


def preview(said: dict[str, Any]) -> dict[str, Any]:
    """What `preview.html` needs: the row, as far as it shows, and words in this language."""
    names = ("title", "body", "level", "category", "url")
    row = {name: str(said.get(name) or "") for name in names}
    row["level"] = row["level"] or Level.INFO.value
    return {"row": row | {"actions": said.get("actions") or []}, "texts": browser_texts()}


def _said(form: ComposeForm) -> dict[str, Any]:
    names = ("title", "body", "level", "category", "url", "send_at", "expires")
    said = form.cleaned_data
    actions, key = form.actions(), said["form_key"]
    return {name: said[name] for name in names} | {"actions": actions, "key": key}


def _send(request: HttpRequest, form: ComposeForm) -> Notice:
    return sending.send(
        to=form.recipients(),
        sender=request.user,  # type: ignore[arg-type]
        **_said(form),
    )


def _progress(notice: Notice) -> dict[str, int]:
    notices: Any = Notice.objects
    counted = notices.with_progress().get(pk=notice.pk)
    return {"count": counted.recipients, "batches": counted.batches}


def _twin(notice: Notice) -> Notice | None:
    """The same said to the same people by another form of the admin, a moment ago."""
    kind = ContentType.objects.get_for_model(Notice)
    sent = LogEntry.objects.filter(content_type=kind, action_flag=ADDITION).order_by("-pk")
    recent = [int(pk) for pk in sent.values_list("object_id", flat=True)[:50] if pk]
    same = Notice.objects.filter(
        pk__in=recent,
        fingerprint=notice.fingerprint,
        created__gte=notice.created - TWIN_WITHIN,
        recalled__isnull=True,
    )
    return same.exclude(pk=notice.pk).first()

"""The progress of a sent notice; pausing, resuming, cancelling and recalling it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify import sending
from notify.admin import statuses, stopping
from notify.admin.formatting import format_count, format_people, notice_url, reach
from notify.admin.intervention import stopped_text
from notify.admin.previews import preview_notice
from notify.exceptions import Busy
from notify.models import Notice, permissions
from notify.models.permissions import has_permission

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    NoticeModelAdmin = admin.ModelAdmin[Notice]
else:  # Django's classes take no parameters at run time
    NoticeModelAdmin = admin.ModelAdmin


@dataclass(frozen=True, slots=True)
class VerbTexts:
    """One verb: what it does, given the notice and the user, and the texts about it."""

    carry_out: Callable[[Any, Any], int]
    log: StrPromise  # the entry in the admin log
    done: StrPromise
    nothing: StrPromise  # there was nothing to do
    question: StrPromise | None = None  # None: carried out without a confirmation page


def _cancel(notice: Any, user: Any) -> int:
    return sending.cancel(notice, by=user)


VERBS = {
    "stop": VerbTexts(
        _cancel,
        log=gettext_lazy("Stopped before it was sent."),
        done=gettext_lazy("Stopped. Nobody received it."),
        nothing=gettext_lazy("Too late to stop: it's been sent. You can recall it."),
    ),
    "pause": VerbTexts(
        lambda notice, user: sending.pause(notice, by=user),
        log=gettext_lazy("Paused."),
        done=gettext_lazy("Paused. Not yet sent to %(people)s."),
        nothing=gettext_lazy("There's nothing left to pause."),
    ),
    "resume": VerbTexts(
        lambda notice, _user: sending.resume(notice),
        log=gettext_lazy("Resumed."),
        done=gettext_lazy("Resumed. Sending to %(people)s."),
        nothing=gettext_lazy("It wasn't paused."),
    ),
    "cancel": VerbTexts(
        _cancel,
        log=gettext_lazy("Cancelled."),
        done=gettext_lazy("Cancelled. %(people)s won't get it."),
        nothing=gettext_lazy("There's nothing left to cancel."),
        question=gettext_lazy("Cancel the rest of this notice?"),
    ),
    "recall": VerbTexts(
        lambda notice, user: sending.recall(notice, by=user),
        log=gettext_lazy("Recalled."),
        done=gettext_lazy("Recalled from %(people)s."),
        nothing=gettext_lazy("Recalled. Nobody had received it."),
        question=gettext_lazy("Recall this notice?"),
    ),
}

FROM_INDEX = "_from_index"  # a field of a form that is on the index
_COUNTS = ("recipients", "appended", "skipped", "cancelled")


def progress_data(notice: Any) -> dict[str, Any]:
    """The progress of a notice, for JSON and templates.

    Args:
        notice: read `with_progress()`, `with_counts()` and `with_failing()`.
    """
    status = notice.status
    in_progress = status in {Notice.Status.PENDING, Notice.Status.SENDING}
    left = stopping.seconds_left(notice) if status == Notice.Status.PENDING else None
    counts = {name: getattr(notice, name) for name in _COUNTS} | reach(notice)
    ended = notice.appended + notice.skipped + notice.cancelled
    return {
        "status": str(status),
        "label": statuses.label(notice),
        "stopped": stopped_text(notice),
        "counts": {name: format_count(count) for name, count in counts.items()},
        "batches": f"{notice.batches - notice.batches_open} / {notice.batches}",
        "done": ended,
        "of": notice.recipients,
        "waiting": notice.recipients - ended,
        "can": {
            "stop": left is not None,
            "pause": in_progress,
            "resume": status == Notice.Status.PAUSED,
            "cancel": in_progress or status == Notice.Status.PAUSED,
            "recall": status != Notice.Status.RECALLED,
        },
        "starts_in": left,
        "moving": in_progress,
    }


class ProgressMixin(NoticeModelAdmin):
    """The part of NoticeAdmin that shows and controls what was sent."""

    def progress_view(self, request: HttpRequest, object_id: str) -> JsonResponse:
        notice = self._get_or_404(request, object_id)
        if not self.has_view_permission(request, notice):
            raise PermissionDenied
        return JsonResponse(progress_data(notice))

    def verb_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponse:
        """Carries out a verb of `sending` on POST; on GET asks for confirmation if need be."""
        if not has_permission(request.user, permissions.SEND):
            raise PermissionDenied
        notice = self._get_or_404(request, object_id)
        if request.method == "POST":
            return self._carry_out(request, notice, verb)
        if VERBS[verb].question is None:
            return HttpResponseNotAllowed(["POST"])
        return self._verb_confirmation(request, notice, verb)

    def _get_or_404(self, request: HttpRequest, object_id: str) -> Any:
        notice = self.get_object(request, object_id)
        if notice is None:
            raise Http404
        return notice

    def _carry_out(self, request: HttpRequest, notice: Any, verb: str) -> HttpResponse:
        texts, back = VERBS[verb], notice_url(self.admin_site, notice)
        if FROM_INDEX in request.POST:
            back = reverse(f"{self.admin_site.name}:index")
        try:
            count = texts.carry_out(notice, request.user)
        except Busy:
            text = _("Someone else is changing this notice. Nothing changed; try again.")
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(back)
        is_recall, nothing = verb == "recall", texts.nothing
        if is_recall and notice.recalled is not None:
            nothing = gettext_lazy("This notice has already been recalled.")
        elif count or is_recall:
            self.log_change(request, notice, str(texts.log))
        level = messages.SUCCESS if count else messages.WARNING
        text = str(texts.done if count else nothing) % {"people": format_people(count)}
        self.message_user(request, text, level)
        return HttpResponseRedirect(back)

    def _verb_confirmation(self, request: HttpRequest, notice: Any, verb: str) -> HttpResponse:
        """The confirmation page: how many have it, have seen it, and will not get it."""
        progress = progress_data(notice)
        context = {
            **self.admin_site.each_context(request),
            "title": VERBS[verb].question,
            "opts": self.opts,
            "notice": notice,
            "progress": progress,
            "waiting": progress["waiting"],
            "waiting_people": format_people(progress["waiting"]),
            "people": format_people(notice.appended),
            "seen": format_people(notice.seen),
            "read": format_people(notice.read),
            "page": notice_url(self.admin_site, notice),
            "preview": preview_notice(vars(notice)),
        }
        return TemplateResponse(request, f"admin/notify/notice/{verb}.html", context)

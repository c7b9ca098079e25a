"""What becomes of a notice: how far it is, and pausing, cancelling and recalling it."""

from __future__ import annotations

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
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify import sending
from notify.admin.words import number, page_of, people
from notify.exceptions import Busy
from notify.models import Notice, permissions
from notify.models.permissions import has_permission

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    NoticeModelAdmin = admin.ModelAdmin[Notice]
else:  # Django's classes take no parameters at run time
    NoticeModelAdmin = admin.ModelAdmin


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a verb: in the log, to whoever did it, and where there was nothing to do."""

    log: StrPromise
    said: StrPromise
    nothing: StrPromise
    question: StrPromise | None = None  # put before it is done


# By the names of the functions in `sending`.
VERBS = {
    "pause": Words(
        log=gettext_lazy("Paused."),
        said=gettext_lazy("Paused. %(people)s wait for it."),
        nothing=gettext_lazy("There is nothing left to pause."),
    ),
    "resume": Words(
        log=gettext_lazy("Resumed."),
        said=gettext_lazy("It goes on, to %(people)s."),
        nothing=gettext_lazy("It was not paused."),
    ),
    "cancel": Words(
        log=gettext_lazy("Cancelled."),
        said=gettext_lazy("Cancelled. %(people)s will not get it."),
        nothing=gettext_lazy("There is nothing left to cancel."),
        question=gettext_lazy("Cancel the rest of this notice?"),
    ),
    "recall": Words(
        log=gettext_lazy("Recalled."),
        said=gettext_lazy("Recalled. It is taken away from %(people)s."),
        nothing=gettext_lazy("Recalled. Nobody had it yet, and nobody gets it."),
        question=gettext_lazy("Recall this notice?"),
    ),
}

_COUNTS = ("recipients", "appended", "delivered", "seen", "read", "skipped", "cancelled")


def progress_of(notice: Any) -> dict[str, Any]:
    """How far a notice is that was read with its progress and counts; for JSON and templates."""
    status = notice.status
    waiting = status in {Notice.Status.PENDING, Notice.Status.SENDING}
    ended = notice.appended + notice.skipped + notice.cancelled
    return {
        "status": str(status),
        "label": str(Notice.Status(status).label),
        "counts": {name: number(getattr(notice, name)) for name in _COUNTS},
        "batches": f"{notice.batches - notice.batches_open} / {notice.batches}",
        "done": ended,
        "of": notice.recipients,
        "waiting": notice.recipients - ended,
        "can": {
            "pause": waiting,
            "resume": status == Notice.Status.PAUSED,
            "cancel": waiting or status == Notice.Status.PAUSED,
            "recall": status != Notice.Status.RECALLED,
        },
        "moving": waiting,
    }


class Follower(NoticeModelAdmin):
    """The part of NoticeAdmin that follows what was sent."""

    def progress_view(self, request: HttpRequest, object_id: str) -> JsonResponse:
        notice = self._get(request, object_id)
        if not self.has_view_permission(request, notice):
            raise PermissionDenied
        return JsonResponse(progress_of(notice))

    def verb_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponse:
        """Carries out a verb of `sending` on POST; where it has a question, that is put first."""
        if not has_permission(request.user, permissions.SEND):
            raise PermissionDenied
        notice = self._get(request, object_id)
        if request.method == "POST":
            return self._do(request, notice, verb)
        if VERBS[verb].question is None:
            return HttpResponseNotAllowed(["POST"])
        return self._ask_first(request, notice, verb)

    # Parts

    def _get(self, request: HttpRequest, object_id: str) -> Any:
        notice = self.get_object(request, object_id)
        if notice is None:
            raise Http404
        return notice

    def _do(self, request: HttpRequest, notice: Any, verb: str) -> HttpResponse:
        words = VERBS[verb]
        try:
            count = getattr(sending, verb)(notice)
        except Busy:
            said = _("Others hold it just now. Nothing was changed; try again.")
            self.message_user(request, said, messages.ERROR)
            return HttpResponseRedirect(page_of(self.admin_site, notice))
        is_recall, nothing = verb == "recall", words.nothing
        if is_recall and notice.recalled is not None:
            nothing = gettext_lazy("This notice is recalled already.")
        elif count or is_recall:
            self.log_change(request, notice, str(words.log))
        level = messages.SUCCESS if count else messages.WARNING
        said = str(words.said if count else nothing) % {"people": people(count)}
        self.message_user(request, said, level)
        return HttpResponseRedirect(page_of(self.admin_site, notice))

    def _ask_first(self, request: HttpRequest, notice: Any, verb: str) -> HttpResponse:
        """Says who has it, who has seen it, and who never will get it."""
        progress = progress_of(notice)
        context = {
            **self.admin_site.each_context(request),
            "title": VERBS[verb].question,
            "opts": self.opts,
            "notice": notice,
            "progress": progress,
            "waiting": progress["waiting"],
            "people": people(notice.appended),
            "seen": people(notice.seen),
            "read": people(notice.read),
            "page": page_of(self.admin_site, notice),
        }
        return TemplateResponse(request, f"admin/notify/notice/{verb}.html", context)

"""What becomes of a notice: how far it is, and pausing, cancelling and recalling it."""

from __future__ import annotations

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

from notify import sending
from notify.administration.words import number, page_of, people
from notify.exceptions import Busy
from notify.models import Notice
from notify.web.callers import SEND_PERMISSION

if TYPE_CHECKING:
    NoticeModelAdmin = admin.ModelAdmin[Notice]
else:  # Django's classes take no parameters at run time
    NoticeModelAdmin = admin.ModelAdmin

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

    def pause_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._do(
            request,
            object_id,
            sending.pause,
            log=_("Paused."),
            said=_("Paused. %(people)s wait for it."),
            nothing=_("There is nothing left to pause."),
        )

    def resume_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._do(
            request,
            object_id,
            sending.resume,
            log=_("Resumed."),
            said=_("It goes on, to %(people)s."),
            nothing=_("It was not paused."),
        )

    def cancel_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks, saying who has it already and who never will; on POST cancels."""
        if request.method == "POST":
            return self._do(
                request,
                object_id,
                sending.cancel,
                log=_("Cancelled."),
                said=_("Cancelled. %(people)s will not get it."),
                nothing=_("There is nothing left to cancel."),
            )
        notice = self._allowed(request, object_id)
        context = {"title": _("Cancel the rest of this notice?"), "progress": progress_of(notice)}
        return self._ask_first(request, notice, "cancel", context)

    def recall_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks, saying from how many inboxes; on POST recalls."""
        if request.method == "POST":
            return self._do(
                request,
                object_id,
                sending.recall,
                log=_("Recalled."),
                said=_("Recalled. It is taken away from %(people)s."),
                nothing=_("Recalled. Nobody had it yet, and nobody gets it."),
            )
        notice = self._allowed(request, object_id)
        context = {
            "title": _("Recall this notice?"),
            "seen": people(notice.seen),
            "read": people(notice.read),
            "waiting": progress_of(notice)["waiting"],
        }
        return self._ask_first(request, notice, "recall", context)

    # Parts

    def _get(self, request: HttpRequest, object_id: str) -> Any:
        notice = self.get_object(request, object_id)
        if notice is None:
            raise Http404
        return notice

    def _allowed(self, request: HttpRequest, object_id: str) -> Any:
        if not request.user.has_perm(SEND_PERMISSION):
            raise PermissionDenied
        return self._get(request, object_id)

    def _do(
        self, request: HttpRequest, object_id: str, verb: Any, *, log: str, said: str, nothing: str
    ) -> HttpResponse:
        notice = self._allowed(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            count = verb(notice)
        except Busy:
            said = _("Others hold it just now. Nothing was changed; try again.")
            self.message_user(request, said, messages.ERROR)
            return HttpResponseRedirect(page_of(self.admin_site, notice))
        if verb is sending.recall and notice.recalled is not None:
            nothing = _("This notice is recalled already.")
        elif count or verb is sending.recall:
            self.log_change(request, notice, log)
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, (said if count else nothing) % {"people": people(count)}, level)
        return HttpResponseRedirect(page_of(self.admin_site, notice))

    def _ask_first(
        self, request: HttpRequest, notice: Any, verb: str, context: dict[str, Any]
    ) -> HttpResponse:
        context |= {
            **self.admin_site.each_context(request),
            **context,
            "opts": self.opts,
            "notice": notice,
            "people": people(notice.appended),
            "page": page_of(self.admin_site, notice),
        }
        return TemplateResponse(request, f"admin/notify/notice/{verb}.html", context)

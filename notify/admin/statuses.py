"""The status of a notice as staff see it, and the filters of the list of notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify.admin import stopping
from notify.inbox.turns import OPEN
from notify.models import Batch, Notice
from notify.sql import database


def label(notice: Any) -> str:
    """Its status, of a notice read `with_progress()` and `with_failing()`."""
    status = notice.status
    if status == Notice.Status.PENDING and is_still_scheduled(notice):
        return _("Scheduled")
    if status in {Notice.Status.PENDING, Notice.Status.SENDING} and notice.failing:
        return _("Failed, retrying")
    return str(Notice.Status(status).label)


def is_still_scheduled(notice: Notice) -> bool:
    """Whether the time that somebody chose is still to come."""
    return stopping.is_scheduled(notice) and bool(notice.send_at > database.now())  # type: ignore[operator]


def with_failing(notices: Any) -> Any:
    """Adds `failing`: whether a batch has failed and waits to be tried again."""
    return notices.annotate(failing=Exists(_FAILING.filter(notice=OuterRef("pk"))))


# Open batches are few, and have an index: the lists of these statuses begin with them.
_PENDING = Batch.objects.filter(state=Batch.State.PENDING)
_PAUSED = Batch.objects.filter(state=Batch.State.PAUSED)
_FAILING = Batch.objects.filter(state__in=OPEN, attempts__gt=0)
_SCHEDULED = Q(send_at__gt=Now()) & Q(send_at__gt=F("created") + stopping.STOPPABLE_FOR)


def _scheduled(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    return _of(notices, _PENDING).filter(_SCHEDULED)


def _sending(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    return _of(notices, _PENDING).exclude(_SCHEDULED)


def _unfinished(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    # A union, because an OR of two subqueries is tried on every notice.
    every = Notice.objects.order_by()
    sending, paused = _sending(every), _of(every, _PAUSED)
    return notices.filter(pk__in=sending.values("pk").union(paused.values("pk")))


def _ended(notices: QuerySet[Notice], *, cancelled: bool) -> QuerySet[Notice]:
    of_notice = Batch.objects.filter(notice=OuterRef("pk"))
    is_cancelled = Exists(of_notice.filter(state=Batch.State.CANCELLED))
    return notices.filter(
        ~Exists(of_notice.filter(state__in=Batch.NOT_YET)),
        is_cancelled if cancelled else ~is_cancelled,
        recalled__isnull=True,
    )


def _of(notices: QuerySet[Notice], batches: QuerySet[Batch]) -> QuerySet[Notice]:
    return notices.filter(pk__in=batches.values("notice"))


_BY_STATUS: dict[str, tuple[Any, Callable[[QuerySet[Notice]], QuerySet[Notice]]]] = {
    "scheduled": (gettext_lazy("Scheduled"), _scheduled),
    "unfinished": (gettext_lazy("Sending or paused"), _unfinished),
    "sending": (gettext_lazy("Sending"), _sending),
    "paused": (gettext_lazy("Paused"), lambda notices: _of(notices, _PAUSED)),
    "failed": (gettext_lazy("Failed, retrying"), lambda notices: _of(notices, _FAILING)),
    "sent": (gettext_lazy("Sent"), lambda notices: _ended(notices, cancelled=False)),
    "cancelled": (gettext_lazy("Cancelled"), lambda notices: _ended(notices, cancelled=True)),
    "recalled": (gettext_lazy("Recalled"), lambda notices: notices.exclude(recalled=None)),
}


def having(status: str, notices: QuerySet[Notice]) -> QuerySet[Notice]:
    """Those of these notices that have a status, named as in `StatusFilter`."""
    return _BY_STATUS[status][1](notices)


class StatusFilter(admin.SimpleListFilter):
    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(value, text) for value, (text, _filter) in _BY_STATUS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> QuerySet[Notice]:
        status = self.value()
        return having(status, queryset) if status in _BY_STATUS else queryset


class SenderFilter(admin.SimpleListFilter):
    title = gettext_lazy("sender")
    parameter_name = "sent-by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("me", _("Me")), ("others", _("Other people")), ("system", _("System"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> QuerySet[Notice]:
        own = Q(sender=f"user:{request.user.pk}")
        match self.value():
            case "me":
                return queryset.filter(own)
            case "others":
                return queryset.exclude(own).exclude(sender="")
            case "system":
                return queryset.filter(sender="")
        return queryset

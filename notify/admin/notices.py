"""Notices in the admin: the list, and the page of a single notice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify.admin import charts, statuses
from notify.admin.change_list import LenientChangeList
from notify.admin.compose_views import ComposeMixin
from notify.admin.formatting import format_moment, sender_name, sender_names
from notify.admin.previews import in_languages, preview_notice
from notify.admin.progress_views import VERBS, ProgressMixin, progress_data
from notify.admin.slow_batches import slowest_batches
from notify.admin.time_window import TimeWindowFilter
from notify.admin.user_search import UserSearchView
from notify.models import Notice
from notify.web.api.sliding import never_slides


class NoticeChangeList(LenientChangeList):
    """Counts recipients only for the notices on the current page: counting is expensive, and the
    table may be long."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        shown = [notice.pk for notice in self.result_list]
        counted: dict[Any, Any] = _with_counts(Notice.objects.filter(pk__in=shown)).in_bulk()
        names = sender_names(notice.sender for notice in counted.values())
        for notice in counted.values():
            notice.sender_name = names[notice.sender]
        self.result_list: Any = [counted[pk] for pk in shown if pk in counted]


class NamedValuesFilter(admin.AllValuesFieldListFilter):
    """Omits the empty value, whose link would have no text."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        return (choice for choice in super().choices(changelist) if choice["display"])


class NoticeAdmin(ProgressMixin, ComposeMixin):
    """Adding a notice sends it. A sent notice can be stopped and recalled, never changed."""

    list_display = ("title", "level", "status", "sent_by", "reach", "created_at")
    list_filter = (
        statuses.StatusFilter,
        statuses.SenderFilter,
        "level",
        ("category", NamedValuesFilter),
        "created",
        TimeWindowFilter,
    )
    search_fields = ("title", "body")
    list_per_page = 25
    show_full_result_count = False
    sortable_by = ("title", "level", "created_at")
    radio_fields: ClassVar = {"level": admin.VERTICAL}
    change_form_template = "admin/notify/notice/change_form.html"
    change_list_template = "admin/notify/notice/change_list.html"

    sent_fieldsets = (
        (gettext_lazy("Message"), {"fields": ("title", "body", "level", "category", "kind")}),
        (gettext_lazy("Links"), {"fields": ("url", "actions", "data")}),
        (
            gettext_lazy("Schedule"),
            {"fields": ("created", "send_at", "expires", "recalled", "sent_by", "actor_name")},
        ),
    )

    # Permissions

    def has_view_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return False

    # Pages

    def get_fieldsets(self, request: HttpRequest, obj: Notice | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj is None else self.sent_fieldsets

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NoticeChangeList

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Notice | None:
        notice = super().get_object(request, object_id, from_field)
        return notice and _with_counts(Notice.objects.filter(pk=notice.pk)).first()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {
            "title": _("Notice"),
            "may_send": self.has_add_permission(request),
            **(extra_context or {}),
        }
        notice = self.get_object(request, object_id)
        if notice is not None and self.has_view_permission(request, notice):
            context |= {
                "own_key": notice.key if notice.sender == f"user:{request.user.pk}" else None,
                "progress": progress_data(notice),
                "chart": charts.over_time(notice),
                "slowest": slowest_batches(notice),
                "preview": preview_notice(vars(notice)),
                "in_languages": in_languages(notice),
            }
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description=gettext_lazy("status"))
    def status(self, notice: Notice) -> str:
        return statuses.label(notice)

    @admin.display(description=gettext_lazy("delivered, seen, read"))
    def reach(self, notice: Notice) -> str:
        return render_to_string("admin/notify/notice/bar.html", charts.bar(notice))

    @admin.display(description=gettext_lazy("created"), ordering="created")
    def created_at(self, notice: Notice) -> str:
        return format_moment(notice.created)

    @admin.display(description=gettext_lazy("sent by"))
    def sent_by(self, notice: Notice) -> str:
        """The list has read the names of all senders in one query."""
        return getattr(notice, "sender_name", None) or sender_name(notice)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        people = UserSearchView.as_view(admin_site=self.admin_site, notice_admin=self)
        view = wrap(self.verb_view)
        # An open page polls these, which must not extend the session.
        progress, trial, online = (
            never_slides(wrap(polled))
            for polled in (self.progress_view, self.trial_view, self.online_view)
        )
        own = [
            path("people/", wrap(people), name="notify_notice_people"),
            path("audience/", wrap(self.audience_view), name="notify_notice_audience"),
            path("online/", online, name="notify_notice_online"),
            path("<path:object_id>/trial/", trial, name="notify_notice_trial"),
            path("<path:object_id>/progress/", progress, name="notify_notice_progress"),
        ]
        for verb in VERBS:
            name = f"notify_notice_{verb}"
            own.append(path(f"<path:object_id>/{verb}/", view, {"verb": verb}, name=name))
        return own + super().get_urls()


def _with_counts(notices: Any) -> QuerySet[Notice]:
    return statuses.with_failing(notices.with_progress().with_counts())  # type: ignore[no-any-return]

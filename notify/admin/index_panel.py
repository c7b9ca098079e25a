"""The panel of notices above the index of an admin site, whatever template that index has."""

from __future__ import annotations

import logging
from functools import wraps
from typing import Any

from django.contrib.admin.sites import AdminSite
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.template.backends.django import Template
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from notify import sql
from notify.admin import desk
from notify.admin.progress_views import FROM_INDEX
from notify.models import Notice
from notify.models.permissions import SEND, VIEW_OPERATIONS, has_permission
from notify.web.pages.browser_config import browser_config

logger = logging.getLogger(__name__)

TEMPLATE = "admin/notify/index.html"
STATEMENTS_WITHIN_S = 2.0  # PostgreSQL only


def add_to_index(site: AdminSite) -> None:
    """Adds the panel to the index of a site, for those who may see its notices.

    It stands in the index's block `content`. A template without that block may include
    `admin/notify/desk.html`.
    """
    index = site.index

    @wraps(index)
    def index_with_panel(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _with_panel(site, request, index(request, *args, **kwargs))

    site.index = index_with_panel  # type: ignore[method-assign,assignment]


def _with_panel(site: AdminSite, request: HttpRequest, response: HttpResponse) -> HttpResponse:
    notices = site._registry.get(Notice)
    if not isinstance(response, TemplateResponse) or notices is None:
        return response
    if not notices.has_view_permission(request):
        return response
    under = response.resolve_template(response.template_name)
    if not isinstance(under, Template):  # of another engine, which ours cannot extend
        return response
    response.template_name = TEMPLATE
    response.context_data = {
        **(response.context_data or {}),
        "notify_index": under,
        "notify_desk": {
            "opts": Notice._meta,
            "groups": _groups(),
            "now": timezone.now(),
            "may_send": has_permission(request.user, SEND),
            "from_index": FROM_INDEX,
            **_operations(request),
        },
    }
    return response


def _groups() -> list[desk.Group] | None:
    """None if the database cannot tell them: the index belongs to the site, and has to work."""
    try:
        with sql.statements_end_within(STATEMENTS_WITHIN_S):
            return desk.groups()
    except Error:
        logger.exception("The notices on the index of the admin could not be loaded.")
        return None


def _operations(request: HttpRequest) -> dict[str, Any]:
    """For those who may watch live operations, if this project has their page."""
    if not has_permission(request.user, VIEW_OPERATIONS):
        return {}
    try:
        return {"operations": reverse("notify:operations"), "config": browser_config(request)}
    except NoReverseMatch:
        return {}

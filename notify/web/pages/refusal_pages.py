"""Refusals as pages."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import get_resolver, get_urlconf

from notify.web import refusals
from notify.web.refusals import Refusal


def refusal_page(refusal: Refusal) -> HttpResponse:
    """The refusal as a page, which needs neither the session nor the database."""
    page = render_to_string("notify/refused.html", {"status": refusal.status, "wait": refusal.wait})
    response = HttpResponse(page, status=refusal.status)
    response["Cache-Control"] = "no-store"
    if refusal.wait is not None:
        response["Retry-After"] = str(refusal.wait)
    return response


def forbidden_page(request: HttpRequest, permission: str) -> HttpResponse:
    """The project's own page for 403, whose `exception` names the missing permission.

    If PermissionDenied were raised, Django would log it with a traceback of fifty lines for each
    request, by anybody.
    """
    handler: Any = get_resolver(get_urlconf()).resolve_error_handler(403)
    reason = PermissionDenied(refusals.forbidden(permission).message)
    page: HttpResponse = handler(request, exception=reason)
    return page

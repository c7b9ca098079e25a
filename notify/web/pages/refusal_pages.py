"""Refusals as pages."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist
from django.template.loader import get_template, render_to_string
from django.urls import get_resolver, get_urlconf
from django.utils.translation import gettext as _
from django.views.defaults import ERROR_403_TEMPLATE_NAME, permission_denied

from notify.web import refusals
from notify.web.refusals import Refusal


def refusal_page(refusal: Refusal, **context: Any) -> HttpResponse:
    """The refusal as a page, which needs neither the session nor the database."""
    context |= {"status": refusal.status, "wait": refusal.wait}
    page = render_to_string("notify/refused.html", context)
    response = HttpResponse(page, status=refusal.status)
    response["Cache-Control"] = "no-store"
    if refusal.wait is not None:
        response["Retry-After"] = str(refusal.wait)
    return response


def forbidden_page(request: HttpRequest, permission: str) -> HttpResponse:
    """The project's own page for 403, whose `exception` names the missing permission; without one,
    our page.

    If PermissionDenied were raised, Django would log it with a traceback of fifty lines, for each
    request of anybody.
    """
    handler: Any = get_resolver(get_urlconf()).resolve_error_handler(403)
    if handler is permission_denied and not _exists(ERROR_403_TEMPLATE_NAME):
        return refusal_page(refusals.forbidden(permission), permission=permission)
    text = _("You need the permission %(permission)s.") % {"permission": permission}
    page: HttpResponse = handler(request, exception=PermissionDenied(text))
    return page


def _exists(template: str) -> bool:
    try:
        get_template(template)
    except TemplateDoesNotExist:
        return False
    return True

"""The page of live operations, for staff: what is owed, and what all server processes do now."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from notify.metrics import figures
from notify.models.permissions import SEND, VIEW_NOTICE, VIEW_OPERATIONS, has_permission
from notify.protocol import Code
from notify.web.pages.browser_config import browser_config
from notify.web.pages.decorators import html_refusals, rate_limited, signed_in
from notify.web.pages.refusal_pages import forbidden_page

CODES = {
    1000: _("closed by the client"),
    1001: _("page closed"),
    1005: _("closed by the client, without a code"),
    1006: _("connection lost"),
    Code.MALFORMED: _("invalid frame"),
    Code.NOT_SIGNED_IN: _("not signed in, or session ended"),
    Code.FORBIDDEN: _("user deactivated"),
    Code.UNSUPPORTED_VERSION: _("unsupported protocol version"),
    Code.TOO_MANY_SOCKETS: _("closed by the user, or too many connections"),
    Code.INTERNAL_ERROR: _("internal error"),
    Code.RESTARTING: _("server restarting"),
    Code.PING_TIMEOUT: _("no response to a ping"),
    Code.PROCESS_FULL: _("server process full"),
    Code.SLOW_READER: _("client reads too slowly"),
    Code.TOO_MANY_FRAMES: _("too many frames from the client"),
    Code.MAXIMUM_AGE: _("maximum age reached; reconnects at once"),
}


@require_GET
@never_cache
@html_refusals
@signed_in
@rate_limited
def operations(request: HttpRequest) -> HttpResponse:
    """Its data comes by the socket, which checks the permission again."""
    if not has_permission(request.user, VIEW_OPERATIONS):
        return forbidden_page(request, VIEW_OPERATIONS)
    context = {
        "config": browser_config(request),
        "of_database": [_translated(one) for one in figures.OF_DATABASE],
        "of_process": [_translated(one) for one in figures.OF_PROCESS],
        "of_worker": [_translated(one) for one in figures.OF_WORKER],
        "codes": [
            *((int(code), meaning) for code, meaning in CODES.items()),
            *((one.name, gettext(one.title)) for one in (*figures.REFUSED, *figures.LIMITS)),
        ],
        "may_pause": has_permission(request.user, SEND),
        **_admin_urls(request),
    }
    return render(request, "notify/operations.html", context)


def _translated(figure: figures.Figure) -> figures.Figure:
    cure = gettext(figure.cure) if figure.cure else ""
    return replace(figure, title=gettext(figure.title), cure=cure)


def _admin_urls(request: HttpRequest) -> dict[str, str]:
    """The addresses of the list of notices, and of one notice with 0 for its id, in the admin; none
    if this user may not go there."""
    if not (has_permission(request.user, VIEW_NOTICE) or has_permission(request.user, SEND)):
        return {}
    try:
        urls = {
            "notices_url": reverse("admin:notify_notice_changelist"),
            "notice_url": reverse("admin:notify_notice_change", args=[0]),
        }
        from django.contrib.admin import site  # not every project has it installed

        return urls if site.has_permission(request) else {}
    except (NoReverseMatch, AttributeError):  # no admin, or not for users without `is_staff`
        return {}

"""The page of live operations, for staff: plots of what all server processes do now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from notify.models.permissions import VIEW_OPERATIONS, has_permission
from notify.protocol import Code
from notify.web.pages.browser_config import browser_config
from notify.web.pages.decorators import html_refusals, rate_limited, signed_in
from notify.web.pages.refusal_pages import forbidden_page

CODES = {
    1000: _("closed by the client"),
    1001: _("the page was left"),
    1005: _("closed by the client, without a code"),
    1006: _("the connection broke"),
    Code.MALFORMED: _("no frame of the protocol"),
    Code.NOT_SIGNED_IN: _("not signed in, or the session ended"),
    Code.FORBIDDEN: _("the user was deactivated"),
    Code.UNSUPPORTED_VERSION: _("another version of the protocol"),
    Code.TOO_MANY_SOCKETS: _("closed by the user, or too many of theirs"),
    Code.INTERNAL_ERROR: _("internal error"),
    Code.RESTARTING: _("the server restarts"),
    Code.PING_TIMEOUT: _("no answer to a ping"),
    Code.PROCESS_FULL: _("the server process is full"),
    Code.SLOW_READER: _("the client reads too slowly"),
    Code.TOO_MANY_FRAMES: _("too many frames from the client"),
    Code.MAXIMUM_AGE: _("maximum age; it comes back at once"),
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
    codes = [(int(code), meaning) for code, meaning in CODES.items()]
    return render(
        request, "notify/operations.html", {"config": browser_config(request), "codes": codes}
    )

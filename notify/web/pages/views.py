"""The dashboard and the actions of its buttons."""

from __future__ import annotations

from contextlib import suppress

from django.contrib.auth.decorators import login_not_required
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from django.views.i18n import set_language

import notify
from notify import metrics, protocol, sending
from notify.exceptions import Busy, EpochChanged, InvalidPreference
from notify.web import callers, limits, refusals
from notify.web.pages.back import way_back
from notify.web.pages.decorators import html_refusals, rate_limited, signed_in
from notify.web.pages.zones import locale_of
from notify.web.refusals import Refusal


@require_GET
@html_refusals
# Browsers may cache it, to show it offline, and revalidate it when they are online. It contains
# a user's inbox: `Vary: Cookie`, which the session adds, invalidates it at sign-out.
@cache_control(private=True, no_cache=True)
@signed_in
@rate_limited
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "notify/dashboard.html")


@require_GET
@never_cache
@html_refusals
@signed_in
@rate_limited
def devices(request: HttpRequest) -> HttpResponse:
    """The user's connection, open sockets, and alerts in this browser."""
    return render(request, "notify/devices.html")


@require_POST
@html_refusals
@signed_in
@rate_limited
def mark(request: HttpRequest) -> HttpResponse:
    """The buttons of the inbox without scripts: `read:17`, `read-all:<version>:<epoch>`,
    `archive-read:<version>:<epoch>`."""
    try:
        frame = _mark_frame(*request.POST.get("mark", "").split(":", 2))
    except (TypeError, ValueError):
        return HttpResponseBadRequest("mark: not a valid mark")
    with suppress(Busy, EpochChanged):  # the next page shows what is left to do
        language = locale_of(request).language
        sending.carry_out_command(str(request.user.pk), frame, language=language)
    return HttpResponseRedirect(way_back(request, reverse("notify:dashboard")))


@require_POST
@html_refusals
@signed_in
@rate_limited
def language(request: HttpRequest) -> HttpResponse:
    """The language that the user wants to read in, for this browser's pages too."""
    try:
        sending.set_reader(str(request.user.pk), {"language": request.POST.get("language", "")})
    except InvalidPreference as error:
        return HttpResponseBadRequest(escape(error))
    return set_language(request)


def _mark_frame(as_: str, number: str, epoch: str = "") -> protocol.Mark:
    if not 0 <= int(number) <= protocol.MAX_INTEGER:
        raise ValueError(number)
    if as_ == "read-all":
        return protocol.MarkThrough("", protocol.MarkName.READ, epoch, int(number))
    if as_ == "archive-read":
        return protocol.MarkThrough(
            "", protocol.MarkName.ARCHIVED, epoch, int(number), only_read=True
        )
    if as_ in protocol.MARKS:
        return protocol.MarkIds("", as_, [int(number)])
    raise ValueError(as_)


@login_not_required  # SessionAuth answers strangers with 401
@csrf_exempt  # SessionAuth checks the token, but checks first for which user the page was rendered
@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    """Sends the user a notice. By its id, the page recognizes it when it arrives on the socket."""
    try:
        return _send_test(request)
    except refusals.HANDLED_ERRORS as error:
        return refusals.from_error(error).response()


def _send_test(request: HttpRequest) -> HttpResponse:
    caller = callers.SessionAuth()(request)
    if caller is None:
        raise Refusal(401, "not_signed_in", _("Sign in to continue."))
    retry_after = limits.tests.count(caller.user_id)
    if retry_after is not None:
        metrics.LIMITS.add("tests")
        raise Refusal(
            429, "rate_limited", "Too many tests. Try again later.", retry_after=retry_after
        )
    notice = notify.send(
        to=caller.user,
        title=_("Test notification"),
        body=_("A test you sent yourself. It appears in every browser you're signed in to."),
        level="success",
        kind="notify.test",
        category="test",
    )
    return JsonResponse({"id": notice.pk}, status=201)

"""The pages: the dashboard, and what its buttons do."""

from __future__ import annotations

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
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

import notify
from notify import sending
from notify.exceptions import Busy, EpochChanged
from notify.inbox.marks import MARKS
from notify.web import callers, limits, refusals
from notify.web.pages.answers import MAX_REPEATED, counted, readable, signed_in
from notify.web.refusals import Refusal

MAX_ID = 2**53


@require_GET
@readable
# A browser may keep it, to show it without a network, and asks each time that it has one. It has
# a person's inbox in it: `Vary: Cookie`, which comes of the session, voids it with the sign-out.
@cache_control(private=True, no_cache=True)
@signed_in
@counted
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "notify/dashboard.html")


@require_POST
@readable
@signed_in
@counted
def mark(request: HttpRequest) -> HttpResponse:
    """The inbox's buttons where no script runs: `read:17`, `read-all:<version>:<epoch>`."""
    wanted = request.POST.get("mark", "").split(":", 2)
    try:
        _mark(str(request.user.pk), *wanted)
    except (TypeError, ValueError):
        return HttpResponseBadRequest("mark: is no mark")
    except (Busy, EpochChanged):
        pass  # the page that follows shows what is left to do
    back = request.POST.get("next", "")
    is_ours = len(iri_to_uri(back)) <= MAX_REPEATED and url_has_allowed_host_and_scheme(
        back, {request.get_host()}, request.is_secure()
    )
    return HttpResponseRedirect(back if is_ours else reverse("notify:dashboard"))


def _mark(user: str, as_: str, number: str, epoch: str = "") -> None:
    if not 0 <= int(number) < MAX_ID:
        raise ValueError(number)
    if as_ == "read-all":
        sending.mark_through(user, "read", epoch=epoch, through=int(number))
    elif as_ in MARKS:
        sending.mark(user, as_, ids=[int(number)])
    else:
        raise ValueError(as_)


@login_not_required  # SessionAuth answers strangers with 401
@csrf_exempt  # by Django, before the view: SessionAuth looks first whose page it is
@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    """Sends the user a notice. Its id is how the page knows it when it comes by the socket."""
    try:
        return _send_test(request)
    except refusals.ANSWERED as error:
        return refusals.of(error).response()


def _send_test(request: HttpRequest) -> HttpResponse:
    caller = callers.SessionAuth()(request)
    if caller is None:
        raise Refusal(401, "not_signed_in", _("Sign in first."))
    retry_after = limits.tests.count(caller.user_id)
    if retry_after is not None:
        raise Refusal(429, "rate_limited", "Too many tests in a minute.", retry_after=retry_after)
    notice = notify.send(
        to=caller.user,
        title=_("Test notification"),
        body=_("You sent this to yourself. It is in every browser where you are signed in."),
        level="success",
        kind="notify.test",
        category="test",
    )
    return JsonResponse({"id": notice.pk}, status=201)

"""The pages: the dashboard, and what its buttons do."""

from __future__ import annotations

from math import ceil

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

import notify
from notify import sending
from notify.exceptions import Busy, EpochChanged
from notify.inbox.marks import MARKS
from notify.web import callers
from notify.web.refusals import Refusal

MAX_ID = 2**53


@require_GET
# A browser may keep it, to show it without a network, and asks each time that it has one. It has
# a person's inbox in it: `Vary: Cookie`, which comes of the session, voids it with the sign-out.
@cache_control(private=True, no_cache=True)
@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "notify/dashboard.html")


@require_POST
@login_required
def mark(request: HttpRequest) -> HttpResponse:
    """The inbox's buttons where no script runs: `read:17`, `read-all:<version>:<epoch>`."""
    wanted = request.POST.get("mark", "").split(":", 2)
    try:
        callers.admit(callers.Caller(request.user))
        _mark(str(request.user.pk), *wanted)
    except Refusal as refusal:  # a page's form was sent, so that people read the answer
        wait = str(ceil(refusal.retry_after or 1))
        return HttpResponse(refusal.message, status=429, headers={"Retry-After": wait})
    except (TypeError, ValueError):
        return HttpResponseBadRequest("mark: is no mark")
    except (Busy, EpochChanged):
        pass  # the page that follows shows what is left to do
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return redirect(back if is_ours else "notify:dashboard")


def _mark(user: str, as_: str, number: str, epoch: str = "") -> None:
    if not 0 <= int(number) < MAX_ID:
        raise ValueError(number)
    if as_ == "read-all":
        sending.mark_through(user, "read", epoch=epoch, through=int(number))
    elif as_ in MARKS:
        sending.mark(user, as_, ids=[int(number)])
    else:
        raise ValueError(as_)


@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    """Sends the user a notice. Its id is how the page knows it when it comes by the socket."""
    if not request.user.is_authenticated:
        return JsonResponse(
            {"error": {"code": "not_signed_in", "message": _("Sign in first.")}}, status=401
        )
    try:
        callers.require_user(request)
        callers.admit(callers.Caller(request.user))
    except Refusal as refusal:
        return refusal.response()
    notice = notify.send(
        to=request.user,
        title=_("Test notification"),
        body=_("You sent this to yourself. It is in every browser where you are signed in."),
        level="success",
        kind="notify.test",
        category="test",
    )
    return JsonResponse({"id": notice.pk}, status=201)

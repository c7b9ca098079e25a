"""What all pages have in common: how they say no to people."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required, login_required
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import get_resolver, get_urlconf

from notify.web import callers
from notify.web.refusals import Refusal, unavailable

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

# Characters of what a redirect repeats, in its header, each as three. Many a proxy takes 4 KB of
# headers for an answer, and its process for ill where there are more.
MAX_REPEATED = 1000


def readable(view: View[P]) -> View[P]:
    """Has a view answer a refusal, and a database that is away, with a page that people can read.
    Outside of whatever asks for the user, as that needs the database."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            return refused(refusal)
        except (OperationalError, InterfaceError) as error:
            return refused(unavailable(error))

    return answer


def signed_in(view: View[P]) -> View[P]:
    """Django's `login_required`, which repeats the address that was asked for; a long query is
    left out."""
    guarded = login_required(view)

    @login_not_required  # by LoginRequiredMiddleware, which repeats the whole query
    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        _, _, query = request.get_full_path().partition("?")
        if len(query) > MAX_REPEATED and not request.user.is_authenticated:
            request.META["QUERY_STRING"] = ""
        return guarded(request, *args, **kwargs)

    return answer


def counted(view: View[P]) -> View[P]:
    """Counts the requests of somebody who is signed in, together with those to the API."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        callers.admit(callers.Caller(request.user))
        return view(request, *args, **kwargs)

    return answer


def refused(refusal: Refusal) -> HttpResponse:
    """As a page, which asks neither the session nor the database."""
    page = render_to_string("notify/refused.html", {"status": refusal.status, "wait": refusal.wait})
    response = HttpResponse(page, status=refusal.status)
    response["Cache-Control"] = "no-store"
    if refusal.wait is not None:
        response["Retry-After"] = str(refusal.wait)
    return response


def forbidden(request: HttpRequest) -> HttpResponse:
    """The project's own page for 403. Raised as PermissionDenied it would be logged by Django
    with fifty lines of traceback, by anybody, as often as they like."""
    handler: Any = get_resolver(get_urlconf()).resolve_error_handler(403)
    answer: HttpResponse = handler(request, exception=PermissionDenied())
    return answer

"""Decorators of the pages: refusals in HTML, sign-in, and the rate limit."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required, login_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from notify.web import callers
from notify.web.pages.refusal_pages import refusal_page
from notify.web.refusals import Refusal, unavailable

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

# Characters of the requested address that a redirect repeats in its header, where each can take
# three. Many proxies accept 4 KB of response headers, and count the server as failed beyond.
MAX_REPEATED = 1000


def html_refusals(view: View[P]) -> View[P]:
    """Answers refusals and an unavailable database with a page. It has to be outside every
    decorator that loads the user, which needs the database."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            return refusal_page(refusal)
        except (OperationalError, InterfaceError) as error:
            return refusal_page(unavailable(error))

    return answer


def signed_in(view: View[P]) -> View[P]:
    """Django's `login_required`, but the redirect does not repeat a long query."""
    guarded = login_required(view)

    @login_not_required  # for LoginRequiredMiddleware, which repeats the whole query
    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        _, _, query = request.get_full_path().partition("?")
        if len(query) > MAX_REPEATED and not request.user.is_authenticated:
            request.META["QUERY_STRING"] = ""
        return guarded(request, *args, **kwargs)

    return answer


def rate_limited(view: View[P]) -> View[P]:
    """Counts a signed-in user's requests, together with those to the API."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        callers.count_request(callers.Caller(request.user))
        return view(request, *args, **kwargs)

    return answer

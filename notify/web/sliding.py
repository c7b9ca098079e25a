"""Sliding sessions: with SESSION_SAVE_EVERY_REQUEST each request begins a session's time anew."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

P = ParamSpec("P")
Response = TypeVar("Response", bound=HttpResponseBase)


def never_slides(
    view: Callable[Concatenate[HttpRequest, P], Response],
) -> Callable[Concatenate[HttpRequest, P], Response]:
    """Answers without prolonging the session, as on the socket: a tab that asks by itself every
    30 s would stay signed in for ever."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        response = view(request, *args, **kwargs)
        session: Any = getattr(request, "session", None)
        if settings.SESSION_SAVE_EVERY_REQUEST and session is not None:
            _leave(request, session)
        return response

    return answer


def _leave(request: HttpRequest, session: Any) -> None:
    """SessionMiddleware saves a session that is not empty, and removes the cookie of one that is.
    One that somebody modifies is saved as ever."""
    is_empty = session.is_empty
    session.is_empty = lambda: is_empty() if session.modified else True
    if not session.modified:
        request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)

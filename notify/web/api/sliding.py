"""Sessions as a request of a script must leave them: it runs beside those of the person."""

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
    """Answers without a word on the session's cookie, as on the socket. With
    SESSION_SAVE_EVERY_REQUEST a tab that asks by itself every 30 s would stay signed in for ever;
    and an answer to a session that has just ended would remove the cookie of the new one, which a
    change of password has set meanwhile."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        response = view(request, *args, **kwargs)
        session: Any = getattr(request, "session", None)
        if session is not None:
            _leave(request, session)
        return response

    return answer


def _leave(request: HttpRequest, session: Any) -> None:
    """SessionMiddleware saves a session that is not empty, and removes the cookie of one that is.
    One that somebody modifies is saved as ever."""
    is_empty = session.is_empty
    if is_empty() or not session.modified:
        request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
    session.is_empty = lambda: is_empty() if session.modified else True

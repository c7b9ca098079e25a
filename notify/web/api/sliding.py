"""Requests of scripts do not extend the session (no sliding expiration)."""

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
    """Responds without setting or deleting the session cookie, as on the socket.

    With SESSION_SAVE_EVERY_REQUEST, a tab that polls every 30 s would otherwise stay signed in for
    ever. And the response to a request of a session that has just ended would delete the cookie of
    the new session, which a password change has set in the meantime.
    """

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        response = view(request, *args, **kwargs)
        session: Any = getattr(request, "session", None)
        if session is not None:
            _leave_cookie_alone(request, session)
        return response

    return answer


def _leave_cookie_alone(request: HttpRequest, session: Any) -> None:
    """SessionMiddleware saves a session that is not empty, and deletes the cookie of an empty one.
    A modified session is still saved."""
    is_empty = session.is_empty
    if is_empty() or not session.modified:
        request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
    session.is_empty = lambda: is_empty() if session.modified else True

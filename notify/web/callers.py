"""Authentication of API callers: a session with CSRF protection, or an API token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.http.request import HttpHeaders
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from notify import metrics
from notify.access.authentication import public_user_id
from notify.models import ApiToken
from notify.models.permissions import has_permission
from notify.web import limits
from notify.web.refusals import Refusal, forbidden


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated user of a request; `token` is None for a session."""

    user: Any
    token: ApiToken | None = None

    @property
    def user_id(self) -> str:
        return str(self.user.pk)


def caller_of(request: HttpRequest) -> Caller:
    return cast("Caller", request.auth)  # type: ignore[attr-defined]


def count_request(caller: Caller) -> Caller:
    """Counts a request as soon as its caller is known, so that refused requests count too.

    Raises:
        Refusal: the caller exceeds the limit (429).
    """
    retry_after = limits.requests.count(caller.user_id)
    if retry_after is not None:
        metrics.LIMITS.add("requests")
        raise Refusal(
            429,
            "rate_limited",
            f"Too many requests: at most {limits.requests.limit} a minute. Try again later.",
            retry_after=retry_after,
        )
    return caller


def csrf_header() -> str:
    """The name of the CSRF header; CSRF_HEADER_NAME is its key in `request.META`."""
    return str(HttpHeaders.parse_header_name(settings.CSRF_HEADER_NAME))


def require_user(request: HttpRequest) -> None:
    """Rejects a request from a page that was rendered for another user.

    The page sends its user's opaque id as `X-Notify-User`. The session cookie belongs to the user
    who signed in last, in any tab.

    Raises:
        Refusal: the session belongs to another user (412).
    """
    expected = request.headers.get("X-Notify-User")
    if expected is not None and expected != public_user_id(str(request.user.pk)):
        raise Refusal(412, "user", "Someone else is signed in now. Reload the page.")


class TokenAuth(HttpBearer):
    """`Authorization: Bearer <API token>`. A bad token is refused even beside a valid session.

    The token needs `scope`. If there is a `permission`, the token's user needs it at the time of
    the request, not only when the token was made.
    """

    def __init__(self, scope: ApiToken.Scope, permission: str | None = None) -> None:
        super().__init__()
        self.scope = scope
        self.permission = permission

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        tokens: Any = ApiToken.objects
        found = tokens.authenticate(token)
        if found is None:
            raise Refusal(
                401,
                "not_signed_in",
                "This API token is unknown or revoked, or its user is inactive.",
            )
        caller = count_request(Caller(found.user, found))
        if self.scope not in found.scopes:
            raise Refusal(403, "scope", f"This API token needs the scope `{self.scope.value}`.")
        if self.permission is not None and not has_permission(found.user, self.permission):
            raise forbidden(self.permission, by="The user of this API token needs")
        return caller


class SessionAuth(APIKeyCookie):
    """The session of a signed-in user, who needs `permission` if there is one."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self, permission: str | None = None) -> None:
        super().__init__(csrf=True)
        self.permission = permission

    def __call__(self, request: HttpRequest) -> Caller | None:
        if not request.user.is_authenticated:
            return None  # 401: a stranger is not told about CSRF
        count_request(Caller(request.user))
        require_user(request)  # before CSRF: signing in invalidates the page's CSRF token
        if check_csrf(request) is not None:
            raise Refusal(
                403, "csrf", f"The header {csrf_header()} is missing or wrong. Get it from config/."
            )
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller:
        caller = Caller(request.user)
        if self.permission is not None and not has_permission(caller.user, self.permission):
            raise forbidden(self.permission)
        return caller

"""Who calls the API, and whether they may: a session with CSRF protection, or an API token."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.http.request import HttpHeaders
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from notify.access.authentication import public_user_id
from notify.models import ApiToken
from notify.models.permissions import has_permission
from notify.web.refusals import Refusal

REQUESTS_A_MINUTE = 600


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is. A session has no token."""

    user: Any
    token: ApiToken | None = None

    @property
    def user_id(self) -> str:
        return str(self.user.pk)


def caller_of(request: HttpRequest) -> Caller:
    return cast("Caller", request.auth)  # type: ignore[attr-defined]


class Window:
    """At most `limit` requests of each caller in each stretch of `period` seconds.

    In this process only, for the sake of simplicity: it is against runaway scripts.
    """

    def __init__(
        self, limit: int, period: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit = limit
        self.period = period
        self._clock = clock
        self._lock = threading.Lock()
        self._ends = 0.0
        self._counts: Counter[str] = Counter()

    def count(self, who: str) -> float | None:
        """Counts one request; the seconds to wait where it is one too many, else None."""
        with self._lock:
            now = self._clock()
            if now >= self._ends:
                self._ends = now + self.period
                self._counts.clear()
            self._counts[who] += 1
            return self._ends - now if self._counts[who] > self.limit else None


window = Window(REQUESTS_A_MINUTE)


def admit(caller: Caller) -> Caller:
    """The caller, counted as soon as they are known: what is refused costs too. Raises Refusal
    where that was one request too many."""
    retry_after = window.count(caller.user_id)
    if retry_after is not None:
        raise Refusal(
            429, "rate_limited", "Too many requests in a minute.", retry_after=retry_after
        )
    return caller


def csrf_header() -> str:
    """The header of the CSRF token, which CSRF_HEADER_NAME has as `request.META` does."""
    return str(HttpHeaders.parse_header_name(settings.CSRF_HEADER_NAME))


def require_user(request: HttpRequest) -> None:
    """Rejects a request whose page was made for another user, whom `X-Notify-User` names by their
    opaque id: cookies are of whoever signed in last, in any tab. Raises Refusal (412)."""
    wanted = request.headers.get("X-Notify-User")
    if wanted is not None and wanted != public_user_id(str(request.user.pk)):
        raise Refusal(412, "user", "Somebody else is signed in: load the page again.")


class TokenAuth(HttpBearer):
    """`Authorization: Bearer <API token>`. A bad token is refused, whatever the session says.

    The token needs `scope`; its user must hold `permission` now, where one is asked for, whatever
    held when the token was made.
    """

    def __init__(self, scope: ApiToken.Scope, permission: str | None = None) -> None:
        super().__init__()
        self.scope = scope
        self.permission = permission

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        tokens: Any = ApiToken.objects
        found = tokens.authenticate(token)
        if found is None:
            raise Refusal(401, "not_signed_in", "This API token is unknown, revoked or disabled.")
        caller = admit(Caller(found.user, found))
        if self.scope not in found.scopes:
            raise Refusal(403, "scope", f"This API token lacks the scope {self.scope.value!r}.")
        if self.permission is not None and not has_permission(found.user, self.permission):
            raise Refusal(
                403,
                "forbidden",
                f"The user of this API token needs the permission {self.permission}.",
            )
        return caller


class SessionAuth(APIKeyCookie):
    """The session of a signed-in user, who holds `permission` where one is asked for."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self, permission: str | None = None) -> None:
        super().__init__(csrf=True)
        self.permission = permission

    def __call__(self, request: HttpRequest) -> Caller | None:
        if not request.user.is_authenticated:
            return None  # 401, rather than talk of CSRF to a stranger
        admit(Caller(request.user))
        require_user(request)  # before CSRF, as signing in makes the page's token void
        if check_csrf(request) is not None:
            raise Refusal(403, "csrf", f"The header {csrf_header()} is missing or wrong.")
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller:
        caller = Caller(request.user)
        if self.permission is not None and not has_permission(caller.user, self.permission):
            raise Refusal(403, "forbidden", f"This needs the permission {self.permission}.")
        return caller

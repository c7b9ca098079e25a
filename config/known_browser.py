"""A browser in which somebody has signed in before has a cookie that says so, for a year.

It is a device cookie (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies):
it signs nobody in, but its attempts are counted apart, so that strangers who guess at a name do
not slow down whoever it belongs to. It is good for one name, and ends with the password.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare

COOKIE = "known_browser"
SALT = "config.known_browser"
KEPT_FOR = timedelta(days=365)


def remember(response: HttpResponseBase, user: Any) -> None:
    """Gives the browser a new cookie of this user's."""
    of = {"user": str(user.pk), "id": secrets.token_urlsafe(16)}
    of["password"] = user.get_session_auth_hash()
    response.set_cookie(
        COOKIE,
        signing.dumps(of, salt=SALT),
        max_age=KEPT_FOR,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def id_of(request: HttpRequest, name: str) -> str | None:
    """The id of the browser, where it is known as that of the user of this name. The user is
    looked up by the cookie and not by the name, which so makes no difference."""
    try:
        cookie = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEPT_FOR)
    except signing.BadSignature:
        return None
    user: Any = get_user_model()._default_manager.filter(pk=cookie["user"]).first()
    if user is None or user.get_username() != name:
        return None
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    if not any(constant_time_compare(cookie["password"], one) for one in hashes):
        return None
    return str(cookie["id"])

"""A cookie by which a browser is known for a year as one in which a user has signed in.

It is a device cookie (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies):
it signs nobody in, but the browser's attempts are counted apart, so that strangers who guess the
password of a name do not slow down its owner. It is valid for one name, until the password changes.
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

SALT = "config.known_browser"
KEPT_FOR = timedelta(days=365)


def cookie_name() -> str:
    """With HTTPS, browsers accept a cookie with this prefix from this very host only."""
    return "__Host-known_browser" if settings.SESSION_COOKIE_SECURE else "known_browser"


def remember(request: HttpRequest, response: HttpResponseBase, user: Any) -> None:
    """Sets this user's cookie for another year.

    A browser that has one keeps its id: a new id would have a new count, which starts at zero.
    """
    payload = {
        "user": str(user.pk),
        "id": id_of(request, user.get_username()) or secrets.token_urlsafe(16),
        "password": user.get_session_auth_hash(),
    }
    response.set_cookie(
        cookie_name(),
        signing.dumps(payload, salt=SALT),
        max_age=KEPT_FOR,
        path="/",  # required by the prefix
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def id_of(request: HttpRequest, name: str) -> str | None:
    """The id of the browser, if it is known for the user of this name.

    It looks the user up by the cookie, so timing does not reveal whether the name exists.
    """
    try:
        cookie = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=SALT, max_age=KEPT_FOR)
    except signing.BadSignature:
        return None
    user: Any = get_user_model()._default_manager.filter(pk=cookie["user"]).first()
    if user is None or user.get_username() != name:
        return None
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    if not any(constant_time_compare(cookie["password"], one) for one in hashes):
        return None
    return str(cookie["id"])

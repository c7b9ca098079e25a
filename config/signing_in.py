"""Slows down password guessing for each name, without locking anybody out.

It covers both sign-in forms and both forms that change a password. nginx slows down each address.
django-axes calls `CountedBeforehand` before it checks a password, and again with the result.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from math import ceil
from typing import Any

from asgiref.sync import sync_to_async
from axes.backends import AxesStandaloneBackend
from axes.handlers.base import AbstractAxesHandler, AxesBaseHandler
from axes.helpers import get_client_username
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from config import attempts, known_browser

logger = logging.getLogger(__name__)

View = Callable[[HttpRequest], HttpResponseBase]


class Backend(AxesStandaloneBackend):  # type: ignore[misc]
    """For AUTHENTICATION_BACKENDS, first. The backend of axes has no `aauthenticate`."""

    async def aauthenticate(self, request: HttpRequest, **credentials: Any) -> None:
        await sync_to_async(self.authenticate)(request, **credentials)


class CountedBeforehand(AxesBaseHandler, AbstractAxesHandler):  # type: ignore[misc]
    """For AXES_HANDLER."""

    def is_allowed(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        """Counts the attempt, and returns whether its password may be checked."""
        name = get_client_username(request, credentials)
        if not name:
            return True  # no sign-in by name and password
        request.sign_in_attempt = None
        try:
            request.sign_in_attempt = _take(request, name, *_by_name(name))
        except attempts.TooManyAttempts as error:
            request.sign_in_wait = error.wait
            return False
        return True

    def user_logged_in(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        attempt = getattr(request, "sign_in_attempt", None)
        if attempt is not None:
            attempt.give_back()
            request.signed_in_by_password = user

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Logs the last attempt of a period; it is counted already."""
        attempt = getattr(request, "sign_in_attempt", None)  # None also if it was refused
        if attempt is not None and attempt.is_the_last:
            _log_limit(request, get_client_username(request, credentials))

    def user_logged_out(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        """Does nothing."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Unused: `is_allowed` decides by itself."""
        return 0

    def reset_attempts(
        self,
        *,
        ip_address: str | None = None,
        username: str | None = None,
        ip_or_username: bool = False,
    ) -> int:
        """For `manage.py axes_reset` and `axes_reset_username`. No addresses are stored, so none
        can be reset."""
        if ip_address is not None:
            return 0
        return attempts.forget_all() if username is None else attempts.forget(*_by_name(username))

    def post_save_access_attempt(self, instance: Any, **kwargs: Any) -> None:
        """Does nothing."""

    def post_delete_access_attempt(self, instance: Any, **kwargs: Any) -> None:
        """Does nothing."""


def _by_name(name: str) -> tuple[str, str]:
    """Names that differ only in case share a count: a database may not distinguish them."""
    return "signing in", name.casefold()


def _take(request: HttpRequest, name: str, *otherwise: str) -> attempts.Attempt:
    """Counts an attempt for the browser, if it is known for this name; else for `otherwise`.

    So strangers do not slow down the owner of the name.
    """
    browser = known_browser.id_of(request, name)
    counted_as = ("known browser", browser) if browser else otherwise
    return attempts.take(*counted_as)


def _log_limit(request: HttpRequest, name: str) -> None:
    """Logs the user of this name, if any, but not the name: somebody may have typed a password."""
    users = get_user_model()._default_manager
    user = users.filter(**{get_user_model().USERNAME_FIELD: name}).values_list("pk", flat=True)
    address = request.META.get("REMOTE_ADDR")
    logger.warning("limit what=signing_in user=%s address=%r", user.first(), address)


def slowed_down(request: Any, *others: Any) -> HttpResponse:
    """For AXES_LOCKOUT_CALLABLE."""
    return _page(request, request.sign_in_wait)


def _page(request: HttpRequest, wait: timedelta) -> HttpResponse:
    context = {"minutes": ceil(wait / timedelta(minutes=1))}
    response = render(request, "registration/slowed_down.html", context, status=429)
    response["Retry-After"] = str(ceil(wait.total_seconds()))
    response["Cache-Control"] = "no-store"
    return response


class RememberBrowser(MiddlewareMixin):
    """Sets the cookie of a known browser when somebody has signed in."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        user = getattr(request, "signed_in_by_password", None)
        if user is not None:
            known_browser.remember(request, response, user)
        return response


def counts_old_passwords(view: View) -> View:
    """Counts attempts at a view that changes a password: it asks for the old one, which the holder
    of a stolen session would have to guess."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST" or not request.user.is_authenticated:
            return view(request)
        user = request.user
        try:
            by_user = ("changing the password", str(user.pk))
            attempt = _take(request, user.get_username(), *by_user)
        except attempts.TooManyAttempts as error:
            return _page(request, error.wait)
        before = user.password
        response = view(request)
        # Not by the status: the admin redirects a user who is not staff without checking it.
        changed = user.password != before
        if changed or _has_no_error_on_old_password(response):
            attempt.give_back()
        if changed:
            known_browser.remember(request, response, user)
        return response

    return answer


def _has_no_error_on_old_password(response: Any) -> bool:
    form = (getattr(response, "context_data", None) or {}).get("form")
    return form is not None and "old_password" not in form.errors

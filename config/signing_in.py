"""Guessing at passwords is slowed down for each name, at both sign-in forms and both that change a
password, and nobody is locked out. nginx slows it down for each address.

django-axes asks `CountedBeforehand` before a password is looked at, and tells it what came of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from math import ceil
from typing import Any

from axes.handlers.base import AbstractAxesHandler, AxesBaseHandler
from axes.helpers import get_client_username
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from config import attempts, known_browser

logger = logging.getLogger(__name__)

View = Callable[[HttpRequest], HttpResponseBase]


class CountedBeforehand(AxesBaseHandler, AbstractAxesHandler):  # type: ignore[misc]
    """For AXES_HANDLER."""

    def is_allowed(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        """Counts the attempt, and says whether its password may be looked at."""
        name = get_client_username(request, credentials)
        if not name:
            return True  # not by name and password
        browser = known_browser.id_of(request, name)
        # Names that differ in case only are counted together: a database may take them for one.
        of = ("known browser", browser) if browser else ("signing in", name.casefold())
        try:
            request.sign_in_attempt = attempts.take(*of)
        except attempts.TooManyAttempts as error:
            request.sign_in_wait = error.wait
            return False
        if request.sign_in_attempt.is_the_last:
            _log_limit(request, name)
        return True

    def user_logged_in(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        attempt = getattr(request, "sign_in_attempt", None)
        if attempt is not None:
            attempt.give_back()
            request.signed_in_by_password = user

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """It is counted already."""

    def user_logged_out(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        """Nothing is counted."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        return 0  # axes would compare it; `is_allowed` has

    def post_save_access_attempt(self, instance: Any, **kwargs: Any) -> None:
        """Nothing comes of it."""

    def post_delete_access_attempt(self, instance: Any, **kwargs: Any) -> None:
        """Nothing comes of it."""


def _log_limit(request: HttpRequest, name: str) -> None:
    """Whose name it is, where it is anybody's; what was typed may be a password."""
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
    """Gives a browser in which somebody has signed in the cookie that says so."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        user = getattr(request, "signed_in_by_password", None)
        if user is not None:
            known_browser.remember(response, user)
        return response


def counts_old_passwords(view: View) -> View:
    """For a view that changes a password. It asks for the old one, which somebody with a stolen
    session would have to guess."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST" or not request.user.is_authenticated:
            return view(request)
        try:
            attempt = attempts.take("changing the password", str(request.user.pk))
        except attempts.TooManyAttempts as error:
            return _page(request, error.wait)
        response = view(request)
        if _old_password_was_right(response):
            attempt.give_back()
        if response.status_code == 302:
            known_browser.remember(response, request.user)
        return response

    return answer


def _old_password_was_right(response: Any) -> bool:
    if response.status_code == 302:
        return True
    form = (getattr(response, "context_data", None) or {}).get("form")
    return form is not None and "old_password" not in form.errors

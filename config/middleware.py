"""Middleware of this project, not of notify. Other projects can use it too (docs/deployment.md)."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.signals import user_logged_out
from django.db import InterfaceError, OperationalError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import sync_only_middleware
from django.utils.deprecation import MiddlewareMixin

from notify.web.pages.refusal_pages import refusal_page
from notify.web.refusals import unavailable

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# No page here needs any of these, so no script may use them.
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "hid",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "serial",
        "usb",
    )
)


@sync_only_middleware
def security_headers(get_response: GetResponse) -> GetResponse:
    """Sets headers for which Django has no setting.

    It comes first, before WhiteNoise, as other sites must not embed static files either. Like
    WhiteNoise it is sync-only, so it adds no thread switch to a request.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if hasattr(request, "_signed_out"):
            # The browser caches the dashboard, to show it without a network. Not "storage", which
            # also has preferences of the browser (sound, keys, the admin's theme); signed-out.js
            # removes personal data from it.
            response.headers["Clear-Site-Data"] = '"cache"'
        return response

    return middleware


@receiver(user_logged_out, dispatch_uid="config.middleware")
def _signed_out(request: HttpRequest | None, **kwargs: object) -> None:
    """Notes a sign-out by any view; the admin has its own."""
    if request is not None:
        request._signed_out = True  # type: ignore[attr-defined]


class DatabaseIsAway(MiddlewareMixin):
    """Answers 503 with `Retry-After` if a view gets no database, for example because all
    connections of the pool are in use.

    notify's own pages do so themselves; this is for signing in and the admin.
    """

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        return refusal_page(unavailable(error))


@sync_only_middleware
def in_one_thread(get_response: GetResponse) -> GetResponse:
    """Makes all middleware before it run in the request's thread, so it comes last.

    Under ASGI, Django runs as much as it can in the event loop. Its own middleware can run there
    but does its work in the thread, so each switches to the thread and back, most of them twice.
    A sync-only middleware keeps all before it in the thread too; this one does nothing else.
    """
    return get_response

"""Of this project, not of notify; a project of your own can have it too (docs/deployment.md)."""

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

# No page of ours asks for any of them, so no script in one may.
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
    """Headers for which Django has no setting. Stands first: before WhiteNoise, whose files other
    sites must not embed either, and is sync only like it: a request needs no thread for it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if hasattr(request, "_signed_out"):
            # The dashboard is in the browser's cache, to be read without a network. Not "storage":
            # it has preferences of the browser too (sound, keys, the admin's theme), and what is a
            # person's in it goes by itself (signed-out.js).
            response.headers["Clear-Site-Data"] = '"cache"'
        return response

    return middleware


@receiver(user_logged_out, dispatch_uid="config.middleware")
def _signed_out(request: HttpRequest | None, **kwargs: object) -> None:
    """By whatever view: the admin has one of its own."""
    if request is not None:
        request._signed_out = True  # type: ignore[attr-defined]


class DatabaseIsAway(MiddlewareMixin):
    """Answers 503 with `Retry-After` where a view needs a database that cannot be had, as when all
    connections of the pool are taken. notify's own pages do so by themselves; this is for signing
    in and the admin."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        return refusal_page(unavailable(error))


@sync_only_middleware
def in_one_thread(get_response: GetResponse) -> GetResponse:
    """Has all middlewares before it run in the request's thread, one after the other; so it stands
    last.

    Under ASGI, Django keeps as much as it can in the event loop. Its own middlewares can be there,
    but have their work done in the thread: each goes there and back, twice for most. One that can
    only be in the thread keeps all before it there, too; this one does nothing else.
    """
    return get_response

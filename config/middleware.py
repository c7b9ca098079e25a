"""Of this project, not of notify; a project of your own can have it too (docs/deployment.md)."""

from __future__ import annotations

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import sync_only_middleware
from django.utils.deprecation import MiddlewareMixin

from notify.web.pages import refused
from notify.web.refusals import unavailable


class DatabaseIsAway(MiddlewareMixin):
    """Answers 503 with `Retry-After` where a view needs a database that cannot be had, as when all
    connections of the pool are taken. notify's own pages do so by themselves; this is for signing
    in and the admin."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        return refused(unavailable(error))


@sync_only_middleware
def in_one_thread(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Has all middlewares before it run in the request's thread, one after the other; so it stands
    last.

    Under ASGI, Django keeps as much as it can in the event loop. Its own middlewares can be there,
    but have their work done in the thread: each goes there and back, twice for most. One that can
    only be in the thread keeps all before it there, too; this one does nothing else.
    """
    return get_response

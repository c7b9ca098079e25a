"""Of this project, not of notify; a project of your own can have it too (docs/deployment.md)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware


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

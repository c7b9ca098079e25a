"""Middleware that answers the probes before anything else looks at the request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, get_script_prefix, reverse

from notify.web.probes import metrics
from notify.web.probes.urls import app_name, urlpatterns

View = Callable[[HttpRequest], HttpResponseBase]


class AnswerProbes:
    """Answers the routes of `notify.web.probes`. It has to be the first of MIDDLEWARE; if the
    project does not include the routes, it does nothing.

    It answers `metrics` only to a request with a token. Others take the usual way, which loads the
    user of the session. In an asynchronous chain only the probes themselves run in a thread.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer(request)
        response: HttpResponseBase = (self._probe(request) or self._get_response)(request)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        probe = self._probe(request)
        if probe is not None:
            return await sync_to_async(probe, thread_sensitive=True)(request)
        response: HttpResponseBase = await self._get_response(request)
        return response

    def _probe(self, request: HttpRequest) -> View | None:
        view = self._views.get(request.path_info)
        if view is metrics.metrics and not metrics.token_of(request):
            return None
        return view

    @cached_property
    def _views(self) -> dict[str, View]:
        """By `path_info`, which excludes FORCE_SCRIPT_NAME and the server's root path."""
        views: dict[str, View] = {}
        for route in urlpatterns:
            try:
                url = reverse(f"{app_name}:{route.name}")
            except NoReverseMatch:  # the project does not include the routes
                continue
            views[unquote(url)[len(get_script_prefix()) - 1 :]] = route.callback
        return views

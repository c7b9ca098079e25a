"""The probes: `path("", include("notify.web.probes"))`, under any prefix or not at all.

A supervisor, a load balancer and a restart loop ask each process by its own address
(`127.0.0.1:8001`, `10.42.8.201:8000`), without TLS. Django refuses such a `Host` unless it is in
ALLOWED_HOSTS, and redirects it to HTTPS. So AnswerProbes stands first in MIDDLEWARE, and answers
before anybody asks for the host, the session or the user.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, get_script_prefix, path, reverse

from notify.web.probes import health, metrics

View = Callable[[HttpRequest], HttpResponseBase]

app_name = "notify-probes"
urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]


class AnswerProbes:
    """Middleware, the first of MIDDLEWARE. Without the routes above it answers nothing.

    It answers `metrics` only where it comes with a token. Otherwise that goes the usual way, for a
    user's session. In an asynchronous chain only the probes themselves go to a thread.
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
        answer: HttpResponseBase = (self._probe(request) or self._get_response)(request)
        return answer

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        probe = self._probe(request)
        if probe is not None:
            return await sync_to_async(probe, thread_sensitive=True)(request)
        answer: HttpResponseBase = await self._get_response(request)
        return answer

    def _probe(self, request: HttpRequest) -> View | None:
        view = self._views.get(request.path_info)
        if view is metrics.metrics and not metrics.token_of(request):
            return None
        return view

    @cached_property
    def _views(self) -> dict[str, View]:
        """By `path_info`, which has no FORCE_SCRIPT_NAME and no root path of the server's."""
        found: dict[str, View] = {}
        for route in urlpatterns:
            try:
                address = reverse(f"{app_name}:{route.name}")
            except NoReverseMatch:  # the project leaves them out
                continue
            found[unquote(address)[len(get_script_prefix()) - 1 :]] = route.callback
        return found

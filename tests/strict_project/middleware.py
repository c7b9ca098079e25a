from __future__ import annotations

import os
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import sync_only_middleware

GetResponse = Callable[[HttpRequest], HttpResponseBase]


@sync_only_middleware
def asks_for_the_api_too(get_response: GetResponse) -> GetResponse:
    """A site's own: strangers are asked to sign in, whatever they asked for. ANSWERS is `redirect`,
    or `page` for a page in place of what was asked for; without it, this is not there."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        of_api = request.path.startswith("/api/notify/")
        if of_api and not request.user.is_authenticated and "ANSWERS" in os.environ:
            if os.environ["ANSWERS"] == "page":
                return HttpResponse("<h1>Sign in</h1>")
            return redirect("login")
        return get_response(request)

    return middleware

"""Puts ada in the place of whoever is signed in."""

from __future__ import annotations

import os
from collections.abc import Callable

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse

# Where it does so; all paths unless said.
PREFIX = os.environ.get("IMPERSONATES_AT", "/")


def as_ada(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def respond(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PREFIX) and request.user.is_authenticated:
            request.user = get_user_model().objects.get(username="ada")
        return get_response(request)

    return respond

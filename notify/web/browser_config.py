"""What the browser client must know of this deployment; it goes into the page as data."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse

from notify.live.authentication import public_user_id
from notify.socket_path import socket_path
from notify.web.browser_texts import browser_texts
from notify.web.callers import csrf_header


def browser_config(request: HttpRequest) -> str:
    """Addresses, the CSRF token and words, as JSON for a `data-config` attribute."""
    return json.dumps(page_config(request))


def page_config(request: HttpRequest) -> dict[str, Any]:
    return {
        "socket": socket_path(get_script_prefix()),
        "api": reverse("notify-api:api-root"),
        "inbox": reverse("notify:dashboard"),
        "login": resolve_url(settings.LOGIN_URL),
        "csrf": {csrf_header(): get_token(request)},
        "user": public_user_id(str(request.user.pk)),
        "texts": browser_texts(),
        "script": static("notify/bell.min.js"),
    }

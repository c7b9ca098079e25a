"""The configuration of the browser client, which pages carry as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils.translation import get_language

from notify.access.authentication import public_user_id
from notify.kinds import registry
from notify.live.socket_path import socket_path
from notify.web.callers import csrf_header
from notify.web.pages.browser_texts import browser_texts


def browser_config(request: HttpRequest) -> str:
    """URLs, the CSRF token and texts, as JSON for a `data-config` attribute."""
    return json.dumps(page_config(str(request.user.pk), csrf_headers(request)))


def page_config(user: str, csrf: Mapping[str, str]) -> dict[str, Any]:
    """The configuration as a value. `csrf` is empty for a caller who needs no CSRF token."""
    return {
        "socket": socket_path(get_script_prefix()),
        "api": reverse("notify-api:api-root"),
        "inbox": reverse("notify:dashboard"),
        "login": resolve_url(settings.LOGIN_URL),
        "csrf": csrf,
        "user": public_user_id(user),
        "language": get_language() or settings.LANGUAGE_CODE,
        "categories": {
            key: {"label": str(one.label), "icon": one.icon}
            for key, one in registry.categories().items()
        },
        "texts": browser_texts(),
        "script": static("notify/bell.min.js"),
        "panel": static("notify/panel.min.js"),
        "menu": static("notify/row-menu.min.js"),
    }


def csrf_headers(request: HttpRequest) -> dict[str, str]:
    """The headers that an unsafe request of this session needs."""
    return {csrf_header(): get_token(request)}

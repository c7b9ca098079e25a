"""The path of the socket, for the page that connects to it and for the server."""

from __future__ import annotations

import functools
from typing import Any

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils import translation
from django.utils.encoding import iri_to_uri

from notify import conf

BESIDE = "notify/"  # the dashboard's route in notify.urls
ROUTE = "ws/notify/"


def socket_path(script_name: str) -> str:
    """The path of the socket: NOTIFY_SOCKET_PATH, or beside the routes of `notify.urls`.

    Args:
        script_name: where the site is mounted, as Django gets it from FORCE_SCRIPT_NAME or from the
            server: `/app`, with or without a trailing slash, or empty.

    Returns:
        The path as a browser requests it, percent-encoded.
    """
    configured = conf.current().socket_path
    if configured is not None:
        return iri_to_uri(configured)
    return f"{iri_to_uri(script_name).rstrip('/')}/{_prefix_of_routes()}{ROUTE}"


@functools.cache
def _prefix_of_routes() -> str:
    """The prefix that the project includes `notify.urls` under, such as `links/`; empty for the
    root, or if they are not included. Without the language prefix of `i18n_patterns`, because the
    socket has none."""
    urlconf = getattr(settings, "ROOT_URLCONF", None)
    if urlconf is None:
        return ""
    with translation.override(None):  # then the language prefix is that of LANGUAGE_CODE
        try:
            dashboard = reverse("notify:dashboard", urlconf)
        except NoReverseMatch:
            return ""
    relative = dashboard.removeprefix(iri_to_uri(get_script_prefix())).removesuffix(BESIDE)
    return relative.removeprefix(_language_prefix(urlconf))


def _language_prefix(urlconf: Any) -> str:
    is_used, _ = is_language_prefix_patterns_used(urlconf)
    return f"{settings.LANGUAGE_CODE}/" if is_used else ""


@receiver(setting_changed)
def _clear_cache(**kwargs: Any) -> None:
    _prefix_of_routes.cache_clear()

"""Django's own settings: time zones, hosts, cookies, middleware, URLs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.urls import NoReverseMatch, get_resolver, reverse

from notify import conf
from notify.live.socket_path import socket_path

PROBES = "notify.web.probes.AnswerProbes"
# Each of these calls `get_host()`, or redirects plain HTTP.
AFTER_PROBES = {
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
}


@register("notify")
def check_site(**options: Any) -> list[CheckMessage]:
    """notify.E005, E007: times without a zone, and pages that cannot encode every text."""
    found: list[CheckMessage] = []
    if not settings.USE_TZ:
        found.append(
            Error(
                "USE_TZ = False: notify compares times with the database's clock and sends them in "
                "UTC, and both need time zones.",
                hint="Set USE_TZ = True. Django's guide for a site that has been without: "
                "https://docs.djangoproject.com/en/stable/topics/i18n/timezones/#migration-guide",
                id="notify.E007",
            )
        )
    if settings.DEFAULT_CHARSET.lower() not in {"utf-8", "utf8"}:
        found.append(
            Error(
                f"DEFAULT_CHARSET = {settings.DEFAULT_CHARSET!r} cannot encode every notice.",
                hint='Leave it out, or set it to "utf-8".',
                id="notify.E005",
            )
        )
    return found


@register("notify", deploy=True)
def check_hosts(**options: Any) -> list[CheckMessage]:
    """notify.W007: a socket's Origin is compared with a host that any client may choose."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Warning(
            'ALLOWED_HOSTS has "*": a foreign page whose name resolves to this server (DNS '
            "rebinding) counts as one of this site, and may open sockets.",
            hint="List the host names of the site.",
            id="notify.W007",
        )
    ]


@register("notify")
def check_cookie_path(**options: Any) -> list[CheckMessage]:
    """notify.W015: browsers do not send the session cookie to the socket."""
    if conf.Conf.problems() or not _is_in_the_urlconf(settings.SESSION_COOKIE_PATH):
        return []
    socket = socket_path(settings.FORCE_SCRIPT_NAME or "")
    if _covers(settings.SESSION_COOKIE_PATH, socket):
        return []
    return [
        Warning(
            f"SESSION_COOKIE_PATH = {settings.SESSION_COOKIE_PATH!r} does not cover the socket's "
            f"path {socket}: browsers send no session there, so pages poll.",
            hint="Include notify.urls under that path, beside your other routes; or set "
            "NOTIFY_SOCKET_PATH to a path below it.",
            id="notify.W015",
        )
    ]


def _covers(cookie_path: str, path: str) -> bool:
    """RFC 6265, 5.1.4."""
    return path == cookie_path or path.startswith(f"{cookie_path.removesuffix('/')}/")


def _is_in_the_urlconf(cookie_path: str) -> bool:
    """Whether the path is the project's own: in FORCE_SCRIPT_NAME, or among its routes.

    Any other is the root path of a server. A command cannot know that, and the socket's path
    begins with it too.
    """
    if settings.FORCE_SCRIPT_NAME or conf.current().socket_path:
        return True
    if getattr(settings, "ROOT_URLCONF", None) is None:
        return False
    routes = (str(one.pattern).lstrip("^") for one in get_resolver().url_patterns)
    return any(_covers(cookie_path, f"/{route}") for route in routes)


@register("notify")
def check_probes(**options: Any) -> list[CheckMessage]:
    """notify.W012: requests for the probes by address are refused."""
    middleware = list(settings.MIDDLEWARE)
    before = middleware[: middleware.index(PROBES)] if PROBES in middleware else middleware
    if PROBES in middleware and not AFTER_PROBES & set(before):
        return []
    if not _has_probes():
        return []
    return [
        Warning(
            "/healthz, /readyz and /metrics are refused (400) or redirected when a supervisor "
            "asks for them by the address of the process.",
            hint=f"Put {PROBES!r} first in MIDDLEWARE, or leave notify.web.probes out of the "
            "URLconf (docs/embedding.md).",
            id="notify.W012",
        )
    ]


def _has_probes() -> bool:
    if getattr(settings, "ROOT_URLCONF", None) is None:
        return False
    try:
        reverse("notify-probes:healthz")
    except NoReverseMatch:
        return False
    return True

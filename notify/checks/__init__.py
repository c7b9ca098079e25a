"""System checks: wrong settings fail at `manage.py check`, with an id and a cure."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import packages_distributions, version
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import InterfaceError, OperationalError, connections, router
from django.urls import NoReverseMatch, get_resolver, reverse

from notify import conf
from notify.live import health
from notify.live.socket_path import socket_path
from notify.models import primary
from notify.sql import database

CORE_READ_S = 5  # channels_redis.core reads that long at a time; redis-py 8 waits as long
CORE_CAPACITY = 1000
TESTED_DAPHNE = "4.2."
DISTRIBUTION = "django-notify-live"


@register("notify")
def check_settings(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.E001, W013: a NOTIFY_… setting is wrong, or nearly one of ours."""
    wrong = [
        Error(problem, hint=f"See {name} in docs/settings.md.", id="notify.E001")
        for name, problem in conf.Conf.problems()
    ]
    misspelled = [
        Warning(
            f"{name} is not a setting of notify.",
            hint=f"Is it {ours}? If it is somebody else's, silence this.",
            id="notify.W013",
        )
        for name, ours in conf.Conf.misspelled()
    ]
    return [*wrong, *misspelled]


@register("notify")
def check_distributions(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.W014: another distribution has put its files into our directory."""
    others = sorted(set(packages_distributions().get("notify", ())) - {DISTRIBUTION})
    if not others:
        return []
    return [
        Warning(
            f"{' and '.join(others)} installs a module `notify` too, in the same place: the files "
            "of one have overwritten those of the other.",
            hint=f"Uninstall what you do not need, then `pip install --force-reinstall "
            f"{DISTRIBUTION}`.",
            id="notify.W014",
        )
    ]


@register("notify")
def check_channel_layer(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.W001: without a channel layer notices are shown by the sweep only."""
    if conf.Conf.problems():
        return []
    alias = conf.current().channel_layer
    if alias in getattr(settings, "CHANNEL_LAYERS", {}):
        return []
    return [
        Warning(
            f"CHANNEL_LAYERS has no {alias!r}: notices from other processes are shown "
            f"{conf.current().sweep_interval:g} s late.",
            hint="Configure the layer, or name another by NOTIFY_CHANNEL_LAYER.",
            id="notify.W001",
        )
    ]


@register("notify")
def check_site(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.E005, E007: times without a zone, and pages that cannot hold every text."""
    found: list[CheckMessage] = []
    if not settings.USE_TZ:
        found.append(
            Error(
                "USE_TZ = False: notify compares times with the database's clock, and tells them "
                "in UTC. Both need a zone.",
                hint="Set USE_TZ = True. Django's guide for a site that has been without: "
                "https://docs.djangoproject.com/en/stable/topics/i18n/timezones/#migration-guide",
                id="notify.E007",
            )
        )
    if settings.DEFAULT_CHARSET.lower() not in {"utf-8", "utf8"}:
        found.append(
            Error(
                f"DEFAULT_CHARSET = {settings.DEFAULT_CHARSET!r} cannot hold every notice.",
                hint='Leave it out, or set it to "utf-8".',
                id="notify.E005",
            )
        )
    return found


@register(Tags.database, "notify")
def check_database(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """notify.E002, E003, E006, W002, W011: what the database must be and how it must be opened."""
    alias = primary()
    if alias not in (databases or ()):
        return []
    connection = connections[alias]
    if connection.vendor not in {"postgresql", "sqlite"}:
        return [
            Error(
                f"notify does not run on {connection.display_name}.",
                hint="Use PostgreSQL 15 or later, or SQLite 3.35 or later.",
                id="notify.E002",
            )
        ]
    if connection.vendor == "sqlite":
        return _check_sqlite(connection.settings_dict)
    return _check_role()


@register("notify")
def check_one_database(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.E004: our rows and the users are in one database, by foreign keys and in our SQL."""
    elsewhere = [
        f"{model._meta.label} in {alias!r}"
        for model in (get_user_model(), *apps.get_app_config("notify").get_models())
        if (alias := router.db_for_write(model)) != primary()
    ]
    if not elsewhere:
        return []
    return [
        Error(
            f"DATABASE_ROUTERS have the inboxes in {primary()!r}, but {', '.join(elsewhere)}.",
            hint="Have db_for_write give the database of the users for all models of notify.",
            id="notify.E004",
        )
    ]


def _check_role() -> list[CheckMessage]:
    try:
        refused = database.refused()
    except (OperationalError, InterfaceError):  # it is away, which others say better
        return []
    if not refused:
        return []
    return [
        Warning(
            f"PostgreSQL does not tell this role its {' and '.join(refused)}: a failover that "
            "loses commits, or a copy of the database, is not noticed.",
            hint="GRANT EXECUTE ON FUNCTION pg_control_system(), pg_current_wal_insert_lsn(), "
            "pg_walfile_name(pg_lsn), pg_is_in_recovery(), pg_postmaster_start_time() TO the role; "
            "or run `manage.py notify_restored` after each of them, and silence this.",
            id="notify.W011",
        )
    ]


def _check_sqlite(settings_of: dict[str, Any]) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings_of.get("OPTIONS", {}).get("transaction_mode") != "IMMEDIATE":
        found.append(
            Error(
                "SQLite fails transactions that read first and write later, when others write.",
                hint="Set OPTIONS = {'transaction_mode': 'IMMEDIATE', …} of the database.",
                id="notify.E003",
            )
        )
    if settings_of.get("TIME_ZONE") not in {None, "UTC"}:
        found.append(
            Error(
                f"The times in this SQLite database are of {settings_of['TIME_ZONE']}, and "
                "SQLite's own clock tells UTC: expiry and `send_at` would be hours off.",
                hint="Remove TIME_ZONE from DATABASES, or give notify a database of its own "
                "(DATABASE_ROUTERS), or use PostgreSQL.",
                id="notify.E006",
            )
        )
    if settings_of.get("ATOMIC_REQUESTS"):
        found.append(
            Warning(
                "With ATOMIC_REQUESTS every request takes SQLite's only write lock.",
                hint="Turn it off, or use PostgreSQL.",
                id="notify.W002",
            )
        )
    return found


# What proxies close as idle when nobody tells them otherwise: nginx 60 s, AWS 60 s,
# Cloudflare 100 s.
IDLE_TIMEOUT_S = 60
JITTER = 1.1  # of the ping interval


@register("notify")
def check_heartbeat(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.W003, W004: a heartbeat that keeps no socket open, or that finds no dead one."""
    if conf.Conf.problems():
        return []
    interval, timeout = conf.current().ping_interval, conf.current().ping_timeout
    if interval is None:
        return [
            Warning(
                "Without NOTIFY_PING_INTERVAL nothing keeps a quiet socket open: proxies close it "
                f"after {IDLE_TIMEOUT_S} s or so, and a client that is gone stays.",
                hint="Set it to 20, or raise every idle timeout on the way and silence this.",
                id="notify.W003",
            )
        ]
    if interval * JITTER >= IDLE_TIMEOUT_S:
        return [
            Warning(
                f"NOTIFY_PING_INTERVAL = {interval:g} s is not below the idle timeout of proxies "
                f"({IDLE_TIMEOUT_S} s for nginx as it comes): quiet sockets will be closed.",
                hint="Set it to 50 at the most, or raise proxy_read_timeout and silence this.",
                id="notify.W003",
            )
        ]
    if timeout is None:
        return [
            Warning(
                "Without NOTIFY_PING_TIMEOUT a client that is gone without a word stays until "
                "TCP gives it up, which may be a quarter of an hour.",
                hint="Set it to 15, or silence this where that is meant.",
                id="notify.W004",
            )
        ]
    return []


@register("notify", deploy=True)
def check_memory_layer(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.W005: the layer in memory serves one process."""
    alias = None if conf.Conf.problems() else conf.current().channel_layer
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get(alias, {})
    if not str(layer.get("BACKEND", "")).endswith("InMemoryChannelLayer"):
        return []
    return [
        Warning(
            "The channel layer is in memory: what other processes send (commands, workers, a "
            f"second server) is shown {conf.current().sweep_interval:g} s late.",
            hint="Use notify.bus.layers.RedisPubSubChannelLayer (REDIS_URL).",
            id="notify.W005",
        )
    ]


@register("notify")
def check_core_layer(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.W006: a core layer that drops hints, or its own connections."""
    alias = None if conf.Conf.problems() else conf.current().channel_layer
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get(alias, {})
    if layer.get("BACKEND") != "channels_redis.core.RedisChannelLayer":
        return []
    options = layer.get("CONFIG", {})
    found: list[CheckMessage] = []
    if (capacity := options.get("capacity", 100)) < CORE_CAPACITY:
        found.append(
            Warning(
                f"The core channel layer drops hints above {capacity} waiting ones; what it drops "
                f"is shown {conf.current().sweep_interval:g} s late.",
                hint=f'Give its CONFIG "capacity": {CORE_CAPACITY} or more, or use '
                "notify.bus.layers.RedisPubSubChannelLayer, which drops nothing.",
                id="notify.W006",
            )
        )
    hosts = options.get("hosts") or [{}]
    if not all(_waits_long_enough(host) for host in hosts):
        found.append(
            Warning(
                f"The core channel layer reads for {CORE_READ_S} s at a time, and its Redis client "
                "gives up a socket that is quiet for as long: it reconnects all the time.",
                hint='Write the host as {"address": …, "socket_timeout": 10}.',
                id="notify.W006",
            )
        )
    return found


def _waits_long_enough(host: Any) -> bool:
    timeout = host.get("socket_timeout", CORE_READ_S) if isinstance(host, dict) else CORE_READ_S
    return timeout is None or timeout > CORE_READ_S


@register("notify")
def check_pubsub_layer(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.W010: the Pub/Sub layer of channels-redis freezes when Redis falls silent."""
    alias = None if conf.Conf.problems() else conf.current().channel_layer
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get(alias, {})
    if layer.get("BACKEND") != "channels_redis.pubsub.RedisPubSubChannelLayer":
        return []
    return [
        Warning(
            "When the packets to Redis are dropped, the Pub/Sub layer of channels-redis takes the "
            "event loop for itself, for ever: the process answers nobody any more.",
            hint='Set its BACKEND to "notify.bus.layers.RedisPubSubChannelLayer"; it takes the '
            "same CONFIG.",
            id="notify.W010",
        )
    ]


@register("notify", deploy=True)
def check_hosts(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.W007: a socket's Origin is compared with a host that anybody may name."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Warning(
            'ALLOWED_HOSTS has "*": a foreign page whose name points at this server (DNS '
            "rebinding) passes for a page of ours, and may open sockets.",
            hint="Name the hosts.",
            id="notify.W007",
        )
    ]


@register("notify")
def check_cookie_path(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.W015: browsers send the socket no session."""
    if conf.Conf.problems() or not _is_of_the_urlconf(settings.SESSION_COOKIE_PATH):
        return []
    socket = socket_path(settings.FORCE_SCRIPT_NAME or "")
    if _covers(settings.SESSION_COOKIE_PATH, socket):
        return []
    return [
        Warning(
            f"SESSION_COOKIE_PATH = {settings.SESSION_COOKIE_PATH!r} does not cover the socket's "
            f"path {socket}: browsers send no session there, and pages poll.",
            hint="Include notify.urls under that path, beside your other routes; or set "
            "NOTIFY_SOCKET_PATH to a path below it.",
            id="notify.W015",
        )
    ]


def _covers(cookie_path: str, path: str) -> bool:
    """RFC 6265, 5.1.4."""
    return path == cookie_path or path.startswith(f"{cookie_path.removesuffix('/')}/")


def _is_of_the_urlconf(cookie_path: str) -> bool:
    """Whether the path is the project's own: of FORCE_SCRIPT_NAME, or that of its routes. Else it
    is the root path of a server, of which a command does not know, and which our paths get too."""
    if settings.FORCE_SCRIPT_NAME or conf.current().socket_path:
        return True
    if getattr(settings, "ROOT_URLCONF", None) is None:
        return False
    routes = (str(one.pattern).lstrip("^") for one in get_resolver().url_patterns)
    return any(_covers(cookie_path, f"/{route}") for route in routes)


PROBES = "notify.web.probes.AnswerProbes"
# Each of these calls `get_host()`, or redirects plain HTTP.
AFTER_PROBES = {
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
}


@register("notify")
def check_probes(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.W012: probes that are refused by address, where there are any."""
    middleware = list(settings.MIDDLEWARE)
    before = middleware[: middleware.index(PROBES)] if PROBES in middleware else middleware
    if PROBES in middleware and not AFTER_PROBES & set(before):
        return []
    if not _has_probes():
        return []
    return [
        Warning(
            "/healthz, /readyz and /metrics are refused (400), or redirected, where a supervisor "
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


@register("notify")
def check_daphne(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.W008: `serve` relies on names of Daphne's that are not public."""
    installed = version("daphne")
    if installed.startswith(TESTED_DAPHNE):
        return []
    return [
        Warning(
            f"Daphne {installed} is not one that `manage.py serve` was tested with "
            f"({TESTED_DAPHNE}x): it may not drain, bound or supervise its sockets.",
            hint=f"Install daphne {TESTED_DAPHNE}x, or a notify that knows this one; stock "
            "`daphne` and uvicorn serve notify too.",
            id="notify.W008",
        )
    ]


@register("notify")
def check_server(
    *, app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """notify.W009: another server than `manage.py serve` runs this process; of other processes
    it cannot know. So a process that serves runs the checks itself."""
    if health.current().is_bounded:
        return []
    return [
        Warning(
            "Another server than `manage.py serve` runs this process. It works; but what waits of "
            "a client is not bounded, SIGTERM does not drain, and the number of sockets is limited "
            "by NOTIFY_SOCKETS_PER_PROCESS only.",
            hint="Run `manage.py serve` (docs/deployment.md), or silence this. Before stock "
            "`daphne` the proxy must overwrite Daphne-Root-Path, X-Forwarded-… and Forwarded, "
            "which it believes of any client.",
            id="notify.W009",
        )
    ]

"""The NOTIFY_… settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register
from django.utils.module_loading import import_string

from notify import conf
from notify.kinds import registry
from notify.readers.defaults import read_groups

# After this time proxies close an idle connection by default: nginx 60 s, AWS 60 s, Cloudflare
# 100 s.
IDLE_TIMEOUT_S = 60
JITTER = 1.1  # of the ping interval


@register("notify")
def check_settings(**options: Any) -> list[CheckMessage]:
    """notify.E001, W013: a NOTIFY_… setting is wrong, or a misspelled one of notify's."""
    wrong = [
        Error(problem, hint=f"See {name} in docs/settings.md.", id="notify.E001")
        for name, problem in conf.Conf.problems()
    ]
    misspelled = [
        Warning(
            f"{name} is not a setting of notify.",
            hint=f"Did you mean {ours}? If it belongs to another package, silence this check.",
            id="notify.W013",
        )
        for name, ours in conf.Conf.misspelled()
    ]
    return [*wrong, *misspelled]


@register("notify")
def check_defaults(**options: Any) -> list[CheckMessage]:
    """notify.E009, E010, W016: what people are notified of by default names a channel that there is
    not, a function that cannot be used, or a kind that no app declares."""
    if conf.Conf.problems():
        return []
    current = conf.current()
    defaults = current.defaults or {}
    return [
        *_wrong_channels("NOTIFY_DEFAULTS", defaults),
        *_unknown_kinds(defaults),
        *_wrong_groups(current.group_defaults),
    ]


def _wrong_channels(
    name: str, defaults: Mapping[str, Mapping[str, bool]]
) -> Iterator[CheckMessage]:
    for scope, channels in defaults.items():
        for channel in channels.keys() - set(registry.channel_keys()):
            yield Error(
                f"{name} names the channel {channel!r} for {scope!r}, and there is none.",
                hint=f"Channels are: {', '.join(registry.channel_keys())}.",
                id="notify.E009",
            )


def _unknown_kinds(defaults: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for scope in defaults:
        prefix, _, key = scope.partition(":")
        if prefix == "kind" and registry.get(key) is None:
            yield Warning(
                f"NOTIFY_DEFAULTS has {scope!r}, but no app declares such a kind.",
                hint="Correct its key: `manage.py notify_kinds` lists all. For a `kind` that is "
                "only a text, silence this check.",
                id="notify.W016",
            )


def _wrong_groups(path: str | None) -> Iterator[CheckMessage]:
    if path is None:
        return
    try:
        for group in read_groups(path):
            yield from _wrong_channels("NOTIFY_GROUP_DEFAULTS", group.defaults)
    except Exception as error:  # noqa: BLE001  the code of a project
        yield Error(
            f"NOTIFY_GROUP_DEFAULTS cannot be used: {error}",
            hint="It takes nothing, and returns pairs of a queryset of users and their defaults, "
            "without a query of its own.",
            id="notify.E010",
        )


@register("notify")
def check_functions(**options: Any) -> list[CheckMessage]:
    """notify.E008: a function of the project cannot be imported."""
    if conf.Conf.problems():
        return []
    current = conf.current()
    named = {
        "NOTIFY_READER": current.reader,
        "NOTIFY_ACTOR_PICTURE": current.actor_picture,
        "NOTIFY_MAY_FOLLOW": current.may_follow,
    }
    return [
        Error(
            f"{name} = {path!r} is not a function that can be imported{why}.",
            hint="Name its module and the function, as in 'shop.people.function'.",
            id="notify.E008",
        )
        for name, path in named.items()
        if path is not None and (why := _why_not(path)) is not None
    ]


def _why_not(path: str) -> str | None:
    """What is wrong with the dotted path of a function; None if nothing is."""
    try:
        return None if callable(import_string(path)) else ""
    except Exception as error:  # noqa: BLE001  the code of a project
        return f": {error}"


@register("notify")
def check_heartbeat(**options: Any) -> list[CheckMessage]:
    """notify.W003, W004: the heartbeat keeps no socket open, or finds no dead one."""
    if conf.Conf.problems():
        return []
    interval, timeout = conf.current().ping_interval, conf.current().ping_timeout
    if interval is None:
        return [
            Warning(
                "Without NOTIFY_PING_INTERVAL nothing keeps idle sockets open: proxies close them "
                f"after about {IDLE_TIMEOUT_S} s, and sockets of vanished clients stay open.",
                hint="Set it to 20, or raise every idle timeout on the way and silence this check.",
                id="notify.W003",
            )
        ]
    if interval * JITTER >= IDLE_TIMEOUT_S:
        return [
            Warning(
                f"NOTIFY_PING_INTERVAL = {interval:g} s is not below the idle timeout of proxies "
                f"({IDLE_TIMEOUT_S} s in nginx by default): idle sockets will be closed.",
                hint="Set it to 50 at most, or raise proxy_read_timeout and silence this check.",
                id="notify.W003",
            )
        ]
    if timeout is None:
        return [
            Warning(
                "Without NOTIFY_PING_TIMEOUT the socket of a vanished client stays open until TCP "
                "gives up, which may take 15 minutes.",
                hint="Set it to 15, or silence this check if that is intended.",
                id="notify.W004",
            )
        ]
    return []

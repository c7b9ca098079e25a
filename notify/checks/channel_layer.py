"""CHANNEL_LAYERS."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from notify import conf

CORE_READ_S = 5  # how long one read of channels_redis.core lasts, and redis-py 8 waits for it
CORE_CAPACITY = 1000


def _layer() -> dict[str, Any]:
    """The entry of CHANNEL_LAYERS that notify uses; empty if there is none."""
    alias = None if conf.Conf.problems() else conf.current().channel_layer
    entry: dict[str, Any] = getattr(settings, "CHANNEL_LAYERS", {}).get(alias, {})
    return entry


@register("notify")
def check_channel_layer(**options: Any) -> list[CheckMessage]:
    """notify.W001: without a channel layer only the sweep shows notices of other processes."""
    if conf.Conf.problems():
        return []
    alias = conf.current().channel_layer
    if alias in getattr(settings, "CHANNEL_LAYERS", {}):
        return []
    return [
        Warning(
            f"CHANNEL_LAYERS has no {alias!r}: notices from other processes appear up to "
            f"{conf.current().sweep_interval:g} s late.",
            hint="Add it, or set NOTIFY_CHANNEL_LAYER to another one.",
            id="notify.W001",
        )
    ]


@register("notify", deploy=True)
def check_memory_layer(**options: Any) -> list[CheckMessage]:
    """notify.W005: the layer in memory serves a single process."""
    if not str(_layer().get("BACKEND", "")).endswith("InMemoryChannelLayer"):
        return []
    return [
        Warning(
            "The channel layer is in memory: what other processes send (commands, workers, a "
            f"second server) appears up to {conf.current().sweep_interval:g} s late.",
            hint="Set CHANNEL_LAYERS to notify.bus.layers.RedisPubSubChannelLayer, or silence this "
            "check if there is only one process.",
            id="notify.W005",
        )
    ]


@register("notify")
def check_core_layer(**options: Any) -> list[CheckMessage]:
    """notify.W006: a core layer that drops hints, or its own connections."""
    layer = _layer()
    if layer.get("BACKEND") != "channels_redis.core.RedisChannelLayer":
        return []
    configuration = layer.get("CONFIG", {})
    found: list[CheckMessage] = []
    if (capacity := configuration.get("capacity", 100)) < CORE_CAPACITY:
        found.append(
            Warning(
                f"The core channel layer drops hints when more than {capacity} are queued; their "
                f"notices appear up to {conf.current().sweep_interval:g} s late.",
                hint=f'Give its CONFIG "capacity": {CORE_CAPACITY} or more, or use '
                "notify.bus.layers.RedisPubSubChannelLayer, which drops nothing.",
                id="notify.W006",
            )
        )
    hosts = configuration.get("hosts") or [{}]
    if not all(_waits_long_enough(host) for host in hosts):
        found.append(
            Warning(
                f"The core channel layer waits {CORE_READ_S} s for a message, and its Redis client "
                "closes a connection that is silent for as long: it reconnects all the time.",
                hint='Write the host as {"address": …, "socket_timeout": 10}.',
                id="notify.W006",
            )
        )
    return found


def _waits_long_enough(host: Any) -> bool:
    timeout = host.get("socket_timeout", CORE_READ_S) if isinstance(host, dict) else CORE_READ_S
    return timeout is None or timeout > CORE_READ_S


@register("notify")
def check_pubsub_layer(**options: Any) -> list[CheckMessage]:
    """notify.W010: the Pub/Sub layer of channels-redis freezes when Redis falls silent."""
    if _layer().get("BACKEND") != "channels_redis.pubsub.RedisPubSubChannelLayer":
        return []
    return [
        Warning(
            "When packets to Redis are dropped, the Pub/Sub layer of channels-redis blocks the "
            "event loop for ever: the process no longer responds to anyone.",
            hint='Set its BACKEND to "notify.bus.layers.RedisPubSubChannelLayer", which takes the '
            "same CONFIG.",
            id="notify.W010",
        )
    ]

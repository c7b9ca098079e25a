from __future__ import annotations

import pytest

from tests.unit.checks.findings import ids, ours


@pytest.mark.parametrize("layers", [{}, {"other": {}}])
def test_a_missing_channel_layer_is_a_warning(settings, layers):
    settings.CHANNEL_LAYERS = layers
    [found] = ours()
    assert found.id == "notify.W001"
    assert "10 s late" in found.msg


def test_another_layer_may_be_named(settings):
    settings.CHANNEL_LAYERS = {"other": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    settings.NOTIFY_CHANNEL_LAYER = "other"
    assert ours() == []


def test_a_layer_in_memory_is_a_warning_in_production(settings):
    [found] = ours(include_deployment_checks=True)
    assert found.id == "notify.W005"
    assert "10 s late" in found.msg
    assert "CHANNEL_LAYERS" in found.hint


def core_layer(**options):
    return {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": options}}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, ["when more than 100 are queued", "closes a connection"]),
        ({"capacity": 1000, "hosts": ["redis://a"]}, ["closes a connection"]),
        ({"capacity": 1000, "hosts": [{"address": "redis://a", "socket_timeout": 4}]}, ["closes"]),
        ({"hosts": [{"address": "redis://a", "socket_timeout": None}]}, ["drops hints"]),
        ({"capacity": 1000, "hosts": [{"address": "redis://a", "socket_timeout": 10}]}, []),
    ],
)
def test_a_core_layer_that_loses_hints_is_a_warning(settings, options, said):
    settings.CHANNEL_LAYERS = core_layer(**options)
    found = ours()
    assert ids(found) == ["notify.W006"] * len(said)
    for message, words in zip(found, said, strict=True):
        assert words in message.msg


def test_the_pubsub_layer_of_channels_redis_is_a_warning_and_ours_is_not(settings):
    stock = "channels_redis.pubsub.RedisPubSubChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": stock}}
    [found] = ours()
    assert found.id == "notify.W010"
    assert "notify.bus.layers.RedisPubSubChannelLayer" in found.hint
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "notify.bus.layers.RedisPubSubChannelLayer"}}
    assert ours() == []

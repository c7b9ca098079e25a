"""What waits for the channel layer, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, get_channel_layer

from notify.changes import Change, Step
from notify.live import groups
from notify.live.groups import publisher, user_group
from tests.harness.waiting import aeventually, deadline


class Slow(InMemoryChannelLayer):
    """Takes nothing until it is told to."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.may_take = asyncio.Event()

    async def group_send(self, group: str, message: Any) -> None:
        await self.may_take.wait()
        await super().group_send(group, message)


@pytest.fixture
async def served(settings) -> AsyncIterator[None]:
    """The running loop is the server's, which speaks to the layer."""
    settings.NOTIFY_PUBLISH_TIMEOUT = 60
    loop = asyncio.get_running_loop()
    publisher.attach(loop, lambda hint: None)
    yield
    publisher.detach(loop)
    publisher._paused_until = 0.0


@pytest.mark.usefixtures("served")
async def test_what_clients_ask_of_others_leaves_room_for_announcements(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.Slow"}}
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(user_group("7"), channel)
    for n in range(groups.MAX_WAITING):
        groups.publish_close("1", f"{n:016x}")
    refused = publisher.failures
    groups.publish(Change([Step("7", "e", 0, 1, 1, 1)]))
    assert publisher.failures == refused
    layer.may_take.set()
    async with asyncio.timeout(deadline(5)):
        hint = await layer.receive(channel)
    assert hint["type"] == "notify.change"


@pytest.mark.usefixtures("served")
async def test_a_hint_that_cannot_be_encoded_is_no_outage(settings, caplog):
    # Nobody is there, but it does not come so far.
    layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}
    settings.CHANNEL_LAYERS = {"default": layer | {"CONFIG": {"hosts": ["redis://127.0.0.1:1"]}}}
    before = publisher.failures
    groups.publish_part("operations", "\ud800")
    await aeventually(lambda: publisher.failures > before, what="the hint's failure")
    assert not publisher.paused
    assert "nothing that a channel layer can carry" in caplog.text

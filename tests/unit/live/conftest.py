from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from notify.bus.publisher import publisher
from notify.live.hub import Hub
from notify.sql import database
from tests.unit.live.fakes import DEPLOYMENT


@pytest.fixture
async def hub(settings, monkeypatch) -> AsyncIterator[Hub]:
    """It hears the hints of this process, and publishes to a layer in memory."""
    monkeypatch.setattr(database, "deployment", lambda: DEPLOYMENT)
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    loop = asyncio.get_running_loop()
    hub = Hub(loop)
    publisher.attach(loop, hub.receive)
    yield hub
    await hub.stop()

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from channels.layers import channel_layers

from notify.bus.groups import EVERY_PROCESS
from tests.harness.waiting import aeventually
from tests.unit.bus.fakes import OURS, Process, SlowLayer


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    backend = SlowLayer()
    before = channel_layers.set("default", backend)
    process = Process(backend)
    process.layer.start()
    process.layer.belong_to(OURS)
    await aeventually(lambda: EVERY_PROCESS in process.joined)
    yield process
    backend.gate.set()
    await process.layer.stop()
    channel_layers.set("default", before)

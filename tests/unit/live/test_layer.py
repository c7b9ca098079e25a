"""This process on the channel layer: a real one in memory, slowed down where a test needs it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, channel_layers

from notify.live import layer as module
from notify.live.groups import EVERY_PROCESS, ORIGIN
from notify.live.layer import Layer
from tests.harness.waiting import aeventually


class SlowLayer(InMemoryChannelLayer):
    """Joins and leaves wait until they are let through; `deaf` loses every message."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.deaf = False

    async def group_add(self, group: str, channel: str) -> None:
        await self.gate.wait()
        await super().group_add(group, channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if not self.deaf:
            await super().group_send(group, message)


class Process:
    """A Layer, and what it was told."""

    def __init__(self, backend: SlowLayer) -> None:
        self.backend = backend
        self.hints: list[dict[str, Any]] = []
        self.joined: list[str] = []
        self.backs = 0
        self.layer = Layer(self.hints.append, self.joined.append, self._back)

    def _back(self) -> None:
        self.backs += 1

    def members(self, group: str) -> int:
        return len(self.backend.groups.get(group, {}))


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    backend = SlowLayer()
    before = channel_layers.set("default", backend)
    process = Process(backend)
    process.layer.start()
    await aeventually(lambda: EVERY_PROCESS in process.joined)
    yield process
    backend.gate.set()
    await process.layer.stop()
    channel_layers.set("default", before)


async def test_it_hears_the_groups_that_it_is_in(process: Process) -> None:
    process.layer.join("notify.user.1")
    await aeventually(lambda: "notify.user.1" in process.joined)
    await process.backend.group_send("notify.user.1", {"type": "notify.work", "origin": "x"})
    await process.backend.group_send("notify.user.2", {"type": "notify.work", "origin": "x"})
    await aeventually(lambda: process.hints)
    assert len(process.hints) == 1


async def test_it_ignores_what_this_process_sent_itself(process: Process) -> None:
    await process.backend.group_send(EVERY_PROCESS, {"type": "a", "origin": ORIGIN})
    await process.backend.group_send(EVERY_PROCESS, {"type": "b", "origin": "x"})
    await aeventually(lambda: process.hints)
    assert [hint["type"] for hint in process.hints] == ["b"]


async def test_a_late_leave_does_not_undo_a_join(process: Process) -> None:
    group = "notify.user.1"
    process.backend.gate.clear()
    process.layer.join(group)
    await asyncio.sleep(0)
    process.layer.leave(group)
    process.layer.join(group)
    process.backend.gate.set()
    await aeventually(lambda: group in process.joined)
    await asyncio.sleep(0.05)
    assert process.members(group) == 1


async def test_a_late_join_does_not_undo_a_leave(process: Process) -> None:
    group = "notify.user.1"
    process.backend.gate.clear()
    process.layer.join(group)
    await asyncio.sleep(0)
    process.layer.leave(group)
    process.backend.gate.set()
    await aeventually(lambda: group in process.joined and process.members(group) == 0)


async def test_a_layer_that_loses_the_probe_is_down_until_one_comes_back(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_TIMEOUT_S", 0.05)
    process.layer.join("notify.user.1")
    await aeventually(lambda: "notify.user.1" in process.joined)
    process.layer.probe()
    await asyncio.sleep(0.1)
    assert not process.layer.is_down

    process.backend.deaf = True
    process.layer.probe()
    await aeventually(lambda: process.layer.is_down)

    # It has forgotten the groups, as a Redis does that was flushed.
    process.backend.groups.clear()
    process.backend.deaf = False

    def back() -> bool:
        process.layer.probe()
        return not process.layer.is_down

    await aeventually(back)
    await aeventually(lambda: process.members("notify.user.1") == 1)
    assert process.backs == 1
    assert process.members(EVERY_PROCESS) == 1


async def test_what_was_left_while_it_was_down_is_left_when_it_is_back(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_TIMEOUT_S", 0.05)
    process.layer.join("notify.user.1")
    await aeventually(lambda: process.members("notify.user.1") == 1)
    process.backend.deaf = True
    process.layer.probe()
    await aeventually(lambda: process.layer.is_down)
    process.layer.leave("notify.user.1")
    process.backend.deaf = False

    def back() -> bool:
        process.layer.probe()
        return not process.layer.is_down

    await aeventually(back)
    await aeventually(lambda: process.members("notify.user.1") == 0)


async def test_a_hint_that_cannot_be_used_breaks_nothing(process: Process) -> None:
    def fail(hint: object) -> None:
        process.hints.append({})
        raise KeyError("of another version of us")

    process.layer._receive = fail
    for _ in range(2):
        await process.backend.group_send(EVERY_PROCESS, {"type": "a", "origin": "x"})
    await aeventually(lambda: len(process.hints) == 2)

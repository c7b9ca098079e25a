"""This process on the channel layer: a real one in memory, slowed down where a test needs it."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, channel_layers

from notify import metrics
from notify.bus import listener as module
from notify.bus.groups import EVERY_PROCESS, ORIGIN, VERSION, full_name
from notify.bus.listener import Layer
from tests.harness.waiting import aeventually, deadline

OURS, OTHERS = "0123456789abcdef", "fedcba9876543210"


def hint(kind: str, **fields: Any) -> dict[str, Any]:
    """Of another process of ours."""
    return {"type": kind, "origin": "x", "deployment": OURS, "v": VERSION} | fields


class SlowLayer(InMemoryChannelLayer):
    """Joins and leaves wait until they are let through; `deaf` loses every message, to `lost`."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.deaf = False
        self.lost: list[tuple[str, dict[str, Any]]] = []

    async def group_add(self, group: str, channel: str) -> None:
        await self.gate.wait()
        await super().group_add(group, channel)

    async def receive(self, channel: str) -> Any:
        message = await super().receive(channel)
        if message.get("garbage"):
            raise ValueError("Unpack failed")
        return message.get("not a dict", message)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if self.deaf:
            self.lost.append((group, message))
        else:
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

    def members(self, group: str, deployment: str = OURS) -> int:
        return len(self.backend.groups.get(full_name(deployment, group), {}))

    async def hear(self, group: str, message: Any, deployment: str = OURS) -> None:
        """Somebody sends this."""
        await self.backend.group_send(full_name(deployment, group), message)


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


async def test_it_hears_the_groups_that_it_is_in(process: Process) -> None:
    process.layer.join("user.1")
    await aeventually(lambda: "user.1" in process.joined)
    await process.hear("user.1", hint("notify.work"))
    await process.hear("user.2", hint("notify.work"))
    await aeventually(lambda: process.hints)
    assert len(process.hints) == 1


async def test_it_ignores_what_this_process_sent_itself(process: Process) -> None:
    await process.hear(EVERY_PROCESS, hint("a", origin=ORIGIN))
    await process.hear(EVERY_PROCESS, hint("b"))
    await aeventually(lambda: process.hints)
    assert [hint["type"] for hint in process.hints] == ["b"]


async def test_a_late_leave_does_not_undo_a_join(process: Process) -> None:
    group = "user.1"
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
    group = "user.1"
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
    process.layer.join("user.1")
    await aeventually(lambda: "user.1" in process.joined)
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
    await aeventually(lambda: process.members("user.1") == 1)
    assert process.backs == 1
    assert process.members(EVERY_PROCESS) == 1


async def test_probes_sent_during_an_outage_do_not_end_what_comes_after_it(
    process: Process, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When a layer is back, several are under way; one that came says enough."""
    monkeypatch.setattr(module, "PROBE_TIMEOUT_S", 0.2)
    process.backend.deaf = True
    process.layer.probe()
    await aeventually(lambda: process.layer.is_down)
    process.backend.lost.clear()
    process.layer.probe()
    process.layer.probe()
    await aeventually(lambda: len(process.backend.lost) > 1)
    process.backend.deaf = False
    await process.backend.group_send(*process.backend.lost[0])
    await aeventually(lambda: not process.layer.is_down)
    await asyncio.sleep(0.4)  # the others are missed
    assert not process.layer.is_down
    assert caplog.text.count("The channel layer is down") == 1


async def test_what_was_left_while_it_was_down_is_left_when_it_is_back(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_TIMEOUT_S", 0.05)
    process.layer.join("user.1")
    await aeventually(lambda: process.members("user.1") == 1)
    process.backend.deaf = True
    process.layer.probe()
    await aeventually(lambda: process.layer.is_down)
    process.layer.leave("user.1")
    process.backend.deaf = False

    def back() -> bool:
        process.layer.probe()
        return not process.layer.is_down

    await aeventually(back)
    await aeventually(lambda: process.members("user.1") == 0)


KINDS = ["change", "work", "session", "ask", "part", "close", "probe"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"deployment": OTHERS}, "deployment"),
        ({"deployment": None}, "deployment"),
        ({"v": VERSION + 1}, "version"),
        ({"v": None}, "version"),
    ],
)
async def test_what_is_not_ours_is_dropped_and_counted(
    process: Process, kind: str, fields: dict[str, Any], reason: str
) -> None:
    before = metrics.HINTS_DROPPED.values[reason]
    await process.hear(EVERY_PROCESS, hint(f"notify.{kind}", n=10**9) | fields)
    await process.hear(EVERY_PROCESS, hint("the last"))
    await aeventually(lambda: process.hints)
    assert [one["type"] for one in process.hints] == ["the last"]
    assert metrics.HINTS_DROPPED.values[reason] == before + 1
    process.backend.deaf = True  # and nobody else's probe passes for ours
    process.layer.probe()
    await aeventually(lambda: process.layer.is_down)


async def test_with_another_deployment_it_changes_its_groups(process: Process) -> None:
    process.layer.join("user.1")
    await aeventually(lambda: "user.1" in process.joined)
    process.joined.clear()
    process.layer.belong_to(OTHERS)
    await aeventually(lambda: {EVERY_PROCESS, "user.1"} <= set(process.joined))
    await aeventually(lambda: not process.members(EVERY_PROCESS) + process.members("user.1"))
    process.layer.leave("user.1")
    await aeventually(lambda: not process.members("user.1", OTHERS))
    await process.hear(EVERY_PROCESS, hint("notify.work", deployment=OTHERS), OTHERS)
    await aeventually(lambda: process.hints)


async def test_before_the_deployment_is_known_it_hears_only_its_probe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PROBE_TIMEOUT_S", 0.05)
    backend = SlowLayer()
    before = channel_layers.set("default", backend)
    process = Process(backend)
    try:
        process.layer.start()
        process.layer.join("user.1")
        await aeventually(lambda: backend.groups)
        process.layer.probe()
        await asyncio.sleep(0.1)
        assert not process.layer.is_down
        [group] = backend.groups
        assert group == process.layer._probe_group
        await backend.group_send(group, hint("a", deployment=None))
        process.layer.belong_to(OURS)
        await aeventually(lambda: "user.1" in process.joined)
        assert process.hints == []
    finally:
        await process.layer.stop()
        channel_layers.set("default", before)


async def test_a_layer_that_hangs_does_not_hold_up_the_end(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(30):
        process.layer.join(f"user.{n}")
    await aeventually(lambda: len(process.joined) == 31)

    async def hang(group: str, channel: str) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(module, "CALL_TIMEOUT_S", 0.2)
    monkeypatch.setattr(process.backend, "group_discard", hang)
    async with asyncio.timeout(deadline(1)):
        await process.layer.stop()


async def test_what_cannot_be_decoded_does_not_hold_up_a_process_that_starts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    backend = SlowLayer()
    before = channel_layers.set("default", backend)
    process = Process(backend)

    async def flood() -> None:
        for n in count(1):
            message = hint("a") if n % 50 == 0 else {"garbage": True}
            await process.hear(EVERY_PROCESS, message)
            await asyncio.sleep(0)

    flooding = asyncio.create_task(flood())
    try:
        process.layer.start()
        process.layer.belong_to(OURS)
        await aeventually(lambda: process.hints)
        assert "is down" not in caplog.text
    finally:
        flooding.cancel()
        await process.layer.stop()
        channel_layers.set("default", before)


@pytest.mark.parametrize("what", ["version", "fields", "no dict", "garbage"])
async def test_hints_that_cannot_be_used_are_one_line_in_the_log(
    process: Process, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    def fail(hint: dict[str, Any]) -> None:
        process.hints.append(hint)
        raise KeyError("steps")

    process.layer._receive = fail
    process.layer.probe()
    await aeventually(lambda: process.layer._probe_heard)
    dropped = {
        "version": hint("a", v=0),
        "fields": hint("a"),
        "no dict": {"not a dict": ["a"]},
        "garbage": {"garbage": True},
    }[what]
    for _ in range(200):
        await process.hear(EVERY_PROCESS, dropped)
        await asyncio.sleep(0)
    await process.hear(EVERY_PROCESS, hint("the last"))
    await aeventually(lambda: process.hints and process.hints[-1]["type"] == "the last")
    [record] = caplog.records
    assert "cannot be used" in record.message
    assert record.exc_info is None


async def test_the_reason_of_an_outage_is_told_once(
    process: Process, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_TIMEOUT_S", 0.05)

    async def refuse(group: str, message: dict[str, Any]) -> None:
        raise ConnectionError("NOAUTH Authentication required.")

    monkeypatch.setattr(process.backend, "group_send", refuse)
    for _ in range(3):
        process.layer.probe()
        await aeventually(lambda: process.layer.is_down)
    [line] = [one.message for one in caplog.records if one.levelname == "WARNING"]
    assert "The channel layer is down (ConnectionError: NOAUTH Authentication required.)" in line


async def test_a_late_loop_is_no_outage(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has come waits for its turn as long as this loop does something else."""
    monkeypatch.setattr(module, "PROBE_TIMEOUT_S", 0.1)
    process.layer.probe()
    for _ in range(20):
        await asyncio.sleep(0)
        time.sleep(0.05)  # noqa: ASYNC251  that is what a late loop is
    await aeventually(lambda: process.layer._probe_heard == process.layer._probes_sent)
    assert not process.layer.is_down


@pytest.mark.parametrize(
    ("backend", "hears_others"),
    [
        (None, False),
        ("channels.layers.InMemoryChannelLayer", False),
        ("notify.bus.layers.RedisPubSubChannelLayer", True),
    ],
)
def test_it_knows_whether_other_processes_can_be_heard(settings, backend, hears_others):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend}} if backend else {}
    layer = Layer(lambda _: None, lambda _: None, lambda: None)
    assert layer.hears_others is hears_others

"""This process on the channel layer."""

from __future__ import annotations

import asyncio
import time
from itertools import count
from typing import Any

import pytest
from channels.layers import channel_layers

from notify import metrics
from notify.bus import listener as module
from notify.bus.groups import EVERY_PROCESS
from notify.bus.hints import ORIGIN, VERSION
from notify.bus.listener import Listener
from tests.harness.waiting import aeventually
from tests.unit.bus.fakes import OTHERS, OURS, Process, SlowLayer, hint


async def test_it_receives_hints_of_the_groups_that_it_has_joined(process: Process) -> None:
    process.layer.join("user.1")
    await aeventually(lambda: "user.1" in process.joined)
    await process.hear("user.1", hint("notify.work"))
    await process.hear("user.2", hint("notify.work"))
    await aeventually(lambda: process.hints)
    assert len(process.hints) == 1


async def test_it_ignores_the_hints_of_its_own_process(process: Process) -> None:
    await process.hear(EVERY_PROCESS, hint("a", origin=ORIGIN))
    await process.hear(EVERY_PROCESS, hint("b"))
    await aeventually(lambda: process.hints)
    assert [hint["type"] for hint in process.hints] == ["b"]


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

    # It has forgotten its groups, as a flushed Redis has.
    process.backend.groups.clear()
    process.backend.deaf = False

    def back() -> bool:
        process.layer.probe()
        return not process.layer.is_down

    await aeventually(back)
    await aeventually(lambda: process.members("user.1") == 1)
    assert process.backs == 1
    assert process.members(EVERY_PROCESS) == 1


async def test_missed_probes_of_an_outage_do_not_count_after_it(
    process: Process, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When the layer is back, several are under way; a single one that arrives is enough."""
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
    await asyncio.sleep(0.4)  # the others are missed now
    assert not process.layer.is_down
    assert caplog.text.count("The channel layer is down") == 1


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
async def test_hints_of_other_deployments_and_versions_are_dropped_and_counted(
    process: Process, kind: str, fields: dict[str, Any], reason: str
) -> None:
    before = metrics.HINTS_DROPPED.values[reason]
    await process.hear(EVERY_PROCESS, hint(f"notify.{kind}", n=10**9) | fields)
    await process.hear(EVERY_PROCESS, hint("the last"))
    await aeventually(lambda: process.hints)
    assert [one["type"] for one in process.hints] == ["the last"]
    assert metrics.HINTS_DROPPED.values[reason] == before + 1
    process.backend.deaf = True  # and no other probe passes for its own
    process.layer.probe()
    await aeventually(lambda: process.layer.is_down)


async def test_before_the_deployment_is_known_it_receives_its_probe_only(
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


async def test_unreadable_messages_do_not_delay_the_start_of_a_process(
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
async def test_unusable_hints_are_a_single_line_in_the_log(
    process: Process, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    def fail(hint: Any) -> None:
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


async def test_the_reason_of_an_outage_is_logged_once(
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
    """While this loop does something else, the probe has arrived but is not read yet."""
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
def test_it_knows_whether_the_layer_reaches_other_processes(settings, backend, hears_others):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend}} if backend else {}
    layer = Listener(lambda _: None, lambda _: None, lambda: None)
    assert layer.hears_others is hears_others

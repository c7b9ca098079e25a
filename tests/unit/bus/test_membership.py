from __future__ import annotations

import asyncio

import pytest

from notify.bus import listener as module
from notify.bus.groups import EVERY_PROCESS
from tests.harness.waiting import aeventually, deadline
from tests.unit.bus.fakes import OTHERS, Process, hint


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


async def test_a_group_left_during_an_outage_is_left_after_it(
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


async def test_after_a_change_of_deployment_it_is_in_the_new_groups_only(process: Process) -> None:
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


async def test_a_layer_that_hangs_does_not_delay_the_stop(
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

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from notify.inbox import retention
from notify.live.pruning import PRUNE_INTERVAL_S, Pruning
from tests.harness.waiting import aeventually


async def test_it_prunes_once_an_hour_for_as_long_as_notices_are_kept(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Coroutine[Any, Any, None]] = []
    kept: list[Any] = []

    def prune_ended(**_: Any) -> int:
        kept.append("ended")
        return 0

    monkeypatch.setattr(retention, "prune", lambda older, **_: kept.append(older.days))
    monkeypatch.setattr(retention, "prune_ended", prune_ended)
    now = 0.0
    pruning = Pruning(lambda: now, begun.append)
    settings.NOTIFY_KEEP_DAYS = 30
    pruning.start_if_due()
    pruning.start_if_due()
    now = PRUNE_INTERVAL_S
    settings.NOTIFY_KEEP_DAYS = None
    pruning.start_if_due()
    assert len(begun) == 2
    for work in begun:
        await work
    assert kept == [30, "ended"]
    await pruning.close()


async def test_a_stop_ends_it_at_its_next_pause(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NOTIFY_KEEP_DAYS = 30
    steps: list[str] = []

    def prune(*_: Any, sleep: Any, **__: Any) -> None:
        steps.append("begins")
        sleep(600)
        steps.append("goes on")

    monkeypatch.setattr(retention, "prune", prune)
    tasks: list[asyncio.Task[None]] = []
    pruning = Pruning(lambda: 0.0, lambda work: tasks.append(asyncio.create_task(work)))
    pruning.start_if_due()
    await aeventually(lambda: steps == ["begins"])
    pruning.stop()
    await asyncio.gather(*tasks)
    assert steps == ["begins"]
    await pruning.close()

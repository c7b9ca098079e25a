"""Tasks that nobody awaits."""

import asyncio

import pytest

from notify.live.background import Background
from tests.unit.live.fakes import settle


@pytest.fixture
async def background() -> Background:
    return Background(asyncio.get_running_loop())


async def test_a_failure_is_logged(
    background: Background, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise KeyError("a defect")

    background.spawn(fail())
    assert len(background) == 1
    await settle()
    assert "Background work failed: KeyError" in caplog.text
    assert len(background) == 0


async def test_work_of_one_name_is_done_once_for_all_who_want_it(background: Background) -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("done")

    for _ in range(3):
        background.later("work", work, 0)
    await settle()
    assert done == ["done"]
    background.later("work", work, 0)
    await settle()
    assert done == ["done"] * 2


async def test_nothing_runs_after_the_stop(background: Background) -> None:
    done: list[str] = []
    may_go_on = asyncio.Event()

    async def work() -> None:
        await may_go_on.wait()
        done.append("done")

    background.spawn(work())
    await settle()
    background.later("work", work, 0)
    await background.stop()
    may_go_on.set()
    await settle()
    assert done == []

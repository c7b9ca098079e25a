from __future__ import annotations

from typing import Any

import pytest

from notify.live import workers
from notify.live.workers import Workers
from tests.harness.waiting import aeventually


class Batches:
    """Stands for the batches in the database: how many are due, and how often one failed."""

    due = 0
    failures = 0

    def do_next(self) -> bool:
        if Batches.failures:
            Batches.failures -= 1
            raise RuntimeError("the database is away")
        Batches.due = max(0, Batches.due - 1)
        return Batches.due > 0


@pytest.fixture(autouse=True)
def _batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "Worker", Batches)
    Batches.due = Batches.failures = 0


async def test_it_works_until_nothing_is_due_and_sleeps_until_it_is_woken(settings: Any) -> None:
    settings.NOTIFY_SERVER_WORKERS = 1
    found = Workers()
    found.start()
    for due in (3, 2):
        Batches.due = due
        found.wake()
        await aeventually(lambda: Batches.due == 0, what="the last batch")
    await found.stop()
    await found.close()


async def test_a_failure_ends_no_worker(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.NOTIFY_SERVER_WORKERS = 1
    found = Workers()
    found.start()
    Batches.due, Batches.failures = 1, 1
    found.wake()
    await aeventually(lambda: "Carrying out batches failed and will be retried" in caplog.text)
    assert Batches.due == 1
    found.wake()
    await aeventually(lambda: Batches.due == 0, what="the batch")
    await found.stop()
    await found.close()


async def test_a_server_may_have_none(settings: Any) -> None:
    settings.NOTIFY_SERVER_WORKERS = 0
    found = Workers()
    found.start()
    found.wake()
    assert found._tasks == []
    await found.stop()
    await found.close()

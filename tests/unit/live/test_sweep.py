"""What happens when a sweep fails."""

from __future__ import annotations

import asyncio

import pytest
from django.db import InterfaceError

from notify.live import sweep
from notify.live.hub import Hub
from tests.harness.waiting import aeventually
from tests.unit.live.fakes import Wire, open_connection


@pytest.mark.parametrize("is_away", [True, False])
async def test_only_a_database_that_is_away_closes_sockets(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, is_away: bool
) -> None:
    error = InterfaceError("the connection is closed") if is_away else KeyError("a defect")
    tries = []

    async def fail() -> None:
        tries.append(1)
        raise error

    hub = Hub(asyncio.get_running_loop())
    socket = open_connection(Wire(), hub=hub)
    hub.sockets.add(socket)
    monkeypatch.setattr(sweep, "DATABASE_ABSENCE_S", 0)
    monkeypatch.setattr(hub.sweep, "once", fail)
    monkeypatch.setattr(hub.sweep, "_interval", lambda: 0.01)
    hub.sweep.start()
    await aeventually(lambda: len(tries) > 3)
    await hub.sweep.stop()
    assert (socket.closing is not None) is is_away
    with_traceback = [record for record in caplog.records if record.exc_info]
    assert len(with_traceback) == (0 if is_away else 1)


async def test_the_database_s_latency_is_that_of_a_query_and_grows_while_none_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Hub(asyncio.get_running_loop())
    asked, answered = asyncio.Event(), asyncio.Event()

    async def hang(_: object, statement: str) -> None:
        assert statement == "SELECT 1"
        asked.set()
        await answered.wait()

    monkeypatch.setattr(hub.pool, "run", hang)
    monkeypatch.setattr(hub.sweep, "find_deployment", asyncio.Event().wait)
    assert hub.sweep.database_latency is None
    sweeping = asyncio.create_task(hub.sweep.once())
    await asked.wait()
    await aeventually(lambda: (hub.sweep.database_latency or 0) > 0.05)
    answered.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    took = hub.sweep.database_latency
    await asyncio.sleep(0.01)
    assert hub.sweep.database_latency == took
    sweeping.cancel()

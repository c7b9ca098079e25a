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

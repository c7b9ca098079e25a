"""A handshake while the database is away."""

import asyncio
from typing import Any

import pytest
from django.db import InterfaceError

from notify.live.consumer import NotificationConsumer
from notify.live.hub import Hub, current_hub
from tests.unit.live.fakes import Wire, handshake_scope


@pytest.mark.django_db(transaction=True)
async def test_a_handshake_without_the_database_is_closed_with_4503(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(hub: Hub, scope: Any) -> None:
        raise InterfaceError("the connection is closed")

    monkeypatch.setattr(Hub, "identify", fail)
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for kind in ("connect", "disconnect"):
        incoming.put_nowait({"type": f"websocket.{kind}"})
    wire = Wire()
    await NotificationConsumer()(handshake_scope(), incoming.get, wire)
    assert wire.close_code == 4503
    await current_hub().stop()

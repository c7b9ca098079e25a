"""A socket whose application has left is closed, whoever serves it."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.conftest import StartServer
from tests.harness.server import DAPHNE, SERVE, UVICORN
from tests.harness.waiting import deadline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

MODULE = "tests.integration.abandoning_asgi"
SERVERS = {
    "serve": (*SERVE, f"{MODULE}:bare"),
    "daphne": (*DAPHNE[:-1], f"{MODULE}:supervised"),
    "uvicorn": (*UVICORN[:-1], f"{MODULE}:supervised"),
}


@pytest.mark.parametrize("name", SERVERS)
async def test_a_socket_ends_with_its_application(start_server: StartServer, name: str) -> None:
    address = start_server(command=SERVERS[name]).url.replace("http", "ws") + "/ws/other/?"

    for how, code in [("return", 4500), ("raise", 4500), ("cancel", 4500), ("close", 4321)]:
        async with connect(f"{address}open-{how}", open_timeout=deadline(5)) as socket:
            assert await socket.recv() == "hello"
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), deadline(1))
            assert socket.close_code == code, how

    for how in ("return", "raise", "cancel"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{address}connecting-{how}", open_timeout=deadline(1))
        assert refused.value.response.status_code in {403, 500}, how

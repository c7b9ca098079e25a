"""uvicorn starts and ends the application inside of ours, and Django, which takes no lifespan."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from django.contrib.auth.models import User

from tests.conftest import StartServer
from tests.harness.database import orm
from tests.harness.server import UVICORN
from tests.harness.waiting import deadline
from tests.integration.conftest import client_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

INNER = (*UVICORN[:-1], "--lifespan", "on", "tests.integration.lifespan_asgi:application")


async def test_the_application_inside_hears_of_start_and_end(start_server: StartServer) -> None:
    server = start_server(command=INNER)
    async with httpx.AsyncClient(timeout=deadline(30)) as browser:
        assert (await browser.get(server.url)).status_code == 200
    assert await asyncio.to_thread(server.terminate) in {0, -15}
    heard = [
        line.removeprefix("inner heard ") for line in server.log.splitlines() if "inner" in line
    ]
    assert heard == ["lifespan.startup", "http", "lifespan.shutdown"]
    assert "Traceback" not in server.log


@pytest.mark.parametrize("mode", ["on", "auto"])
async def test_django_inside_takes_none_and_serves(
    start_server: StartServer, ada: User, mode: str
) -> None:
    server = start_server(command=(*UVICORN, "--lifespan", mode))
    async with await orm(client_of, server, ada) as client:
        await client.frame("hello")
    assert await asyncio.to_thread(server.terminate) in {0, -15}
    assert "Application shutdown complete" in server.log
    assert "Traceback" not in server.log

"""A database that hangs, or whose connections died without a word, is away like any other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection

import notify
from tests.conftest import StartServer
from tests.harness.database import orm
from tests.harness.flows import Flows
from tests.harness.postgres import Postgres
from tests.harness.server import COMMANDS, SERVE, Server, database_url
from tests.harness.waiting import aeventually, deadline
from tests.integration.conftest import client_of, shows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

IMPATIENT = "tests.integration.impatient_asgi:application"
SERVE_IMPATIENT = (*SERVE, IMPATIENT)
POOLS = pytest.mark.parametrize("pool", ["8", "0"])


@pytest.fixture
async def hung(postgres_server: Postgres) -> AsyncIterator[Postgres]:
    """To be paused; it goes on before the test's database is emptied."""
    yield postgres_server
    postgres_server.resume()


@POOLS
async def test_4503_after_a_while_of_a_database_that_hangs_and_hello_when_it_is_back(
    start_server: StartServer, ada: User, hung: Postgres, pool: str
) -> None:
    server = start_server(command=SERVE_IMPATIENT, DATABASE_POOL=pool, NOTIFY_SWEEP_INTERVAL="0.5")
    client, late, back = [await orm(client_of, server, ada) for _ in range(3)]
    async with client:
        await client.frame("inbox")
        hung.pause()
        async with late:
            assert await late.closed(deadline(20)) == 4503
        assert await client.closed(deadline(30)) == 4503
    assert "The database has been unavailable for 4 s: closing 1 sockets" in server.log
    hung.resume()
    began = time.monotonic()
    async with back:
        await back.frame("hello")
    assert time.monotonic() - began < deadline(3)


@POOLS
async def test_what_hangs_on_dead_flows_is_healed_by_a_new_connection(
    start_server: StartServer, ada: User, pool: str
) -> None:
    with Flows(int(connection.settings_dict["PORT"])) as flows:
        url = database_url().replace(f":{connection.settings_dict['PORT']}/", f":{flows.port}/")
        server = start_server(
            command=SERVE_IMPATIENT,
            DATABASE_URL=url,
            DATABASE_POOL=pool,
            NOTIFY_SWEEP_INTERVAL="0.5",
        )
        async with await orm(client_of, server, ada) as client:
            await client.frame("inbox")
            await asyncio.to_thread(ask_often, server)  # so that more than one flow is open
            assert flows.silence() >= 1
            await orm(notify.send, to=ada, title="Hello")
            await client.until(shows(client, "Hello"), deadline(10))
            assert client.close_code is None


def ask_often(server: Server) -> None:
    for _ in range(5):
        httpx.get(f"{server.url}/readyz")


@pytest.mark.parametrize("name", COMMANDS)
async def test_readyz_says_within_a_second_that_the_database_hangs(
    start_server: StartServer, hung: Postgres, name: str
) -> None:
    server = start_server(command=COMMANDS[name], NOTIFY_METRICS_TOKEN="secret")
    async with httpx.AsyncClient(base_url=server.url, timeout=deadline(10)) as http:
        assert (await http.get("/readyz")).status_code == 200
        hung.pause()
        for _ in range(5):
            began = time.monotonic()
            answer = await http.get("/readyz")
            assert time.monotonic() - began < deadline(1)
            assert (answer.status_code, answer.json()["database"]) == (503, "unavailable")
        hung.resume()

        async def is_ready() -> bool:
            return (await http.get("/readyz")).status_code == 200

        await aeventually(is_ready, what="being ready again")


async def test_a_drain_ends_in_time_while_the_database_hangs(
    start_server: StartServer, ada: User, hung: Postgres
) -> None:
    server = start_server(command=SERVE, NOTIFY_SWEEP_INTERVAL="0.2")
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        hung.pause()
        await asyncio.sleep(1)  # the sweep hangs
        exited = asyncio.create_task(asyncio.to_thread(server.terminate, 30))
        assert await client.closed() == 4503
    began = time.monotonic()
    assert await exited == 0
    assert time.monotonic() - began < deadline(15)


@POOLS
async def test_the_first_sockets_after_a_quiet_time_are_welcome(
    start_server: StartServer, ada: User, bob: User, pool: str
) -> None:
    name = connection.settings_dict["NAME"]
    with psycopg.connect(database_url(), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE \"{name}\" SET idle_session_timeout = '2s'")
        [limited_at] = admin.execute("SELECT clock_timestamp()").fetchone() or []
        try:
            server = start_server(command=SERVE, DATABASE_POOL=pool)
            clients = [await orm(client_of, server, user) for user in (ada, bob) * 8]
            async with asyncio.TaskGroup() as group:  # so that each thread has a connection
                for client in clients[:12]:
                    group.create_task(say_hello(client))

            def all_are_gone() -> bool:
                return not admin.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND backend_start > %s",
                    [name, limited_at],
                ).fetchall()

            await aeventually(all_are_gone, what="the end of all connections")
            for client in clients[12:]:
                await say_hello(client)
        finally:
            admin.execute(f'ALTER DATABASE "{name}" RESET idle_session_timeout')


async def say_hello(client: object) -> None:
    async with client:  # type: ignore[attr-defined]
        await client.frame("hello")  # type: ignore[attr-defined]

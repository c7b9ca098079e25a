"""Behind PgBouncer in transaction mode a connection to PostgreSQL is everybody's."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection

import notify
from tests.conftest import StartServer
from tests.harness.database import orm
from tests.harness.pgbouncer import PgBouncer
from tests.harness.server import SERVE
from tests.harness.waiting import aeventually
from tests.integration.conftest import client_of, shows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

SOCKETS = 6


async def test_sockets_leave_nothing_on_the_connections_of_others(
    start_server: StartServer, ada: User, pgbouncer: PgBouncer
) -> None:
    url = pgbouncer.url(str(connection.settings_dict["NAME"]))
    server = start_server(command=SERVE, DATABASE_URL=url, DATABASE_PREPARE="off")
    async with AsyncExitStack() as stack:
        made = [await orm(client_of, server, ada) for _ in range(SOCKETS)]
        clients = [await stack.enter_async_context(client) for client in made]
        for client in clients:
            await client.frame("inbox")
        await orm(notify.send, to=ada, title="Hello")
        for client in clients:
            await client.until(shows(client, "Hello"))
        assert await asyncio.to_thread(statement_timeouts, url) == {"0"}


def statement_timeouts(url: str) -> set[str]:
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as other:
        found = [other.execute("SHOW statement_timeout").fetchone() for _ in range(30)]
    return {str(row[0]) for row in found if row}


async def test_prepared_statements_that_are_anothers_are_told_of_with_the_cure(
    start_server: StartServer, ada: User, pgbouncer: PgBouncer
) -> None:
    """PgBouncer 1.21 on keeps them apart, if it is told to. Here the name that the driver gives
    its first is given already, on all connections of the pooler."""
    url = pgbouncer.url(str(connection.settings_dict["NAME"]))
    server = start_server(command=SERVE, DATABASE_URL=url, NOTIFY_SWEEP_INTERVAL="0.1")
    async with AsyncExitStack() as stack:
        for _ in range(SOCKETS):
            await stack.enter_async_context(await orm(client_of, server, ada))
        await aeventually(
            lambda: "such as PgBouncer" in server.log and "DATABASE_PREPARE=off" in server.log, 30
        )

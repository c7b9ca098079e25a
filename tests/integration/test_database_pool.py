"""config.postgresql: what a restart of the database leaves in the pool is not given to anybody."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from config.postgresql import base
from notify import sql
from notify.live.pool import DatabasePool
from tests.harness.database import orm
from tests.harness.flows import Flows
from tests.harness.postgres import Postgres
from tests.harness.server import manage
from tests.harness.waiting import deadline

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

IDLE = 12


def query_at_once(count: int) -> list[str]:
    """Leaves so many connections in the pool; the time that each allows a statement."""
    all_are_here = threading.Barrier(count)
    limits: list[str] = []

    def query() -> None:
        try:
            User.objects.count()
            limits.extend(limit for (limit,) in sql.fetch("SHOW statement_timeout"))
            all_are_here.wait(deadline(10))
        finally:
            connection.close()

    threads = [threading.Thread(target=query) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return limits


def test_after_a_restart_of_the_database_the_next_query_works_at_once(
    ada: User, postgres_server: Postgres
) -> None:
    query_at_once(IDLE)
    connection.close()
    postgres_server.restart()

    began = time.monotonic()
    ada.refresh_from_db()
    assert time.monotonic() - began < deadline(3)

    began = time.monotonic()
    query_at_once(IDLE)
    assert time.monotonic() - began < deadline(3)


def test_a_connection_that_is_dead_is_given_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    with monkeypatch.context() as patched:
        patched.setattr(base, "_is_alive", lambda found: False)
        with pytest.raises(OperationalError, match="were dead"):
            connection.ensure_connection()
    assert sql.fetch("SELECT 1") == [(1,)]


async def test_a_thread_of_the_hub_whose_statement_took_too_long_limits_no_others() -> None:
    """Its connection does not go back to the pool as a good one, and no other has a limit."""
    pool = DatabasePool(1, "notify-database", limit=0.2)
    with pytest.raises(OperationalError, match="abandoned"):
        await pool.run(sql.execute, "SELECT pg_sleep(10)")
    assert await pool.run(sql.fetch, "SHOW statement_timeout") == [("0",)]
    await pool.close()
    assert await orm(limits_of_all) == {"0"}


def test_a_connection_of_the_pool_that_hangs_is_not_given_to_anybody(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server is there no more, and nobody said so: the flow was dropped."""
    database: Any = connection
    real = database.settings_dict["PORT"]
    database.close()
    database.close_pool()
    with Flows(int(real)) as flows:
        try:
            monkeypatch.setitem(connection.settings_dict, "PORT", flows.port)
            query_at_once(4)
            connection.close()
            assert flows.silence() >= 4
            began = time.monotonic()
            ada.refresh_from_db()
            assert time.monotonic() - began < deadline(5)
        finally:
            database.close()
            database.close_pool()


READINGS = """
from notify import sql
from notify.inbox import reading

for _ in range(7):
    reading.categories("{user}")
statements = [statement for statement, in sql.fetch("SELECT statement FROM pg_prepared_statements")]
print(sum("notify_notification" in statement for statement in statements))
"""


@pytest.mark.parametrize(("variables", "prepared"), [({}, "1"), ({"DATABASE_PREPARE": "off"}, "0")])
def test_what_a_connection_is_asked_often_it_prepares(
    ada: User, variables: dict[str, Any], prepared: str
) -> None:
    printed = manage("shell", "-c", READINGS.format(user=ada.pk), **variables)
    assert printed.split()[-1] == prepared


def limits_of_all() -> set[str]:
    """The pool gives the one that it has had for longest."""
    return {limit for _ in range(3) for limit in query_at_once(IDLE)}

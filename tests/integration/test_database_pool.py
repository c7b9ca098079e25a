"""config.postgresql: what a restart of the database leaves in the pool is not given to anybody."""

from __future__ import annotations

import threading
import time

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tests.harness.postgres import Postgres
from tests.harness.waiting import deadline

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

IDLE = 12


def query_at_once(count: int) -> None:
    """Leaves so many connections in the pool."""
    all_are_here = threading.Barrier(count)

    def query() -> None:
        try:
            User.objects.count()
            all_are_here.wait(deadline(10))
        finally:
            connection.close()

    threads = [threading.Thread(target=query) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


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

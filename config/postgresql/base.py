from __future__ import annotations

import logging
import select
import time
from typing import Any

from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg import Error, OperationalError

logger = logging.getLogger(__name__)

ATTEMPTS = 3  # other threads put dead connections back meanwhile
ALIVE_WITHIN_S = 2.0
# PostgreSQL: duplicate_prepared_statement, invalid_sql_statement_name.
PREPARED_ELSEWHERE = {"42P05", "26000"}


class DatabaseWrapper(base.DatabaseWrapper):
    """Checks each connection that it takes from the pool; if it is dead, drops the whole pool.

    With `CONN_HEALTH_CHECKS` psycopg_pool (3.3.3, `_getconn_with_check_loop`) checks one after
    the other, and waits 1, 2, 4, … seconds between two dead ones. After a restart of the database
    all are dead: six in the pool cost the next request 10 seconds and an error. And it waits for
    ever for a connection whose server vanished silently.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        pool = self.pool
        for _ in range(ATTEMPTS):
            connection = super().get_new_connection(conn_params)
            if pool is None or _is_alive(connection):
                return connection
            connection.close()
            pool.putconn(connection)
            pool.drain()
        raise OperationalError(f"{ATTEMPTS} connections of the pool were dead, one after the other")

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return _NamesThePooler(self)


class _NamesThePooler(DatabaseErrorWrapper):
    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if getattr(error, "sqlstate", None) in PREPARED_ELSEWHERE:
            logger.error(
                "A prepared statement belongs to another connection (%s). A pooler between this "
                "process and PostgreSQL, such as PgBouncer before 1.21, shares connections: set "
                "DATABASE_PREPARE=off.",
                error,
            )
        super().__exit__(kind, error, traceback)


def _is_alive(connection: Any) -> bool:
    """Whether it answers an empty query within two seconds."""
    try:
        connection.pgconn.send_query(b"")
        connection.pgconn.flush()
        _await_answer(connection.pgconn)
    except Error:
        return False
    return True


def _await_answer(pgconn: Any) -> None:
    """Waits with a timeout, which psycopg does not have."""
    deadline = time.monotonic() + ALIVE_WITHIN_S
    readable = select.poll()  # unlike select(), it accepts descriptors above 1,024
    readable.register(pgconn.socket, select.POLLIN)
    while True:
        while pgconn.is_busy():
            rest_ms = max(0, deadline - time.monotonic()) * 1000
            if not readable.poll(rest_ms):
                raise OperationalError(f"the connection gave no answer in {ALIVE_WITHIN_S:g} s")
            pgconn.consume_input()
        if pgconn.get_result() is None:
            return

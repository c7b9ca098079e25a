from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base
from psycopg import Error
from psycopg_pool import ConnectionPool

ATTEMPTS = 3  # others put dead ones back meanwhile


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks at each connection that it takes from the pool, and if it is dead, at all in the pool.

    With `CONN_HEALTH_CHECKS` psycopg_pool (3.3.3, `_getconn_with_check_loop`) looks at one after
    the other, and waits 1, 2, 4, … seconds between two that are dead. After a restart of the
    database all are: six in the pool cost the next request 10 seconds and an error.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        pool = self.pool
        connection = super().get_new_connection(conn_params)
        for _ in range(ATTEMPTS):
            if pool is None or _is_alive(connection):
                break
            pool.putconn(connection)
            pool.check()
            connection = super().get_new_connection(conn_params)
        return connection


def _is_alive(connection: Any) -> bool:
    try:
        ConnectionPool.check_connection(connection)
    except Error:
        return False
    return True

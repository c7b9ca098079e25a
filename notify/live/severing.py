"""Interrupts a thread that waits in a database driver.

Python cannot interrupt the thread itself. It can cancel the statement by a cancel request, or shut
down the connection's socket: then the driver raises in the waiting thread.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

CANCEL_TIMEOUT_S = 1.0


def is_dead(connection: Any) -> bool:
    """Whether the driver knows, without a query, that the connection is closed. psycopg knows once
    a statement has failed."""
    return bool(getattr(connection, "closed", False))


def cancel(databases: Iterable[BaseDatabaseWrapper]) -> None:
    """Asks the databases to cancel the running statements of these connections. May hang, if the
    driver has no timeout for it."""
    for connection in _open(databases):
        try:
            _cancel(connection)
        except Exception as error:
            logger.debug("A statement could not be cancelled: %r", error)


def cut_off(databases: Iterable[BaseDatabaseWrapper]) -> bool:
    """Shuts down these connections while they are in use, and renews their pools. Never blocks.

    Returns whether there was one to a server. A thread without one may be waiting for a full pool,
    which says nothing about the connections of that pool.
    """
    shut_down = [database for database in databases if _try_to_shut_down(database.connection)]
    renew_pools(shut_down)
    return bool(shut_down)


def renew_pools(databases: Iterable[BaseDatabaseWrapper]) -> None:
    """Has psycopg's pools replace their idle connections: if one is dead or hangs, the others
    probably do, too. Never blocks."""
    for database in databases:
        pool: Any = getattr(database, "pool", None)  # Django 5.1 on, PostgreSQL
        if hasattr(pool, "drain"):  # psycopg_pool 3.3 on
            pool.drain()


def _open(databases: Iterable[BaseDatabaseWrapper]) -> list[Any]:
    found = [database.connection for database in databases]
    return [one for one in found if one is not None]


def _cancel(connection: Any) -> None:
    if hasattr(connection, "interrupt"):  # sqlite3
        connection.interrupt()
    elif hasattr(connection, "cancel_safe"):  # psycopg 3.2 on
        connection.cancel_safe(timeout=CANCEL_TIMEOUT_S)
    elif hasattr(connection, "cancel"):
        connection.cancel()


def _try_to_shut_down(connection: Any) -> bool:
    if not hasattr(connection, "fileno"):  # None, or SQLite's, which has no socket
        return False
    try:
        _shut_down(connection)
    except Exception as error:
        logger.debug("A connection could not be shut down: %r", error)
        return False
    return True


def _shut_down(connection: Any) -> None:
    number = connection.fileno()
    copy = os.dup(number)
    try:
        shared = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
    with shared:
        # The thread may have closed the connection, and the number may belong to another file by
        # now. If it is still open, it was open when the number was copied. A closed one raises.
        if connection.fileno() == number:
            shared.shutdown(socket.SHUT_RDWR)

"""Ends from outside what another thread waits for in a database driver.

Python cannot interrupt such a thread, but it can end the statement, by a cancel request, or the
connection, by shutting its socket down: then the driver raises in the thread that waits.
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
    """As far as its driver knows without asking; psycopg knows once a statement has failed."""
    return bool(getattr(connection, "closed", False))


def cancel(databases: Iterable[BaseDatabaseWrapper]) -> None:
    """Asks the databases to end the statements under way on these connections. It may hang, where
    the driver knows no limit."""
    for connection in _open(databases):
        try:
            _cancel(connection)
        except Exception as error:
            logger.debug("A statement could not be cancelled: %r", error)


def cut_off(databases: Iterable[BaseDatabaseWrapper]) -> bool:
    """Ends these connections under whoever uses them, and has their pools renewed; whether there
    was one to a server. Who has none may wait for a full pool, which says nothing of the
    connections in it. Never waits."""
    ended = [database for database in databases if _was_shut_down(database.connection)]
    renew_pools(ended)
    return bool(ended)


def renew_pools(databases: Iterable[BaseDatabaseWrapper]) -> None:
    """Has psycopg's pools open new connections instead of those that lie in them: what one has
    died of, or hangs on, the others probably do. Never waits."""
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


def _was_shut_down(connection: Any) -> bool:
    if not hasattr(connection, "fileno"):  # there is none, or it is SQLite's, without a socket
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
        # Its thread may have closed it, and the number may be another's; if it is open still, it
        # was when it was copied. A closed connection raises here.
        if connection.fileno() == number:
            shared.shutdown(socket.SHUT_RDWR)

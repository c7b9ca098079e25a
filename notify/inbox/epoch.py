"""The lineage of a database: what an epoch carries beside the inbox's own random part.

A restore or a failover that lost commits may bring back a version that clients have seen with
other rows. On PostgreSQL the system identifier names the cluster and the timeline names its
history (a promotion starts a new one), so both become part of every epoch.
"""

from __future__ import annotations

import hashlib
import time
from weakref import WeakKeyDictionary

from django.db.backends.base.base import BaseDatabaseWrapper

from notify.inbox import sql

# Another server may stand behind the same connection only through a pooler, hence the limit.
LINEAGE_LIFETIME_S = 10.0

_lineages: WeakKeyDictionary[object, tuple[float, str]] = WeakKeyDictionary()


def full(own: str) -> str:
    """The epoch that clients see, of an inbox's own part."""
    return own + suffix()


def suffix() -> str:
    """What `full` adds; for whoever has many."""
    lineage = current_lineage()
    return f".{lineage}" if lineage else ""


def current_lineage() -> str:
    """Eight hexadecimal digits, or nothing on SQLite."""
    if not sql.is_postgresql():
        return ""
    return _cached(sql.connection())


def _cached(connection: BaseDatabaseWrapper) -> str:
    connection.ensure_connection()
    now = time.monotonic()
    read_at, lineage = _lineages.get(connection.connection, (0.0, ""))
    if not lineage or now - read_at > LINEAGE_LIFETIME_S:
        lineage = _read()
        _lineages[connection.connection] = (now, lineage)
    return lineage


def _read() -> str:
    # A WAL file's name begins with the timeline. It cannot be asked while in recovery, where
    # nothing is written and no client is served changes.
    [(identifier, timeline)] = sql.fetch(
        "SELECT (SELECT system_identifier FROM pg_control_system()),"
        " CASE WHEN pg_is_in_recovery() THEN ''"
        " ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END"
    )
    return hashlib.sha256(f"{identifier}/{timeline}".encode()).hexdigest()[:8]

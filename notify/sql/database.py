"""Facts about the database: its lineage, its deployment, its clock.

They are read in one query per connection, and again after ten seconds, because another server may
answer behind the same connection after a failover or through a pooler.

Lineage: a restore or a failover that lost commits may bring back a version that clients have seen
with other rows. On PostgreSQL the system identifier names the cluster and the timeline names its
history (a promotion starts a new one), so both become part of every epoch.

Deployment: distinguishes the processes of one deployment from others on the same channel layer. It
is a hash of a random number in a row of the database and of what differs in each copy of the
database: the name and OID of a PostgreSQL database and the start time of its server, or the inode
of SQLite's file. It has no address, because processes may use different ones.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Collection
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from notify import conf, sql
from notify.models import Deployment
from notify.sql import waits

logger = logging.getLogger(__name__)

FACTS_LIFETIME_S = 10.0

# Expressions that a role may be refused: hardened servers revoke these functions, and Aurora has
# some of them in name only. The name of a WAL file begins with the timeline. It cannot be read
# during recovery, when nothing is written and no client is served changes.
_OPTIONAL = {
    "lineage": """(SELECT system_identifier FROM pg_control_system())::text || '/' ||
        CASE WHEN pg_is_in_recovery() THEN ''
            ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END""",
    "start time": "extract(epoch FROM pg_postmaster_start_time())::text",
}
# Classes of SQLSTATE: access refused or unknown function; unsupported; not in this state.
_REFUSALS = {"42", "0A", "55"}


class Facts(NamedTuple):
    lineage: str  # eight hexadecimal digits; empty if unknown
    deployment: str  # 16 hexadecimal digits
    # The database's clock minus the monotonic clock of this process; None on SQLite, which uses
    # the clock of this machine.
    clock_offset_s: float | None
    isolation: str  # the default isolation level; empty on SQLite, which has only one


_known: WeakKeyDictionary[object, tuple[float, Facts]] = WeakKeyDictionary()
_refused: dict[str, set[str]] = {}  # names of _OPTIONAL, by the alias of the database
_last_deployment: str | None = None


def facts() -> Facts:
    """Facts about the database behind this thread's connection, at most ten seconds old."""
    connection = sql.connection()
    on_postgresql = connection.vendor == "postgresql"
    _drop_if_dead(connection)
    connection.ensure_connection()
    # Not the wrapper, which gets one connection of a pool after the other. SQLite's connections
    # take no weak reference, and have no pool.
    holder = connection.connection if on_postgresql else connection
    read_at, found = _known.get(holder, (0.0, None))
    if found is None or time.monotonic() - read_at > FACTS_LIFETIME_S:
        found = _of_postgresql(connection) if on_postgresql else _of_sqlite()
        _known[holder] = (time.monotonic(), found)
        _note_deployment(found.deployment)
    return found


def now() -> datetime:
    """The time by the database's clock, off by half a round trip at most.

    In whole milliseconds, as the protocol writes times: clients see what is stored. Times that are
    stored for comparison come from this clock, because those of processes differ.
    """
    offset_s = facts().clock_offset_s
    moment = datetime.now(UTC)
    if offset_s is not None:
        moment = datetime.fromtimestamp(time.monotonic() + offset_s, UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def deployment() -> str | None:
    """The deployment as last read by this process, for code that must not query the database.

    None if it has not been read yet.
    """
    named = conf.current().deployment
    return _last_deployment if named is None else _digest(named)[:16]


def renew_deployment() -> None:
    """Makes a copy of a database a deployment of its own.

    Running processes notice within 20 s: facts are cached for ten, and each sweep reads them.
    """
    Deployment.objects.update_or_create(
        pk=Deployment.ONLY, defaults={"identity": Deployment.new_identity()}
    )
    forget()


def refused() -> list[str]:
    """The names of the optional facts that PostgreSQL does not let this role read."""
    return sorted(_refused_now(sql.connection())) if sql.is_postgresql() else []


def forget() -> None:
    """Clears the cache."""
    global _last_deployment  # noqa: PLW0603
    _known.clear()
    _refused.clear()
    _last_deployment = None


def _drop_if_dead(connection: BaseDatabaseWrapper) -> None:
    """Closes a connection that is unusable after a failure, so that the next call opens another.

    Django does so at the end of a request, which coroutines, commands and threads do not have.
    """
    if connection.connection is None or not connection.errors_occurred:
        return
    if connection.in_atomic_block or not connection.get_autocommit():
        return  # the code that began the transaction gets the error
    if connection.is_usable():
        connection.errors_occurred = False
    else:
        connection.close()


def _note_deployment(identity: str) -> None:
    global _last_deployment  # noqa: PLW0603
    _last_deployment = identity


def _of_postgresql(connection: BaseDatabaseWrapper) -> Facts:
    refused = _refused.setdefault(connection.alias, set())
    try:
        asked_at, answer = _query_all(connection, refused)
    except DatabaseError as error:
        newly_refused = _refused_now(connection) - refused if _is_refusal(error) else set()
        if not newly_refused:
            raise
        refused |= newly_refused
        logger.warning(
            "This PostgreSQL role may not read %s. Run `manage.py notify_restored` after every "
            "restore, copy or failover of the database.",
            " and ".join(sorted(refused)),
        )
        asked_at, answer = _query_all(connection, refused)
    lineage, clock, isolation, *identity = answer
    return Facts(
        lineage=_digest(lineage)[:8] if lineage else "",
        deployment=_deployment_of(identity),
        clock_offset_s=float(clock) - asked_at,
        isolation=isolation,
    )


def _query_all(
    connection: BaseDatabaseWrapper, refused: Collection[str]
) -> tuple[float, tuple[Any, ...]]:
    """The middle of the round trip by the monotonic clock, and the answer."""
    lineage, start_time = (
        "NULL" if name in refused else expression for name, expression in _OPTIONAL.items()
    )
    began = time.monotonic()
    answer = _query(
        connection,
        f"""SELECT {lineage}, extract(epoch FROM clock_timestamp()),
            current_setting('default_transaction_isolation'), {start_time}, current_database(),
            (SELECT oid FROM pg_database WHERE datname = current_database()),
            (SELECT identity FROM notify_deployment)""",
    )
    return (began + time.monotonic()) / 2, answer


def _refused_now(connection: BaseDatabaseWrapper) -> set[str]:
    refused = set()
    for name, expression in _OPTIONAL.items():
        try:
            _query(connection, f"SELECT {expression}")
        except DatabaseError as error:
            if not _is_refusal(error):
                raise
            refused.add(name)
    return refused


def _query(connection: BaseDatabaseWrapper, query: str) -> tuple[Any, ...]:
    """The only row of a query. An open transaction stays usable if the query is refused."""
    guard = (
        transaction.atomic(using=connection.alias) if connection.in_atomic_block else nullcontext()
    )
    with guard:
        return waits.fetch(query)[0]


def _is_refusal(error: DatabaseError) -> bool:
    return str(getattr(error.__cause__, "sqlstate", None))[:2] in _REFUSALS


def _of_sqlite() -> Facts:
    [(_, _, file)] = [row for row in sql.fetch("PRAGMA database_list") if row[1] == "main"]
    [(identity,)] = sql.fetch("SELECT (SELECT identity FROM notify_deployment)")
    inode = Path(file).stat().st_ino if file else None  # it may be in memory
    return Facts("", _deployment_of([identity, inode]), clock_offset_s=None, isolation="")


def _deployment_of(identity: list[Any]) -> str:
    named = conf.current().deployment
    return _digest("/".join(map(str, identity)) if named is None else named)[:16]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

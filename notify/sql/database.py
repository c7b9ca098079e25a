"""What the database says of itself: its lineage, its deployment, its clock.

Read in one query for each connection, and again after ten seconds, because another server may
come to answer behind the same connection (a failover, a pooler).

Lineage: a restore or a failover that lost commits may bring back a version that clients have seen
with other rows. On PostgreSQL the system identifier names the cluster and the timeline names its
history (a promotion starts a new one), so both become part of every epoch.

Deployment: tells the processes of one deployment from those of others that use the same channel
layer. It is a hash of a random number in a row of the database and of what differs in each copy
of it: the name and number of a PostgreSQL database and when its server was started, the number of
SQLite's file. No address is in it, because processes may come by several.
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

# What a role may be refused: hardened servers revoke these functions, and Aurora has some of them
# in name only. A WAL file's name begins with the timeline. It cannot be asked while in recovery,
# where nothing is written and no client is served changes.
_OPTIONAL = {
    "lineage": "(SELECT system_identifier FROM pg_control_system())::text || '/' ||"
    " CASE WHEN pg_is_in_recovery() THEN ''"
    " ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END",
    "start time": "extract(epoch FROM pg_postmaster_start_time())::text",
}
# Classes of SQLSTATE: access refused or unknown function; unsupported; not in this state.
_REFUSALS = {"42", "0A", "55"}


class Facts(NamedTuple):
    lineage: str  # eight hexadecimal digits; empty where the database does not tell
    deployment: str  # 16 hexadecimal digits
    # The database's clock less the monotonic one of this process; None on SQLite, whose
    # clock is this machine's.
    clock_offset_s: float | None
    isolation: str  # of transactions that ask for none; empty on SQLite, which has one


_known: WeakKeyDictionary[object, tuple[float, Facts]] = WeakKeyDictionary()
_refused: dict[str, set[str]] = {}  # names of _OPTIONAL, by the alias of the database
_last_deployment: str | None = None


def facts() -> Facts:
    """What is known of the database behind this thread's connection, at most ten seconds old."""
    connection = sql.connection()
    _drop_if_dead(connection)
    connection.ensure_connection()
    # Not the wrapper, which has one connection of a pool after the other. SQLite's take no weak
    # reference, and have no pool.
    holder = connection.connection if sql.is_postgresql() else connection
    read_at, found = _known.get(holder, (0.0, None))
    if found is None or time.monotonic() - read_at > FACTS_LIFETIME_S:
        found = _of_postgresql(connection) if sql.is_postgresql() else _of_sqlite()
        _known[holder] = (time.monotonic(), found)
        _note_deployment(found.deployment)
    return found


def now() -> datetime:
    """The time by the database's clock, in whole milliseconds, as the protocol writes it: what is
    stored is what is told. Clocks of processes differ, so whatever is stored to be compared is of
    this one. It is off by half a round trip at most."""
    offset_s = facts().clock_offset_s
    moment = datetime.now(UTC)
    if offset_s is not None:
        moment = datetime.fromtimestamp(time.monotonic() + offset_s, UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def deployment() -> str | None:
    """The deployment as this process has read it last, for code that may not ask the database
    now; None where it has not been read yet."""
    named = conf.current().deployment
    return _last_deployment if named is None else _digest(named)[:16]


def renew_deployment() -> None:
    """Gives this database a name of its own, other than that of what it is a copy of. Running
    processes notice within 20 s: what they know holds for ten, and each sweep asks."""
    Deployment.objects.update_or_create(
        pk=Deployment.ONLY, defaults={"identity": Deployment.new_identity()}
    )
    forget()


def refused() -> list[str]:
    """What PostgreSQL does not tell this role, and what notify does without."""
    return sorted(_refused_now(sql.connection())) if sql.is_postgresql() else []


def forget() -> None:
    """Has everything read anew."""
    global _last_deployment  # noqa: PLW0603
    _known.clear()
    _refused.clear()
    _last_deployment = None


def _drop_if_dead(connection: BaseDatabaseWrapper) -> None:
    """After a failure, so that the next call has another. Django looks where a request ends, and
    a coroutine, a command or a thread that lives for long has none."""
    if connection.connection is None or not connection.errors_occurred:
        return
    if connection.in_atomic_block or not connection.get_autocommit():
        return  # whoever has begun it is told
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
        asked, told = _ask_all(connection, refused)
    except DatabaseError as error:
        newly_refused = _refused_now(connection) - refused if _is_refusal(error) else set()
        if not newly_refused:
            raise
        refused |= newly_refused
        logger.warning(
            "PostgreSQL does not tell this role its %s. After a restore, a copy or a failover of "
            "the database run `manage.py notify_restored`.",
            " and ".join(sorted(refused)),
        )
        asked, told = _ask_all(connection, refused)
    lineage, clock, isolation, *identity = told
    return Facts(
        lineage=_digest(lineage)[:8] if lineage else "",
        deployment=_deployment_of(identity),
        clock_offset_s=float(clock) - asked,
        isolation=isolation,
    )


def _ask_all(
    connection: BaseDatabaseWrapper, refused: Collection[str]
) -> tuple[float, tuple[Any, ...]]:
    """When it was asked, in the middle of the round trip by the monotonic clock, and the answer."""
    lineage, start = ("NULL" if name in refused else asked for name, asked in _OPTIONAL.items())
    began = time.monotonic()
    told = _ask(
        connection,
        f"SELECT {lineage}, extract(epoch FROM clock_timestamp()),"
        f" current_setting('default_transaction_isolation'), {start}, current_database(),"
        " (SELECT oid FROM pg_database WHERE datname = current_database()),"
        f" (SELECT identity FROM {sql.table(Deployment)})",
    )
    return (began + time.monotonic()) / 2, told


def _refused_now(connection: BaseDatabaseWrapper) -> set[str]:
    refused = set()
    for name, expression in _OPTIONAL.items():
        try:
            _ask(connection, f"SELECT {expression}")
        except DatabaseError as error:
            if not _is_refusal(error):
                raise
            refused.add(name)
    return refused


def _ask(connection: BaseDatabaseWrapper, query: str) -> tuple[Any, ...]:
    """Its only row. Where it is refused, a transaction that is open stays usable."""
    guard = (
        transaction.atomic(using=connection.alias) if connection.in_atomic_block else nullcontext()
    )
    with guard:
        return waits.fetch(query)[0]


def _is_refusal(error: DatabaseError) -> bool:
    return str(getattr(error.__cause__, "sqlstate", None))[:2] in _REFUSALS


def _of_sqlite() -> Facts:
    [(_, _, file)] = [row for row in sql.fetch("PRAGMA database_list") if row[1] == "main"]
    [(identity,)] = sql.fetch(f"SELECT (SELECT identity FROM {sql.table(Deployment)})")
    number = Path(file).stat().st_ino if file else None  # it may be in memory
    return Facts("", _deployment_of([identity, number]), clock_offset_s=None, isolation="")


def _deployment_of(identity: list[Any]) -> str:
    named = conf.current().deployment
    return _digest("/".join(map(str, identity)) if named is None else named)[:16]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

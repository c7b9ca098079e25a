"""DATABASES and DATABASE_ROUTERS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import InterfaceError, OperationalError, connections, router

from notify.models import primary
from notify.sql import database


@register("notify")
def check_one_database(**options: Any) -> list[CheckMessage]:
    """notify.E004: foreign keys and SQL need notify's rows and the users in one database."""
    elsewhere = [
        f"{model._meta.label} in {alias!r}"
        for model in (get_user_model(), *apps.get_app_config("notify").get_models())
        if (alias := router.db_for_write(model)) != primary()
    ]
    if not elsewhere:
        return []
    return [
        Error(
            f"DATABASE_ROUTERS put the inboxes in {primary()!r}, but {', '.join(elsewhere)}. They "
            "need the same database.",
            hint="Have db_for_write return the users' database for all models of notify.",
            id="notify.E004",
        )
    ]


@register(Tags.database, "notify")
def check_database(*, databases: Sequence[str] | None = None, **options: Any) -> list[CheckMessage]:
    """notify.E002, E003, E006, W002, W011: which database it is, and its options and rights."""
    alias = primary()
    if alias not in (databases or ()):
        return []
    connection = connections[alias]
    if connection.vendor not in {"postgresql", "sqlite"}:
        return [
            Error(
                f"notify does not run on {connection.display_name}.",
                hint="Use PostgreSQL 15 or later, or SQLite 3.35 or later.",
                id="notify.E002",
            )
        ]
    if connection.vendor == "sqlite":
        return _check_sqlite(connection.settings_dict)
    return _check_role()


def _check_role() -> list[CheckMessage]:
    try:
        refused = database.refused()
    except (OperationalError, InterfaceError):  # unreachable, which others report better
        return []
    if not refused:
        return []
    return [
        Warning(
            f"This PostgreSQL role may not read {' and '.join(refused)}: a failover that loses "
            "commits, or a copy of the database, goes unnoticed.",
            hint="GRANT EXECUTE ON FUNCTION pg_control_system(), pg_current_wal_insert_lsn(), "
            "pg_walfile_name(pg_lsn), pg_is_in_recovery(), pg_postmaster_start_time() TO the role; "
            "or run `manage.py notify_restored` after each failover and each copy, and silence "
            "this check.",
            id="notify.W011",
        )
    ]


def _check_sqlite(entry: dict[str, Any]) -> list[CheckMessage]:
    """Checks this entry of DATABASES."""
    found: list[CheckMessage] = []
    if entry.get("OPTIONS", {}).get("transaction_mode") != "IMMEDIATE":
        found.append(
            Error(
                "On SQLite, a transaction that reads first and writes later fails if another one "
                "has written in between.",
                hint="Set 'transaction_mode': 'IMMEDIATE' in its OPTIONS in DATABASES.",
                id="notify.E003",
            )
        )
    if entry.get("TIME_ZONE") not in {None, "UTC"}:
        found.append(
            Error(
                f"The times in this SQLite database are in {entry['TIME_ZONE']}, but SQLite's own "
                "clock is in UTC: expiry and `send_at` would be hours off.",
                hint="Remove TIME_ZONE from DATABASES, or give notify a database of its own "
                "(DATABASE_ROUTERS), or use PostgreSQL.",
                id="notify.E006",
            )
        )
    if entry.get("ATOMIC_REQUESTS"):
        found.append(
            Warning(
                "With ATOMIC_REQUESTS every request takes SQLite's only write lock.",
                hint="Set it to False, or use PostgreSQL.",
                id="notify.W002",
            )
        )
    return found

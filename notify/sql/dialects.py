"""Chooses the SQL of the database that holds the inboxes."""

from __future__ import annotations

from types import ModuleType

from notify import sql
from notify.sql import postgresql, sqlite


def dialect() -> ModuleType:
    """The module with the statements for this database; both modules have the same names."""
    return postgresql if sql.is_postgresql() else sqlite

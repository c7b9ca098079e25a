"""The epochs of inboxes. Each has the inbox's own random part, and the lineage of the database."""

from __future__ import annotations

from notify.sql import database


def full(own: str) -> str:
    """The epoch that clients see, of an inbox's own part."""
    return own + suffix()


def suffix() -> str:
    """What `full` adds; for whoever has many."""
    lineage = database.facts().lineage
    return f".{lineage}" if lineage else ""

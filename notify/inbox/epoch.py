"""Epochs: which life of an inbox's version counter a cursor belongs to.

An epoch joins the inbox's own random part with the lineage of the database.
"""

from __future__ import annotations

from notify.sql import database


def full(own: str) -> str:
    """The epoch that clients see, made of an inbox's own part."""
    return own + suffix()


def suffix() -> str:
    """What `full` appends; read it once for many inboxes."""
    lineage = database.facts().lineage
    return f".{lineage}" if lineage else ""

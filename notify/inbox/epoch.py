"""Epochs: which life of an inbox's version counter a cursor belongs to.

An epoch joins the inbox's own random part with the lineage of the database.
"""

from __future__ import annotations

from notify.exceptions import EpochChanged
from notify.sql import database


def full(own: str) -> str:
    """The epoch that clients see, made of an inbox's own part."""
    return own + suffix()


def check(own: str, of_client: str) -> None:
    """Checks the epoch of a client's cursor against an inbox's own part.

    Raises:
        EpochChanged: if the cursor belongs to another life of the inbox.
    """
    if full(own) != of_client:
        raise EpochChanged(
            "This cursor is from an earlier epoch of the inbox. Read the inbox again."
        )


def suffix() -> str:
    """What `full` appends; read it once for many inboxes."""
    lineage = database.facts().lineage
    return f".{lineage}" if lineage else ""

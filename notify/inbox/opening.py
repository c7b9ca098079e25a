"""Inboxes are created when they are first needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from notify import sql
from notify.models import Inbox, user_pk
from notify.sql.dialects import dialect
from notify.sql.keys import database_key


def open_inboxes(keys: str, params: Sequence[Any]) -> None:
    """Creates the missing inboxes of these users, in the order in which they are locked.

    Args:
        keys: a subquery of users' keys; those who do not exist are skipped.
        params: its parameters.
    """
    sql.execute(
        f"""INSERT INTO notify_inbox
            (user_id, epoch, version, floor, acknowledged, unseen, unread)
        SELECT person.user_id, {dialect().NEW_EPOCH}, 0, 0, 0, 0, 0
        FROM {dialect().existing(keys)} AS person
        WHERE TRUE
        ORDER BY person.user_id
        ON CONFLICT DO NOTHING""",
        params,
    )


def locked_inbox(user: str) -> Inbox:
    """The user's inbox under its row lock, created if it is missing."""
    locked = Inbox.objects.select_for_update().filter(pk=user_pk(user))
    inbox = locked.first()
    if inbox is None:
        keys = sql.json_array([database_key(user)])
        open_inboxes(dialect().keys_in_array(), [keys])
        inbox = locked.get()
    return inbox

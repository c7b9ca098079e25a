"""Upkeep of inboxes: deletions, counts, acknowledged versions, and epochs after a restore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from notify import sql
from notify.changes import Change
from notify.inbox import opening, stepping
from notify.models import Notification
from notify.sql import database, transactions
from notify.sql.dialects import dialect
from notify.sql.keys import database_key, database_keys, public_key


def delete_rows(user: str, ids: Sequence[int]) -> Change | None:
    """Deletes a user's copies of notices. A change too: older cursors become void.

    Args:
        user: `str(user.pk)`.
        ids: ids of notices.
    """
    return transactions.in_transaction(lambda: _delete(user, ids))


def _delete(user: str, ids: Sequence[int]) -> Change | None:
    inbox = opening.locked_inbox(user)
    rows = Notification.objects.filter(user_id=inbox.pk, notice__in=ids)
    counts = {name: -count for name, count in stepping.count_in(inbox, rows).items()}
    deleted, _ = rows.delete()
    return stepping.advance(inbox, deleted, **counts, floor=deleted > 0)


def recount(user: str) -> Change | None:
    """Sets the counts to what the rows say; None if they were right."""
    return transactions.in_transaction(lambda: _recount(user))


def _recount(user: str) -> Change | None:
    inbox = opening.locked_inbox(user)
    unseen, unread, overlooked = stepping.counted(inbox)
    return stepping.advance(
        inbox,
        0,
        unseen=unseen - inbox.unseen,
        unread=unread - inbox.unread,
        overlooked=overlooked - inbox.overlooked,
    )


def acknowledge(versions: Mapping[str, int]) -> set[str]:
    """Records the versions that clients have applied.

    Inboxes that are locked are skipped, because an acknowledgement is not worth waiting for.

    Args:
        versions: the version of each user's inbox.

    Returns:
        The users whose inboxes were not locked.
    """
    return transactions.in_transaction(lambda: _acknowledge(versions))


def _acknowledge(versions: Mapping[str, int]) -> set[str]:
    free = sql.fetch(
        f"""SELECT user_id FROM notify_inbox
        WHERE user_id IN {dialect().keys_in_array()}
        ORDER BY user_id {dialect().lock("FOR NO KEY UPDATE SKIP LOCKED")}""",
        [sql.json_array(database_keys(versions))],
    )
    users = {public_key(key) for (key,) in free}
    cursors = [(0, database_key(user), versions[user]) for user in users]
    sql.execute(
        f"""UPDATE notify_inbox SET acknowledged = wanted.since, acknowledged_at = %s
        FROM {dialect().cursors(len(cursors))} AS wanted
        WHERE notify_inbox.user_id = wanted.user_id
            AND acknowledged < wanted.since AND wanted.since <= version""",
        [sql.moment(database.now()), sql.json_array(cursors)],
    )
    return users


def renew_epochs(seen: Mapping[str, int]) -> int:
    """Gives a new epoch to inboxes that have gone back, as after a restore of the database.

    Args:
        seen: the highest version of each user's inbox that this process has seen.

    Returns:
        How many inboxes are below that version.
    """
    cursors = [(0, database_key(user), version) for user, version in seen.items()]
    statement = f"""UPDATE notify_inbox SET epoch = {dialect().NEW_EPOCH}
        WHERE user_id IN (
            SELECT wanted.user_id FROM {dialect().cursors(len(cursors))} AS wanted
            WHERE wanted.user_id = notify_inbox.user_id AND notify_inbox.version < wanted.since
        )"""
    return transactions.in_transaction(lambda: sql.execute(statement, [sql.json_array(cursors)]))


def renew_all_epochs() -> int:
    """Gives a new epoch to every inbox, as after a restore, and returns their number."""
    statement = f"UPDATE notify_inbox SET epoch = {dialect().NEW_EPOCH}"
    return transactions.in_transaction(lambda: sql.execute(statement))

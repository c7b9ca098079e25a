"""Appending notices to inboxes.

Set-based SQL: recipients stay in the database, and no Python object is made per recipient except
its step. Runs in a transaction of the caller; `stepping` has the rules. An inbox is created,
locked and counted up by the same statement, in the order of the keys. So two appends cannot
deadlock, and each gets versions of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from notify import protocol, sql
from notify.changes import Change
from notify.inbox.rows import notice_row
from notify.inbox.stepping import Record, steps_of
from notify.models import Notice, Place
from notify.models.inbox import COUNTS
from notify.sql.dialects import dialect

MAX_COPIES = 5000  # of different notices, that are appended in one transaction
COPY_COLUMNS = "(notice_id, user_id, arrived, version, place)"


class Recipients(NamedTuple):
    """A subquery of users' keys in brackets, and its parameters."""

    keys: str
    params: Sequence[Any]


def append(notice_id: int, to: Recipients, *, only_new: bool = False) -> list[Record]:
    """Puts a notice into the inboxes of its recipients. Users who do not exist are skipped.

    Args:
        notice_id: the notice.
        to: the recipients.
        only_new: whether to skip those who have it already.

    Returns:
        A record for each inbox.

    Raises:
        IntegrityError: if a recipient has it already, unless `only_new`.
    """
    person = f"{dialect().existing(to.keys)} AS person"
    params = [*to.params]
    if only_new:
        person += """ WHERE NOT EXISTS (
            SELECT 1 FROM notify_notification AS copy
            WHERE copy.notice_id = %s AND copy.user_id = person.user_id
        )"""
        params.append(notice_id)
    records = sql.fetch(
        f"""{step_inboxes(f"SELECT person.user_id, 1 AS arrivals FROM {person}")}
        RETURNING user_id, epoch, version - 1, version, {COUNTS}""",
        params,
    )
    # The recipients may be others by now, so those whose inboxes were counted up.
    keys = sql.json_array(_json_key(record[0]) for record in records)
    sql.execute(
        f"""INSERT INTO notify_notification {COPY_COLUMNS}
        SELECT %s, inbox.user_id, inbox.version, inbox.version, {Place.INBOX:d}
        FROM notify_inbox AS inbox
        WHERE inbox.user_id {dialect().each_of(dialect().keys_in_array())}""",
        [notice_id, keys],
    )
    return records


def append_pairs(pairs: str, params: Sequence[Any]) -> tuple[list[Record], Counter[int]]:
    """Puts different notices into inboxes, with one step for each inbox.

    Args:
        pairs: a subquery `(notice_id, user_id)` in brackets, of copies that do not exist.
        params: its parameters.

    Returns:
        A record for each inbox, and how many copies were made of each notice.
    """
    person = f"{pairs} AS pair JOIN {dialect().existing()} AS person USING (user_id)"
    arrivals = f"SELECT person.user_id, count(*) AS arrivals FROM {person} GROUP BY person.user_id"
    stepped = sql.fetch(
        f"""{step_inboxes(arrivals)}
        RETURNING user_id, epoch, version, {COUNTS}""",
        params,
    )
    copies = sql.fetch(
        f"""INSERT INTO notify_notification {COPY_COLUMNS}
        SELECT pair.notice_id, inbox.user_id,
            inbox.version - pair.later, inbox.version - pair.later, {Place.INBOX:d}
        FROM (
            SELECT pair.notice_id, pair.user_id, row_number() OVER (
                PARTITION BY pair.user_id ORDER BY pair.notice_id DESC
            ) - 1 AS later
            FROM {pairs} AS pair
        ) AS pair
        JOIN notify_inbox AS inbox ON inbox.user_id = pair.user_id
        WHERE pair.user_id IN {dialect().keys_in_array()}
        RETURNING notice_id, user_id""",
        [*params, sql.json_array(_json_key(record[0]) for record in stepped)],
    )
    per_notice, per_user = Counter(notice for notice, _ in copies), Counter(u for _, u in copies)
    return [
        (user, own, version - per_user[user], version, *counts)
        for user, own, version, *counts in stepped
    ], per_notice


def change_of(
    records: Sequence[Record], copies: Mapping[int, int], notices: Sequence[Notice]
) -> Change:
    """The change when several notices arrived. It carries their rows if every person has got all of
    them, and they fit in one frame; else clients read them.

    Args:
        records: a record for each inbox.
        copies: how many copies were made of each notice, by its id.
        notices: the notices.
    """
    shared = sum(copies.values()) == len(records) * len(notices)
    if not shared or len(notices) > protocol.MAX_FRAME_ROWS:
        return Change(steps_of(records))
    in_order = sorted(notices, key=lambda notice: notice.pk)
    return Change(steps_of(records), [notice_row(notice) for notice in in_order])


def step_inboxes(arrivals: str) -> str:
    """Counts up the inboxes of users, which are created where they are missing.

    Args:
        arrivals: a query `(user_id, arrivals)` of users who exist, each once, and how many copies
            each gets.
    """
    # The epoch is drawn once: it only has to differ from that of an earlier life of an inbox.
    # Code that does not know `overlooked` may have left it above `unseen`: arrivals still ring.
    return f"""INSERT INTO notify_inbox AS inbox
            (user_id, epoch, version, floor, acknowledged, unseen, unread)
        SELECT person.user_id, (SELECT {dialect().NEW_EPOCH}), arrivals, 0, 0, arrivals, arrivals
        FROM ({arrivals}) AS person
        WHERE TRUE
        ORDER BY person.user_id
        ON CONFLICT (user_id) DO UPDATE SET
            version = inbox.version + excluded.version,
            unseen = inbox.unseen + excluded.unseen,
            unread = inbox.unread + excluded.unread,
            overlooked = CASE WHEN inbox.overlooked < inbox.unseen
                THEN inbox.overlooked ELSE inbox.unseen END"""


def _json_key(value: Any) -> Any:
    """A key as raw SQL returned it, for JSON."""
    return value if isinstance(value, int) else str(value)

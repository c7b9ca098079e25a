"""Appending notices to inboxes.

Set-based SQL: recipients stay in the database, and no Python object is made per recipient except
its step. Runs in a transaction of the caller; `stepping` has the rules. An inbox is created,
locked and counted up by the same statement, in the order of the keys. So two appends cannot
deadlock, and each gets versions of its own.

A copy that its recipient does not want is filed: it has its version, and counts nowhere. What
people want is asked as of now, and not when the notice was sent (`notify.readers.filing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from notify import protocol, sql
from notify.changes import Change
from notify.inbox import stepping
from notify.inbox.rows import notice_row
from notify.inbox.stepping import Record
from notify.models import Notice, Place, Reason
from notify.models.inbox import COUNTS
from notify.readers import filing
from notify.readers.deciding import Asked
from notify.sql.dialects import dialect
from notify.sql.keys import key_type, public_key

MAX_COPIES = 5000  # of different notices, that are appended in one transaction
COPY_COLUMNS = "(notice_id, user_id, arrived, version, place, placed, reason)"


class Recipients(NamedTuple):
    """A subquery of users' keys in brackets, and its parameters.

    `reason` is that of all of them; None if the subquery has one for each: `(user_id, reason)`.
    """

    keys: str
    params: Sequence[Any]
    reason: int | None = Reason.NAME


class Arrived(NamedTuple):
    """A record for each inbox, and to whom of them it came filed (`str(user.pk)`)."""

    records: list[Record]
    filed: frozenset[str] = frozenset()


def append(notice_id: int, to: Recipients, *, asked: Asked, only_new: bool = False) -> Arrived:
    """Puts a notice into the inboxes of its recipients. Users who do not exist are skipped.

    Args:
        notice_id: the notice.
        to: the recipients.
        asked: what is asked of their preferences.
        only_new: whether to skip those who have it already.

    Returns:
        A record for each inbox, and for whom it was filed.

    Raises:
        IntegrityError: if a recipient has it already, unless `only_new`.
    """
    people, params = _people(notice_id, to, only_new=only_new)
    off = filing.off_of([asked])
    if to.reason is not None and not off.asked:
        records = sql.fetch(
            f"""{
                step_inboxes(
                    f"SELECT person.user_id, 1 AS arrivals, 1 AS counted FROM {people}",
                    gate=off.gate,
                )
            }
            RETURNING user_id, epoch, version - 1, version, {COUNTS}""",
            [*to.params, *params],
        )
        # The recipients may be others by now, so those whose inboxes were counted up.
        keys = sql.json_array(_json_key(record[0]) for record in records)
        sql.execute(
            f"""INSERT INTO notify_notification {COPY_COLUMNS}
            SELECT %s, inbox.user_id, inbox.version, inbox.version, {Place.INBOX:d}, NULL,
                {to.reason:d}
            FROM notify_inbox AS inbox
            WHERE inbox.user_id {dialect().each_of(dialect().keys_in_array())}""",
            [notice_id, keys],
        )
        if records or not off.is_gated:
            return Arrived(records)
    arrived = _append_decided(notice_id, to, asked, only_new=only_new)
    if to.reason is not None and off.is_gated and arrived.records:
        filing.note_something_set()
    return arrived


def _people(
    notice_id: int, to: Recipients, *, only_new: bool, also: str = ""
) -> tuple[str, list[Any]]:
    """The recipients who exist, as `person` in a FROM with its conditions, for the parameters of
    `to`, then those of `also`, then those that are returned."""
    person = f"{dialect().existing(to.keys, reasons=to.reason is None)} AS person{also}"
    if not only_new:
        return f"{person} WHERE TRUE", []
    return (
        f"""{person} WHERE NOT EXISTS (
            SELECT 1 FROM notify_notification AS copy
            WHERE copy.notice_id = %s AND copy.user_id = person.user_id
        )""",
        [notice_id],
    )


def _append_decided(notice_id: int, to: Recipients, asked: Asked, *, only_new: bool) -> Arrived:
    """The same, after one statement that says for each of them the reason, and whether it is filed:
    what they want may change between any two statements."""
    off = filing.off_of([asked], gated=False)
    also = f", {off.asked} AS asked" if off.asked else ""
    people, params = _people(notice_id, to, only_new=only_new, also=also)
    reason = "person.reason" if to.reason is None else f"{to.reason:d}"
    decided = sql.fetch(
        f"""SELECT person.user_id, {reason}, CASE WHEN {off.condition} THEN 1 ELSE 0 END
        FROM {people}""",
        [*off.params, *to.params, *off.asked_params, *params],
    )
    element = dialect().element
    pairs = f"""(
        SELECT {element(0, key_type())} AS user_id, {element(1, "smallint")} AS reason,
            {element(2, "smallint")} AS off
        FROM {dialect().items_in_array()} AS items
    )"""
    values = sql.json_array((_json_key(key), *rest) for key, *rest in decided)
    records = sql.fetch(
        f"""{
            step_inboxes(
                f"SELECT user_id, 1 AS arrivals, 1 - off AS counted FROM {pairs} AS decided"
            )
        }
        RETURNING user_id, epoch, version - 1, version, {COUNTS}""",
        [values],
    )
    sql.execute(
        f"""INSERT INTO notify_notification {COPY_COLUMNS}
        SELECT %s, inbox.user_id, inbox.version, inbox.version, {placing("decided.off = 1")},
            decided.reason
        FROM {pairs} AS decided JOIN notify_inbox AS inbox ON inbox.user_id = decided.user_id""",
        [notice_id, values],
    )
    return Arrived(records, frozenset(public_key(key) for key, _, is_off in decided if is_off))


def placing(off: str) -> str:
    """The columns `place` and `placed` of a new copy, as SQL; `off` says whether it is filed."""
    if off == filing.NOBODY:
        return f"{Place.INBOX:d}, NULL"
    return (
        f"CASE WHEN {off} THEN {Place.FILED:d} ELSE {Place.INBOX:d} END,"
        f" CASE WHEN {off} THEN {dialect().CLOCK} END"
    )


def append_pairs(
    pairs: str, params: Sequence[Any], asked: Mapping[int, Asked]
) -> tuple[Arrived, Counter[int]]:
    """Puts different notices into inboxes, with one step for each inbox.

    Args:
        pairs: a subquery `(notice_id, user_id, reason)` in brackets, of copies that do not exist.
        params: its parameters.
        asked: what is asked of preferences, by the id of the notice.

    Returns:
        A record for each inbox, and for whom one of the notices was filed; and how many copies were
        made of each notice.
    """
    of_all, ids = list(asked.values()), list(asked)
    off = filing.off_of(of_all, ids)
    if off.asked:
        return _append_pairs(pairs, params, filed=_filed_pairs(pairs, params, off))
    arrived, copies = _append_pairs(pairs, params, gate=off.gate)
    if arrived.records or not off.is_gated:
        return arrived, copies
    off = filing.off_of(of_all, ids, gated=False)
    arrived, copies = _append_pairs(pairs, params, filed=_filed_pairs(pairs, params, off))
    if arrived.records:
        filing.note_something_set()
    return arrived, copies


def _filed_pairs(pairs: str, params: Sequence[Any], off: filing.Off) -> list[tuple[int, Any]]:
    return sql.fetch(
        f"""SELECT pair.notice_id, person.user_id
        FROM {pairs} AS pair
        JOIN {dialect().existing()} AS person USING (user_id)
        JOIN {off.asked} AS asked ON asked.notice_id = pair.notice_id
        WHERE {off.condition}""",
        [*params, *off.asked_params, *off.params],
    )


def _append_pairs(
    pairs: str,
    params: Sequence[Any],
    *,
    gate: str = "TRUE",
    filed: Iterable[tuple[int, Any]] = (),
) -> tuple[Arrived, Counter[int]]:
    off, filed_params = filing.NOBODY, []
    if filed := list(filed):
        off = f"""(pair.notice_id, pair.user_id) IN (
            SELECT filed.notice_id, filed.user_id FROM {dialect().pairs_in_array()} AS filed
        )"""
        filed_params = [sql.json_array((notice, _json_key(key)) for notice, key in filed)]
    person = f"{pairs} AS pair JOIN {dialect().existing()} AS person USING (user_id)"
    stepped = sql.fetch(
        f"""{
            step_inboxes(
                f"SELECT person.user_id, count(*) AS arrivals,"
                f" sum(CASE WHEN {off} THEN 0 ELSE 1 END) AS counted"
                f" FROM {person} GROUP BY person.user_id",
                gate=gate,
            )
        }
        RETURNING user_id, epoch, version, {COUNTS}""",
        [*filed_params, *params],
    )
    copies = sql.fetch(
        f"""INSERT INTO notify_notification {COPY_COLUMNS}
        SELECT pair.notice_id, inbox.user_id,
            inbox.version - pair.later, inbox.version - pair.later, {placing(off)}, pair.reason
        FROM (
            SELECT pair.notice_id, pair.user_id, pair.reason, row_number() OVER (
                PARTITION BY pair.user_id ORDER BY pair.notice_id DESC
            ) - 1 AS later
            FROM {pairs} AS pair
        ) AS pair
        JOIN notify_inbox AS inbox ON inbox.user_id = pair.user_id
        WHERE pair.user_id IN {dialect().keys_in_array()}
        RETURNING notice_id, user_id""",
        [
            *filed_params,
            *filed_params,
            *params,
            sql.json_array(_json_key(record[0]) for record in stepped),
        ],
    )
    per_notice, per_user = Counter(notice for notice, _ in copies), Counter(u for _, u in copies)
    records = [
        (user, own, version - per_user[user], version, *counts)
        for user, own, version, *counts in stepped
    ]
    return Arrived(records, frozenset(public_key(key) for _, key in filed)), per_notice


def change_of(arrived: Arrived, copies: Mapping[int, int], notices: Sequence[Notice]) -> Change:
    """The change when several notices arrived. It carries their rows if every person has got all of
    them, and they fit in one frame; else clients read them, as do those for whom one was filed.

    Args:
        arrived: a record for each inbox.
        copies: how many copies were made of each notice, by its id.
        notices: the notices.
    """
    steps = stepping.steps_of(arrived.records)
    shared = sum(copies.values()) == len(steps) * len(notices)
    if not shared or len(notices) > protocol.MAX_FRAME_ROWS:
        return Change(steps)
    in_order = sorted(notices, key=lambda notice: notice.pk)
    return Change(steps, [notice_row(notice) for notice in in_order], filed=arrived.filed)


def arrival(notice: Notice, arrived: Arrived, suffix: str | None = None) -> Change:
    """The change when a notice arrived; `suffix` is `epoch.suffix()`, read beforehand."""
    steps = stepping.steps_of(arrived.records, suffix)
    return Change(steps, [notice_row(notice)], filed=arrived.filed)


def step_inboxes(arrivals: str, *, gate: str = "TRUE") -> str:
    """Counts up the inboxes of users, which are created where they are missing.

    Args:
        arrivals: a query `(user_id, arrivals, counted)` of users who exist, each once, how many
            copies each gets, and how many of those count.
        gate: a condition without which nothing is done.
    """
    # The epoch is drawn once: it only has to differ from that of an earlier life of an inbox.
    # Code that does not know `overlooked` may have left it above `unseen`: arrivals still ring.
    return f"""INSERT INTO notify_inbox AS inbox
            (user_id, epoch, version, floor, acknowledged, unseen, unread)
        SELECT person.user_id, (SELECT {dialect().NEW_EPOCH}), arrivals, 0, 0, counted, counted
        FROM ({arrivals}) AS person
        WHERE {gate}
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

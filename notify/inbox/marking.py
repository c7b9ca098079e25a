"""Marking notifications as seen, read, archived and so on: some by id, or all up to a version; and
taking a mark back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from notify import sql
from notify.changes import Change
from notify.exceptions import Busy
from notify.inbox import epoch, one_statement, opening, places, stepping
from notify.inbox.marks import MARKS, UNDO, Mark, key_of
from notify.models import Inbox
from notify.sql import database, transactions, waits
from notify.sql.dialects import dialect
from notify.sql.keys import database_key

MAX_ROWS_PER_CHANGE = 2000  # a mark of everything is several changes
STALLED_S = 30.0  # a mark of everything that made no progress for so long has died
MAX_GIVEN_UP = 1000  # users

# Marks of everything that have failed half-way in this process: by user, `Inbox.marking` as they
# have left it. The next one, which may be their undo, does not wait until they count as dead.
_given_up: dict[str, datetime] = {}


@dataclass(frozen=True, slots=True)
class _Target:
    """Which notifications of an inbox to mark, and at most how many."""

    where: str  # a condition of `copy`
    params: Sequence[Any]
    limit: int
    order: str = "copy.arrived"  # by which it goes on


def mark_ids(
    user: str, as_: str, ids: Sequence[int], ref: str = "", *, language: str | None = None
) -> tuple[int, Change | None]:
    """Marks the notices with these ids, as far as the inbox has them.

    A mark that changes nothing leaves version and times as they are.

    Args:
        user: `str(user.pk)`.
        as_: a key of `MARKS`.
        ids: ids of notices.
        ref: by what `undo` can name it; empty: by nothing.
        language: of the page that marks, if it is known.

    Returns:
        The inbox's version afterwards, and the change.

    Raises:
        Busy: if the locks cannot be had in time.
    """
    mark, key = replace(MARKS[as_], language=language), key_of(ref)
    with waits.limited():
        if 0 < len(ids) <= stepping.MAX_ROWS_IN_CHANGE:
            done = one_statement.mark(user, mark, ids, key)
            if done is not None:
                return done
        return transactions.in_transaction(lambda: _mark_ids(user, mark, ids, key), rows=len(ids))


def _mark_ids(
    user: str, mark: Mark, ids: Sequence[int], key: int | None
) -> tuple[int, Change | None]:
    inbox = opening.locked_inbox(user)
    where = f"copy.notice_id IN {sql.placeholders(ids)}" if ids else "FALSE"
    change, _ = _mark(inbox, mark, _Target(where, ids, limit=len(ids)), key)
    return inbox.version, change


def mark_through(
    user: str,
    as_: str,
    client_epoch: str,
    through: int,
    ref: str = "",
    *,
    only_read: bool = False,
    language: str | None = None,
) -> Iterator[tuple[int, Change | None]]:
    """Marks all notifications that arrived at or before a version, 2,000 per transaction.

    Args:
        user: `str(user.pk)`.
        as_: a key of `MARKS`.
        client_epoch: the epoch of the client's cursor.
        through: the version.
        ref: by what `undo` can name it; empty: by nothing.
        only_read: leaves those that are unread when their turn comes.
        language: of the page that marks, if it is known.

    Yields:
        After each commit, the inbox's version and the change.

    Raises:
        EpochChanged: if the cursor belongs to another life of the inbox.
        Busy: if the locks cannot be had in time, or another such mark of this user is running.
    """
    which = f"{places.COUNTED} AND copy.read IS NOT NULL" if only_read else places.COUNTED

    def target(after: int) -> _Target:
        where = f"copy.arrived > %s AND copy.arrived <= %s AND {which}"
        return _Target(where, [after, through], MAX_ROWS_PER_CHANGE)

    mark = replace(MARKS[as_], language=language)
    yield from _in_steps(user, client_epoch, mark, key_of(ref), target)


def undo(user: str, ref: str, client_epoch: str, since: int) -> Iterator[tuple[int, Change | None]]:
    """Takes a mark back, 2,000 rows per transaction: where nothing has changed the notification
    since, it is seen, read and placed as before. Repeated, it changes nothing.

    Args:
        user: `str(user.pk)`.
        ref: that of the mark.
        client_epoch: the epoch of the client's cursor.
        since: a version of the inbox from before the mark.

    Yields:
        After each commit, the inbox's version and the change.

    Raises:
        EpochChanged: if the cursor belongs to another life of the inbox.
        Busy: if the locks cannot be had in time, or a mark of everything is running.
    """

    def target(after: int) -> _Target:
        where = "copy.version > %s AND copy.version >= %s AND copy.mark_key = copy.version + %s"
        params = [since, after, key_of(ref)]
        return _Target(where, params, MAX_ROWS_PER_CHANGE, order="copy.version")

    yield from _in_steps(user, client_epoch, UNDO, None, target)


def _in_steps(
    user: str, client_epoch: str, mark: Mark, key: int | None, target: Callable[[int], _Target]
) -> Iterator[tuple[int, Change | None]]:
    """Carries out a mark of any number of rows: `target` says where it goes on."""
    reached: int | None = 0  # each change begins where the last one ended
    noted: datetime | None = None
    while reached is not None:

        def step(after: int = reached) -> tuple[Inbox, Change | None, int | None]:
            inbox = opening.locked_inbox(user)
            epoch.check(inbox.epoch, client_epoch)
            if after == 0:
                _refuse_a_second(inbox)
            change, reached = _mark(inbox, mark, target(after), key)
            _note_marking(inbox, None if reached is None else database.now())
            return inbox, change, reached

        try:
            inbox, change, reached = transactions.in_transaction(step, rows=waits.ROWS_OF_A_BATCH)
        except Exception:
            if noted is not None:
                if len(_given_up) >= MAX_GIVEN_UP:
                    _given_up.clear()
                _given_up[user] = noted
            raise
        noted = inbox.marking
        yield inbox.version, change


def _mark(
    inbox: Inbox, mark: Mark, target: _Target, key: int | None
) -> tuple[Change | None, int | None]:
    """The change, and how far it has come in the order of its target if some may be left."""
    chosen = (
        "notify_notification AS copy"
        f" WHERE copy.user_id = %s AND {target.where} AND {mark.changes}"
        f" ORDER BY {target.order}, copy.arrived LIMIT {target.limit}"
    )
    params = [database_key(inbox.pk), *target.params]
    [(rows, last, unseen, unread, overlooked)] = sql.fetch(
        f"""SELECT count(*), max({target.order}), sum({mark.unseen}), sum({mark.unread}),
            sum(CASE WHEN {places.BEFORE_OPENED} THEN {mark.unseen} ELSE 0 END)
        FROM (SELECT copy.* FROM {chosen}) AS copy,
            (SELECT CAST(%s AS bigint) AS opened) AS inbox""",
        [*params, inbox.opened],
    )
    if rows:
        row_id = dialect().ROW_ID
        sets, times = mark.assignments(sql.moment(database.now()))
        sql.execute(
            f"""UPDATE notify_notification SET {sets}, version = %s, mark_key = %s
            WHERE {row_id} {dialect().each_of(f"(SELECT copy.{row_id} FROM {chosen})")}""",
            [*times, to := inbox.version + 1, None if key is None else to + key, *params],
        )
    change = stepping.advance(
        inbox, rows, unseen=unseen or 0, unread=unread or 0, overlooked=overlooked or 0
    )
    return change, last if rows == target.limit else None


def _refuse_a_second(inbox: Inbox) -> None:
    since = inbox.marking
    if since is None or since == _given_up.get(str(inbox.pk)):
        return
    if (database.now() - since).total_seconds() < STALLED_S:
        raise Busy("Another mark with `through` is running in this inbox. Try again in a moment.")


def _note_marking(inbox: Inbox, since: datetime | None) -> None:
    if inbox.marking != since:
        inbox.marking = since
        inbox.save(update_fields=["marking"])

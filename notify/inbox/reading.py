"""Reading inboxes. Rows and version come from one statement, so that they belong together.

If the rows were read first and the version in a second statement, a writer between them could move
the version past rows that were not read, and a client that takes that version never gets them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from notify import sql
from notify.changes import Cursor, Reading, Row
from notify.inbox import epoch, opening, places
from notify.inbox.rows import columns, row_of
from notify.models.inbox import COUNTS
from notify.sql import transactions
from notify.sql.dialects import dialect
from notify.sql.keys import database_key, database_keys, public_key

MAX_CHANGED_ROWS = 200  # more of them are sent as a reset
MAX_ROWS_OF_A_VERSION = 50  # a frame is cut between versions, so more than fit are a reset
RESET_ROWS = 50
CATEGORY_ROWS = 1000
SEARCHED_ROWS = 5000  # for one page: the text of each row is searched without an index
USERS_PER_QUERY = 5000

_SHOWN = places.COUNTED
_TABS = {
    "all": _SHOWN,
    "unread": f"copy.read IS NULL AND {_SHOWN}",
    "archived": places.IN_ARCHIVE,
}
TABS = tuple(_TABS)

_BY_VERSION = "copy.version"
_NEWEST_FIRST = "copy.arrived DESC"


def changes(wanted: Sequence[tuple[str, Cursor | None]]) -> list[Reading | None]:
    """What has happened in inboxes since a cursor. Missing inboxes are created.

    Args:
        wanted: users, each with a cursor or None.

    Returns:
        A reading for each, in the same order: the changes, or a reset where the changes are not
        known or too many. None for a user who does not exist.
    """
    readings: list[Reading | None] = [None] * len(wanted)
    known = [(n, user, cursor) for n, (user, cursor) in enumerate(wanted) if cursor is not None]
    for n, reading, floor in _read_changes(known):
        cursor = wanted[n][1]
        if cursor is not None and _follows(reading, cursor, floor):
            readings[n] = reading
    missing = [(n, user) for n, (user, _) in enumerate(wanted) if readings[n] is None]
    for n, reading in _read_resets(missing):
        readings[n] = reading
    return readings


def resets(users: Sequence[str], rows: int = RESET_ROWS) -> list[Reading | None]:
    """Each user's inbox as it is now, with its newest `rows` rows."""
    readings: list[Reading | None] = [None] * len(users)
    for n, reading in _read_resets(list(enumerate(users)), rows):
        readings[n] = reading
    return readings


def page(
    user: str,
    *,
    tab: str = "all",
    category: str | None = None,
    level: str | None = None,
    q: str = "",
    before: int | None = None,
    limit: int = RESET_ROWS,
) -> Reading | None:
    """One page of an inbox by arrival, newest first.

    Args:
        user: `str(user.pk)`.
        tab: one of `TABS`.
        category: only notices of this category.
        level: only notices of this level.
        q: only notices whose title or body contains this. A page of a search looks at
            SEARCHED_ROWS rows, so it may be short or empty although there are older rows; `next`
            says where to go on.
        before: only rows that arrived below this version.
        limit: at most so many rows.

    Returns:
        The page; None if the user has no inbox.
    """
    searched_to = _end_of_search(user, tab, before) if q else None
    filters = {
        "copy.arrived < %s": before,
        "copy.arrived >= %s": searched_to,
        "notice.category = %s": category,
        "notice.level = %s": level,
    }
    conditions = [condition for condition, value in filters.items() if value is not None]
    params: list[Any] = [value for value in filters.values() if value is not None]
    if q:
        contains = dialect().contains
        conditions.append(f"({contains('notice.title')} OR {contains('notice.body')})")
        params += [dialect().contains_parameter(q)] * 2
    where = " AND ".join([_TABS[tab], *conditions])
    by_notice = category is not None or level is not None or bool(q)
    cursors = [(0, user, 0)]
    for _, reading, _floor in _read(
        cursors, where, [*params, limit + 1], _NEWEST_FIRST, by_notice=by_notice
    ):
        cut = _cut(reading, limit)
        return cut if cut.next is not None else replace(cut, next=searched_to)
    return None


def _end_of_search(user: str, tab: str, before: int | None) -> int | None:
    """The `arrived` of the last row that a search looks at; None if it looks at all rows."""
    below = "" if before is None else "AND copy.arrived < %s"
    found = sql.fetch(
        f"""SELECT copy.arrived FROM notify_notification AS copy
        WHERE copy.user_id IN {dialect().single_key()} AND {_TABS[tab]} {below}
        ORDER BY copy.arrived DESC LIMIT 2 OFFSET %s""",
        [database_key(user), *([] if before is None else [before]), SEARCHED_ROWS - 1],
    )
    return found[0][0] if len(found) == 2 else None


def categories(user: str) -> list[str]:
    """The categories of an inbox's newest 1,000 rows, including archived ones; sorted."""
    # Each part reads one index. A subquery looks up each notice by its key, however many there
    # are. A join may not.
    newest = " UNION ALL ".join(
        f"""SELECT * FROM (
            SELECT copy.notice_id, copy.arrived FROM notify_notification AS copy
            WHERE copy.user_id = {dialect().single_key()} AND {where}
            ORDER BY copy.arrived DESC LIMIT %s
        ) AS part"""
        for where in (places.COUNTED, places.IN_ARCHIVE)
    )
    found = sql.fetch(
        f"""SELECT DISTINCT (
            SELECT notice.category FROM notify_notice AS notice WHERE notice.id = copy.notice_id
        )
        FROM (
            SELECT notice_id FROM ({newest}) AS both_parts ORDER BY arrived DESC LIMIT %s
        ) AS copy""",
        [database_key(user), CATEGORY_ROWS, database_key(user), CATEGORY_ROWS, CATEGORY_ROWS],
    )
    return sorted(category for (category,) in found if category)


def heads(users: Iterable[str]) -> dict[str, Reading]:
    """Epoch, version and counts of the users who have an inbox, without rows."""
    return {
        user: Reading(user, *numbers) for user, *numbers in _inboxes(users, f"version, {COUNTS}")
    }


def moved(cursors: Mapping[str, Cursor]) -> dict[str, Cursor]:
    """The current cursors of those inboxes that are not where `cursors` says.

    No object is made of the others: a server asks about thousands every few seconds.
    """
    return {
        user: Cursor(own, version)
        for user, own, version in _inboxes(cursors, "version")
        if cursors[user] != (own, version)
    }


def _inboxes(users: Iterable[str], numbers: str) -> Iterator[tuple[Any, ...]]:
    """(user, epoch, *numbers) of each inbox; `numbers` are columns."""
    everyone = list(users)
    suffix = epoch.suffix()
    statement = f"""SELECT user_id, epoch, {numbers} FROM notify_inbox
        WHERE user_id {dialect().each_of(dialect().keys_in_array())}"""
    for start in range(0, len(everyone), USERS_PER_QUERY):
        keys = sql.json_array(database_keys(everyone[start : start + USERS_PER_QUERY]))
        for key, own, *found in sql.fetch(statement, [keys]):
            yield public_key(key), own + suffix, *found


def rows_of_version(user: str, version: int) -> list[Row]:
    """The rows that a change touched; to be read in the transaction of the change."""
    params = [version, USERS_PER_QUERY]
    [(_, reading, _)] = _read([(0, user, 0)], "copy.version = %s", params, "copy.arrived")
    return reading.rows


def _follows(reading: Reading, cursor: Cursor, floor: int) -> bool:
    if reading.epoch != cursor.epoch or not floor <= cursor.since <= reading.version:
        return False
    if len(reading.rows) > MAX_CHANGED_ROWS:
        return False
    versions = Counter(row["version"] for row in reading.rows)
    return max(versions.values(), default=0) <= MAX_ROWS_OF_A_VERSION


def _read_changes(wanted: list[tuple[int, str, Cursor]]) -> Iterable[tuple[int, Reading, int]]:
    cursors = [(n, user, cursor.since) for n, user, cursor in wanted]
    return _read(cursors, "copy.version > wanted.since", [MAX_CHANGED_ROWS + 1], _BY_VERSION)


def _read_resets(
    wanted: list[tuple[int, str]], rows: int = RESET_ROWS, *, may_open: bool = True
) -> Iterable[tuple[int, Reading]]:
    cursors = [(n, user, 0) for n, user in wanted]
    found = {n: reading for n, reading, _ in _read(cursors, _SHOWN, [rows + 1], _NEWEST_FIRST)}
    without = [(n, user) for n, user in wanted if n not in found]
    if without and may_open:
        keys = sql.json_array(sorted(set(database_keys(user for _, user in without))))
        transactions.in_transaction(lambda: opening.open_inboxes(dialect().keys_in_array(), [keys]))
        yield from _read_resets(without, rows, may_open=False)
    for n, reading in found.items():
        yield n, replace(_cut(reading, rows), reset=True)


def _cut(reading: Reading, limit: int) -> Reading:
    if len(reading.rows) <= limit:
        return reading
    rows = reading.rows[:limit]
    return replace(reading, rows=rows, next=rows[-1]["arrived"] if rows else reading.version + 1)


def _read(
    cursors: list[tuple[int, str, int]],
    where: str,
    params: list[Any],
    order: str,
    *,
    by_notice: bool = False,
) -> Iterable[tuple[int, Reading, int]]:
    """(n, reading, floor) for each cursor `(n, user, since)` whose user has an inbox.

    The last of `params` is the number of rows per inbox.
    """
    if not cursors:
        return
    statement = dialect().read_inboxes(len(cursors), columns(), where, order, by_notice=by_notice)
    numbers, users, sinces = zip(*cursors, strict=True)
    keyed = sql.json_array(zip(numbers, database_keys(users), sinces, strict=True))
    suffix = epoch.suffix()
    for n, group in groupby(sql.fetch(statement, [keyed, *params]), key=itemgetter(0)):
        records = list(group)
        _, since, key, own, version, floor, unseen, unread, badge = records[0][:9]
        rows = [row_of(record[9:]) for record in records if record[9] is not None]
        user = public_key(key)
        head = user, own + suffix, version, unseen, unread, badge
        yield n, Reading(*head, since, rows=rows), floor

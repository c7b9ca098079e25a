"""Reading inboxes. Each reading is one statement, so its rows and its version are of one moment.

With the rows first and the version second, in two statements, a writer between them moves the
version past rows that were not read, and a client that takes it never gets them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from notify import sql
from notify.changes import Cursor, Reading, Row
from notify.inbox import epoch
from notify.models import Inbox, Notice, Notification
from notify.sql import transactions

MAX_CHANGED_ROWS = 200  # more of them are sent as a reset
MAX_ROWS_OF_A_VERSION = 50  # a frame is cut between versions, so more than fit are a reset
RESET_ROWS = 50
CATEGORY_ROWS = 1000
SEARCHED_ROWS = 5000  # for one page: each row's text is looked through, which no index does
USERS_A_QUERY = 5000

_SHOWN = "m.archived IS NULL AND m.recalled IS NULL"
_TABS = {
    "all": _SHOWN,
    "unread": f"m.read IS NULL AND {_SHOWN}",
    "archived": "m.archived IS NOT NULL AND m.recalled IS NULL",
}
TABS = tuple(_TABS)

_TIMES = ("seen", "read", "archived", "recalled")
_TEXTS = ("kind", "category", "level", "title", "body", "url")


def changes(wanted: Sequence[tuple[str, Cursor | None]]) -> list[Reading | None]:
    """For each user and cursor, what happened since; a reset where that cannot be told.

    None stands for a user who does not exist. Inboxes that do not exist yet are made.
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
    """Each user's inbox anew, with its newest `rows` rows."""
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
    """One page by arrival, newest first: rows that arrived below `before`, at most `limit`.

    With `q` it looks through SEARCHED_ROWS of the tab, and may have fewer rows, or none, where
    `next` says that there are older ones to look through.
    """
    where, params = [_TABS[tab]], list[Any]()
    searched_to = _end_of_search(user, tab, before) if q else None
    if before is not None:
        where.append("m.arrived < %s")
        params.append(before)
    if searched_to is not None:
        where.append("m.arrived >= %s")
        params.append(searched_to)
    if category is not None:
        where.append("t.category = %s")
        params.append(category)
    if level is not None:
        where.append("t.level = %s")
        params.append(level)
    if q:
        where.append(f"({sql.contains('t.title')} OR {sql.contains('t.body')})")
        params += [sql.contained(q)] * 2
    by_notice = category is not None or level is not None or bool(q)
    found = _read(
        sql.lateral(" AND ".join(where), "m.arrived DESC", by_notice=by_notice),
        [(0, user, 0)],
        [*params, limit + 1],
        "arrived DESC",
    )
    for _, reading, _floor in found:
        cut = _cut(reading, limit)
        return cut if cut.next is not None else replace(cut, next=searched_to)
    return None


def _end_of_search(user: str, tab: str, before: int | None) -> int | None:
    """Down to where a search looks, by arrival; None where it looks through all there is."""
    below = "" if before is None else " AND m.arrived < %s"
    found = sql.fetch(
        f"SELECT m.arrived FROM {sql.table(Notification)} m"
        f" WHERE m.user_id IN {sql.sole_key()} AND {_TABS[tab]}{below}"
        " ORDER BY m.arrived DESC LIMIT 2 OFFSET %s",
        [sql.database_key(user), *([] if before is None else [before]), SEARCHED_ROWS - 1],
    )
    return found[0][0] if len(found) == 2 else None


def categories(user: str) -> list[str]:
    """The categories of an inbox's newest 1,000 rows, also of the archived; sorted."""
    rows = sql.lateral("m.recalled IS NULL", "m.arrived DESC")
    # As a subquery, and not a join, each notice is looked up by its key, however many there are.
    found = sql.fetch(
        f"SELECT DISTINCT (SELECT t.category FROM {sql.table(Notice)} t WHERE t.id = n.notice_id)"
        f" FROM {sql.cursors_of(1)} c JOIN {sql.table(Inbox)} i ON i.user_id = c.user_id {rows}",
        [sql.json_array([(0, sql.database_key(user), 0)]), CATEGORY_ROWS],
    )
    return sorted(category for (category,) in found if category)


def heads(users: Iterable[str]) -> dict[str, Reading]:
    """Epoch, version and counts, without rows, of those who have an inbox."""
    everyone = list(users)
    found: dict[str, Reading] = {}
    suffix = epoch.suffix()
    for start in range(0, len(everyone), USERS_A_QUERY):
        keys = sql.json_array(sql.database_keys(everyone[start : start + USERS_A_QUERY]))
        for key, own, *numbers in sql.fetch(
            f"SELECT user_id, epoch, version, unseen, unread FROM {sql.table(Inbox)}"
            f" WHERE user_id {sql.one_of(sql.keys_of())}",
            [keys],
        ):
            user = sql.public_key(key)
            found[user] = Reading(user, own + suffix, *numbers)
    return found


def moved(cursors: Mapping[str, Cursor]) -> dict[str, Cursor]:
    """Where the inboxes of these users end, of those that do not end where the cursor says. No
    object is made of the others, of which a server asks for thousands every few seconds."""
    everyone = list(cursors)
    found: dict[str, Cursor] = {}
    suffix = epoch.suffix()
    for start in range(0, len(everyone), USERS_A_QUERY):
        keys = sql.json_array(sql.database_keys(everyone[start : start + USERS_A_QUERY]))
        for key, own, version in sql.fetch(
            f"SELECT user_id, epoch, version FROM {sql.table(Inbox)}"
            f" WHERE user_id {sql.one_of(sql.keys_of())}",
            [keys],
        ):
            user = sql.public_key(key)
            if cursors[user] != (own + suffix, version):
                found[user] = Cursor(own + suffix, version)
    return found


def rows_of_version(user: str, version: int) -> list[Row]:
    """The rows that this change touched; to be asked in the transaction that made it."""
    where = sql.lateral("m.version = %s", "m.arrived")
    [(_, reading, _)] = _read(where, [(0, user, 0)], [version, USERS_A_QUERY], "version")
    return reading.rows


def open_inboxes(keys: str, params: Sequence[Any]) -> None:
    """Makes the missing inboxes of these users (a subquery of keys), in the order of locking."""
    sql.execute(
        f"INSERT INTO {sql.table(Inbox)}"
        " (user_id, epoch, version, floor, acknowledged, unseen, unread)"
        f" SELECT user_id, {sql.new_epoch()}, 0, 0, 0, 0, 0 FROM {sql.users_of(keys)} u"
        " WHERE TRUE ORDER BY user_id ON CONFLICT DO NOTHING",
        params,
    )


def notice_row(notice: Notice) -> Row:
    """A notice as a row that nobody has seen yet, without `arrived` and `version`."""
    actor = {"id": str(notice.actor_id), "name": notice.actor_name} if notice.actor_id else None
    return {
        "id": notice.pk,
        **{name: getattr(notice, name) for name in _TEXTS},
        "url": notice.url or None,
        "actor": actor,
        "actions": notice.actions,
        "data": notice.data,
        "created": _rfc3339(notice.created),
        "expires": _rfc3339(notice.expires) if notice.expires else None,
        **dict.fromkeys(_TIMES),
    }


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _follows(reading: Reading, cursor: Cursor, floor: int) -> bool:
    if reading.epoch != cursor.epoch or not floor <= cursor.since <= reading.version:
        return False
    if len(reading.rows) > MAX_CHANGED_ROWS:
        return False
    versions = Counter(row["version"] for row in reading.rows)
    return max(versions.values(), default=0) <= MAX_ROWS_OF_A_VERSION


def _read_changes(
    wanted: list[tuple[int, str, Cursor]],
) -> Iterable[tuple[int, Reading, int]]:
    cursors = [(n, user, cursor.since) for n, user, cursor in wanted]
    join = sql.lateral("m.version > c.since", "m.version")
    return _read(join, cursors, [MAX_CHANGED_ROWS + 1], "version")


def _read_resets(
    wanted: list[tuple[int, str]], rows: int = RESET_ROWS, *, may_open: bool = True
) -> Iterable[tuple[int, Reading]]:
    join = sql.lateral(_SHOWN, "m.arrived DESC")
    found = {
        n: reading
        for n, reading, _ in _read(
            join, [(n, user, 0) for n, user in wanted], [rows + 1], "arrived DESC"
        )
    }
    without = [(n, user) for n, user in wanted if n not in found]
    if without and may_open:
        keys = sql.json_array(sorted(set(sql.database_keys(user for _, user in without))))
        transactions.in_transaction(lambda: open_inboxes(sql.keys_of(), [keys]))
        yield from _read_resets(without, rows, may_open=False)
    for n, reading in found.items():
        yield n, replace(_cut(reading, rows), reset=True)


def _cut(reading: Reading, limit: int) -> Reading:
    if len(reading.rows) <= limit:
        return reading
    rows = reading.rows[:limit]
    return replace(reading, rows=rows, next=rows[-1]["arrived"] if rows else reading.version + 1)


def _read(
    join: str, cursors: list[tuple[int, str, int]], params: list[Any], order: str
) -> Iterable[tuple[int, Reading, int]]:
    """(n, reading, floor) for each cursor whose user has an inbox; `join` supplies `n`."""
    if not cursors:
        return
    statement = (
        "SELECT c.n, c.since, i.user_id, i.epoch, i.version, i.floor, i.unseen, i.unread,"
        f" {row_columns()} FROM {sql.cursors_of(len(cursors))} c"
        f" JOIN {sql.table(Inbox)} i ON i.user_id = c.user_id {join}"
        f" LEFT JOIN {sql.table(Notice)} t ON t.id = n.notice_id ORDER BY c.n, n.{order}"
    )
    numbers, users, sinces = zip(*cursors, strict=True)
    keyed = sql.json_array(zip(numbers, sql.database_keys(users), sinces, strict=True))
    suffix = epoch.suffix()
    for n, group in groupby(sql.fetch(statement, [keyed, *params]), key=itemgetter(0)):
        records = list(group)
        _, since, key, own, version, floor, unseen, unread, *_rest = records[0]
        rows = [row_of(record[8:]) for record in records if record[8] is not None]
        user = sql.public_key(key)
        yield n, Reading(user, own + suffix, version, unseen, unread, since, rows=rows), floor


def row_columns() -> str:
    """What `row_of` is made of, as SQL: of a notification `n` and its notice `t`."""
    times = ", ".join(sql.rfc3339(f"n.{name}") for name in _TIMES)
    texts = ", ".join(f"t.{name}" for name in _TEXTS)
    return (
        f"n.notice_id, n.arrived, n.version, {times}, {texts}, t.actor_id, t.actor_name,"
        f" t.actions, t.data, {sql.rfc3339('t.created')}, {sql.rfc3339('t.expires')}"
    )


def row_of(record: Sequence[Any]) -> Row:
    notice_id, arrived, version, seen, read, archived, recalled, *said = record
    kind, category, level, title, body, url, actor, actor_name, actions, data, created, expires = (
        said
    )
    row: Row = {
        "id": notice_id,
        "arrived": arrived,
        "version": version,
        "kind": kind,
        "category": category,
        "level": level,
        "title": title,
        "body": body,
        "url": url or None,
        "actor": {"id": sql.public_key(actor), "name": actor_name} if actor is not None else None,
        "actions": json.loads(actions),
        "data": json.loads(data),
        "created": created,
        "expires": expires,
        "seen": seen,
        "read": read,
        "archived": archived,
        "recalled": recalled,
    }
    return row if recalled is None else row | _UNSAID


_UNSAID: Row = {"title": "", "body": "", "url": None, "actor": None, "actions": [], "data": {}}


def notices_after(newest: int | None) -> tuple[int, int]:
    """(the newest notice's id, how many there are above `newest`; None: none are asked for)."""
    last = Notice.objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is None or not last:
        return last or 0, 0
    written = Notice.objects.filter(pk__gt=newest).count()
    return max(last, newest), written


def progress(notice_id: int) -> dict[str, Any] | None:
    """How far a notice is: its status, and its recipients by what has become of them."""
    notice = Notice.objects.with_progress().filter(pk=notice_id).first()
    if notice is None:
        return None
    names = ("recipients", "appended", "skipped", "cancelled", "batches", "batches_open")
    return {"status": notice.status, **{name: getattr(notice, name) for name in names}}

"""The database's side of questions 7 and 9: a process that fills it, uses the product's own
functions on it, and the bare SQL beside them. The database is that of DATABASE_URL."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import time
from collections.abc import Callable
from statistics import median
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

import django

django.setup()

from django.contrib.auth.models import User
from django.db import connection, transaction

from notify import sending
from notify.changes import Cursor
from notify.inbox import marking, opening, reading
from notify.models import Batch, Inbox, Notice, Notification
from notify.sending.audience import everyone
from tests.benchmarks import machine
from tests.benchmarks.payload import notification
from tests.benchmarks.remote import answer

USERS = User._meta.db_table
INBOX, NOTIFICATION, NOTICE = (m._meta.db_table for m in (Inbox, Notification, Notice))
# All but the key, to write a row like another.
NOTICE_COLUMNS = ", ".join(f'"{f.column}"' for f in Notice._meta.fields if not f.primary_key)


def _execute(statement: str, *params: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def _numbers(first: int, last: int) -> str:
    """A subquery of the whole numbers from one to the other, in both databases' SQL."""
    return (
        f"(WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last})"
        " SELECT n FROM s)"
    )


def settle() -> None:
    """What autovacuum and the checkpointer would do in their own time is done now."""
    if connection.vendor == "postgresql":
        _execute("VACUUM ANALYZE")
        _execute("CHECKPOINT")
    else:
        _execute("ANALYZE")
        _execute("PRAGMA wal_checkpoint(TRUNCATE)")


def people(count: int) -> None:
    """Exactly `count` users are there, each with an empty inbox."""
    _empty()
    _execute(
        f"INSERT INTO {USERS} (username, password, is_superuser, is_staff, is_active,"
        " first_name, last_name, email, date_joined)"
        " SELECT 'user-' || n, '!', FALSE, FALSE, TRUE, '', '', '', CURRENT_TIMESTAMP"
        f" FROM {_numbers(1, count)} numbers"
    )
    opening.open_inboxes(f"(SELECT id FROM {USERS})", [])
    settle()


def _empty() -> None:
    with transaction.atomic():
        for model in (Notification, Batch, Notice, Inbox):
            _execute(f"DELETE FROM {model._meta.db_table}")
        _execute(f"DELETE FROM {USERS}")
    if connection.vendor == "postgresql":
        _execute(f"TRUNCATE {NOTIFICATION}, {NOTICE}, {INBOX}, {USERS} CASCADE")


# Question 7


def fan_out() -> dict[str, float]:
    """Sends a notice to everyone: seconds until all is committed, and bytes that it took."""
    settle()
    machine.forget_peak(os.getpid())
    before, started = machine.peak_bytes(os.getpid()), time.monotonic()
    said = notification(0)
    sending.send(to=everyone(), title=said["title"], body=said["body"], url=said["url"])
    while sending.carry_out_next():
        continue
    seconds = time.monotonic() - started
    return {"seconds": seconds, "grown": machine.peak_bytes(os.getpid()) - before}


def fan_out_bare() -> dict[str, float]:
    """The same rows by three statements in one transaction."""
    settle()
    started = time.monotonic()
    with transaction.atomic():
        _execute(
            f"INSERT INTO {NOTICE} ({NOTICE_COLUMNS})"
            f" SELECT {NOTICE_COLUMNS} FROM {NOTICE} ORDER BY id DESC LIMIT 1"
        )
        _execute(
            f"UPDATE {INBOX} SET version = version + 1, unseen = unseen + 1, unread = unread + 1"
            f" WHERE user_id IN (SELECT id FROM {USERS} WHERE is_active)"
        )
        _execute(
            f"INSERT INTO {NOTIFICATION} (user_id, notice_id, arrived, version, place)"
            f" SELECT i.user_id, (SELECT max(id) FROM {NOTICE}), i.version, i.version, 0"
            f" FROM {INBOX} i JOIN {USERS} u ON u.id = i.user_id WHERE u.is_active"
        )
    return {"seconds": time.monotonic() - started}


def check(notices: int) -> int:
    """Each inbox holds `notices`, with the right counts; how many rows that are."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {INBOX} i WHERE i.version <> %s OR i.unseen <> %s OR"
            f" %s <> (SELECT count(*) FROM {NOTIFICATION} n WHERE n.user_id = i.user_id)",
            [notices] * 3,
        )
        [wrong] = cursor.fetchone()
    assert wrong == 0, f"{wrong} inboxes do not hold what they should"
    return Notification.objects.count()


# Question 9

UNREAD = 100  # of the big and of the small inbox alike
SMALL = 1000


def fill(inbox: int, table: int, marked: int) -> dict[str, str]:
    """Users: `big` with so many notifications, `small` with a thousand, `unread` with `marked`
    that are unread, and others with a thousand each until the table has its rows."""
    others = max(0, table - inbox - SMALL - marked) // SMALL
    people(3 + others)
    big, small, unread, *rest = User.objects.order_by("id").values_list("id", flat=True)
    said = notification(0)
    Notice.objects.create(title=said["title"], body=said["body"], url=said["url"])
    _execute(
        f"INSERT INTO {NOTICE} ({NOTICE_COLUMNS}) SELECT {NOTICE_COLUMNS} FROM {NOTICE},"
        f" {_numbers(2, max(inbox, marked))} numbers"
    )
    if connection.vendor == "postgresql":
        _execute("SET session_replication_role = replica")  # foreign keys are right as they are
    _fill_inboxes(f"= {big}", inbox, UNREAD)
    _fill_inboxes(f"= {small}", SMALL, UNREAD)
    _fill_inboxes(f"= {unread}", marked, marked)
    if rest:
        _fill_inboxes(f"BETWEEN {rest[0]} AND {rest[-1]}", SMALL, UNREAD)
    if connection.vendor == "postgresql":
        _execute("SET session_replication_role = DEFAULT")
    settle()
    return {"big": str(big), "small": str(small), "unread": str(unread)}


def _fill_inboxes(users: str, count: int, unread: int) -> None:
    read = f"CASE WHEN n <= {count - unread} THEN CURRENT_TIMESTAMP END"
    first = f"(SELECT min(id) - 1 FROM {NOTICE})"
    _execute(
        f"INSERT INTO {NOTIFICATION} (user_id, notice_id, arrived, version, seen, read, place)"
        f" SELECT i.user_id, {first} + n, n, n, {read}, {read}, 0"
        f" FROM {INBOX} i CROSS JOIN {_numbers(1, count)} numbers"
        f" WHERE i.user_id {users} ORDER BY i.user_id, n"
    )
    _execute(
        f"UPDATE {INBOX} SET version = {count}, unseen = {unread}, unread = {unread}"
        f" WHERE user_id {users}"
    )


def probe(big: str, small: str, samples: int) -> dict[str, dict[str, float]]:
    """For each operation, the median seconds with the big inbox and with the small one."""
    found: dict[str, dict[str, float]] = {}
    for what, make in OPERATIONS.items():
        operations = {"big": make(big), "small": make(small)}
        taken: dict[str, list[float]] = {"big": [], "small": []}
        for n in range(samples + 5):
            for name, operation in operations.items():
                started = time.perf_counter()
                operation()
                if n >= 5:
                    taken[name].append(time.perf_counter() - started)
        found[what] = {name: median(seconds) for name, seconds in taken.items()}
    return found


def _page(user: str) -> Callable[[], None]:
    def work() -> None:
        page = reading.page(user)
        assert page is not None
        assert len(page.rows) == 50

    return work


def _old_page(user: str) -> Callable[[], None]:
    head = reading.heads([user])[user]

    def work() -> None:
        page = reading.page(user, before=random.randrange(100, head.version // 2))
        assert page is not None
        assert len(page.rows) == 50

    return work


def _unread_page(user: str) -> Callable[[], None]:
    def work() -> None:
        page = reading.page(user, tab="unread")
        assert page is not None
        assert len(page.rows) == 50

    return work


def _count(user: str) -> Callable[[], None]:
    def work() -> None:
        assert reading.heads([user])[user].unread >= UNREAD - 1

    return work


def _changes(user: str) -> Callable[[], None]:
    head = reading.heads([user])[user]

    def work() -> None:
        [changes] = reading.changes([(user, Cursor(head.epoch, head.version - 10))])
        assert changes is not None
        assert not changes.reset
        assert len(changes.rows) == 10

    return work


def _mark(user: str) -> Callable[[], None]:
    newest = Notification.objects.filter(user=int(user)).latest("arrived")
    marks = itertools.cycle(["read", "unread"] if newest.read is None else ["unread", "read"])

    def work() -> None:
        _, change = marking.mark_ids(user, next(marks), [newest.notice_id])
        assert change is not None

    return work


OPERATIONS: dict[str, Callable[[str], Callable[[], None]]] = {
    "page": _page,
    "a page far down": _old_page,
    "page of the unread": _unread_page,
    "unread count": _count,
    "changes since": _changes,
    "mark 1": _mark,
}


def plans(big: str) -> dict[str, list[str]]:
    """How PostgreSQL reads the tables for each operation: its scans, by operation."""
    if connection.vendor != "postgresql":
        return {}
    return {what: _scans(make(big)) for what, make in OPERATIONS.items()}


class _Noted(Exception):
    """Instead of carrying it out."""


def _scans(operation: Callable[[], None]) -> list[str]:
    statements: list[tuple[str, Any]] = []

    def note(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(_own(statement, params))
        if statements[-1][0].startswith("WITH"):  # a mark, which would change what is measured next
            raise _Noted
        return execute(statement, params, many, context)

    with connection.execute_wrapper(note), contextlib.suppress(_Noted):
        operation()
    found: dict[str, None] = {}
    for statement, params in statements:
        if statement.lstrip("( ").startswith(("WITH", "SELECT", "UPDATE", "INSERT")):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", params)
                found |= dict.fromkeys(_scans_of(cursor.fetchone()[0][0]["Plan"]))
    return sorted(found)


def _own(statement: str, params: Any) -> tuple[str, Any]:
    """Without the limits that go before it in one string, as `waits.fetch` sends it."""
    limits, _, own = statement.partition("; ")
    return (own, params[limits.count("%s") :]) if own else (statement, params)


def _scans_of(plan: dict[str, Any]) -> list[str]:
    scans = []
    if "Relation Name" in plan and "Scan" in plan["Node Type"]:
        index = f" by {plan['Index Name']}" if "Index Name" in plan else ""
        scans.append(f"{plan['Node Type']} of {plan['Relation Name']}{index}")
    for part in plan.get("Plans", []):
        scans += _scans_of(part)
    return scans


def mark_all(user: str) -> dict[str, float]:
    """Marks all read: seconds, and the longest of its transactions, which hold the locks."""
    head = reading.heads([user])[user]
    steps, started = [], time.perf_counter()
    changes = marking.mark_through(user, "read", head.epoch, head.version)
    before = started
    for _ in changes:
        now = time.perf_counter()
        steps.append(now - before)
        before = now
    assert reading.heads([user])[user].unread == 0
    assert not Notification.objects.filter(user=int(user), read__isnull=True).exists()
    return {"seconds": before - started, "longest": max(steps), "steps": len(steps)}


if __name__ == "__main__":
    answer(
        {
            "people": people,
            "fan_out": fan_out,
            "fan_out_bare": fan_out_bare,
            "check": check,
            "fill": fill,
            "probe": probe,
            "plans": plans,
            "mark_all": mark_all,
        }
    )

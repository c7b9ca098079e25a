"""The plans of frequent statements use an index, however full the tables are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notify import sending
from notify.changes import Cursor
from notify.inbox import backlog, control, marking, one_statement, reading, recalling, work
from notify.inbox.marks import MARKS
from notify.inbox.turns import Turns
from notify.models import Batch, Inbox, Notice, Notification
from tests.unit.inbox.helpers import batch_of, cursor_of, deliver, key, people

ROWS_AN_INBOX = 200
ANY = ""
UNIQUE_ON_SQLITE = "sqlite_autoindex_notify_notification_1"


@pytest.fixture
def users(db: None) -> list[User]:
    """Enough rows to make a scan more expensive than an index."""
    users = people(100)
    deliver(users)
    now = timezone.now()
    notices = Notice.objects.bulk_create(Notice(title=f"{n}", created=now) for n in range(3000))
    Batch.objects.bulk_create(
        Batch(notice=notice, recipients=[1], size=1, due=now, state=Batch.State.DONE)
        for notice in notices
    )
    Notification.objects.bulk_create(
        Notification(user=user, notice=notice, arrived=version, version=version)
        for version, notice in enumerate(notices[: ROWS_AN_INBOX - 1], 2)
        for user in users
    )
    Inbox.objects.update(version=ROWS_AN_INBOX, unseen=ROWS_AN_INBOX, unread=ROWS_AN_INBOX)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return users


def asks(user: str, cursor: Cursor, last: Notice) -> Iterator[tuple[str, Callable[[], object]]]:
    """Frequent statements, each with the index that it should use."""
    yield "notify_page", lambda: reading.page(user, before=150)
    yield "notify_page", lambda: reading.resets([user])
    yield "notify_unread", lambda: reading.page(user, tab="unread", before=150)
    yield ANY, lambda: reading.categories(user)  # of archived rows, too
    yield "notify_changes", lambda: reading.changes([(user, cursor)])
    yield "notify_changes", lambda: reading.rows_of_version(user, cursor.since)
    yield (
        "notify_notification_pk|notify_notification.*_pkey|notify_changes",
        lambda: marking.mark_ids(user, "read", [last.pk, 2, 3]),
    )
    yield ANY, lambda: list(marking.mark_through(user, "seen", cursor.epoch, 10))
    yield ANY, lambda: list(marking.mark_through(user, "read", cursor.epoch, ROWS_AN_INBOX))
    yield (
        ANY,
        lambda: list(
            marking.mark_through(user, "archived", cursor.epoch, ROWS_AN_INBOX, only_read=True)
        ),
    )
    yield "notify_changes", lambda: list(marking.undo(user, "m", cursor.epoch, cursor.since))
    yield "notify_batch_turns", sending.carry_out_next
    yield "notify_batch_(turns|paused)", backlog.figures
    yield "notify_batch_(turns|paused)", backlog.notices
    yield "notify_notice_expires", control.expired_notices
    yield ANY, lambda: work.carry_out(batch_of(last).pk)
    yield ANY, lambda: recalling.recall_copies(last, None)
    yield ANY, lambda: recalling.recall_copies(last, 1)


def test_what_is_asked_often_is_answered_by_an_index(users):
    user = users[50]
    last = Notice.objects.get(title="Hello")
    cursor = cursor_of(user)._replace(since=ROWS_AN_INBOX - 5)

    for index, ask in asks(key(user), cursor, last):
        plans = [plan for sql in statements(ask) for plan in plans_of(sql)]
        text = "\n".join(plans).replace(UNIQUE_ON_SQLITE, "notify_one_copy")
        assert re.search(index, text), text
        assert not [line for line in plans if is_scan(line)], text


def statements(ask: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        ask()
    return [
        query["sql"]
        for query in queries
        if re.match("WITH|SELECT|UPDATE|INSERT|DELETE", query["sql"]) and "notify_" in query["sql"]
    ]


@pytest.mark.postgres
def test_a_mark_in_one_statement_looks_up_each_row_by_an_index(users):
    """It does not read all rows of an inbox, which may be a million where the average has two."""
    small = people(3000, prefix="small")
    Inbox.objects.bulk_create(Inbox(user=user) for user in small)
    notices = Notice.objects.order_by("pk")
    Notification.objects.bulk_create(
        Notification(user=user, notice=notice, arrived=version, version=version)
        for version, notice in enumerate(notices[:2], 1)
        for user in small
    )
    ids = list(notices.values_list("pk", flat=True)[:50])
    with connection.cursor() as cursor, psycopg.ClientCursor(connection.connection) as asking:
        cursor.execute("ANALYZE")
        for how, wanted in product(MARKS.values(), (ids, ids[:1])):
            statement = one_statement.mark_statement(key(users[50]), how, wanted)
            plans = [plan for plan in plans_of(asking.mogrify(*statement)) if is_read(plan)]
            assert len(plans) == 2, plans  # to choose the rows, and to mark them
            assert all(re.search(r"\(notice_id = |^Tid Scan", plan) for plan in plans), plans


@pytest.mark.postgres
def test_the_head_of_an_inbox_is_looked_up_by_its_key(users):
    """And not by reading all inboxes, as the planner would for the 100 that it expects of a JSON
    array."""
    Inbox.objects.bulk_create(Inbox(user=user) for user in people(3000, prefix="small"))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    user, cursors = key(users[50]), {key(users[50]): cursor_of(users[50])}
    for ask in (lambda: reading.heads([user]), lambda: reading.moved(cursors)):
        plans = [plan for sql in statements(ask) for plan in plans_of(sql)]
        read = [plan.split()[:2] for plan in plans if "Scan notify_inbox" in plan]
        assert read == [["Index", "Scan"]], plans


CROWD = 50_000
CROWDS = {
    "one notice of all": "0, now()",
    "a notice each": "n, now()",
    "all of one moment, later": "n, now() + interval '1 hour'",
    "each at its own moment, later": "n, now() + n * interval '1 second' + interval '1 hour'",
}


@pytest.mark.postgres
@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("urgent", [False, True])
def test_a_claim_reads_a_few_pages_whatever_waits(db, crowd, urgent):
    first = Notice.objects.create(title="0").pk
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notify_notice (kind, category, level, title, body, url, actor_name,"
            " actions, data, created, sender, fingerprint) SELECT '', '', 'info', n, '', '', '',"
            " '[]', '{}', now(), '', '' FROM generate_series(1, %s) n",
            [CROWD],
        )
        cursor.execute(
            "INSERT INTO notify_batch"  # noqa: S608  ours
            " (notice_id, due, recipients, size, state, attempts, appended, skipped, urgent)"
            " SELECT %s + k, due, '[]', 1, 'pending', 0, 0, 0, %s FROM"
            f" (SELECT {CROWDS[crowd]} FROM generate_series(1, %s) n) AS wanted(k, due)",
            [first, urgent, CROWD],
        )
        due = timezone.now() - timedelta(minutes=1)  # below the others
        Batch.objects.create(notice_id=first, recipients=[], size=1, due=due, urgent=urgent)
        cursor.execute("REINDEX INDEX notify_batch_turns")  # without rolled back rows
        cursor.execute("ANALYZE notify_batch")
        turns = Turns()
        for _ in range(3):
            asked = statements(turns.claim)
            assert asked
            for statement in asked:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}")
                [[answer]] = cursor.fetchall()
                plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
                pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
                assert pages < 30, (crowd, statement, plan)
    assert turns.claim() is not None


def is_read(line: str) -> bool:
    """Whether the step reads copies."""
    return bool(re.match(".*Scan notify_notification ", line))


def plans_of(sql: str) -> list[str]:
    """The steps of the plan, one per line."""
    how = "EXPLAIN (FORMAT JSON)" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {sql}")
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    if connection.vendor == "sqlite":
        return [line for *_, line in rows]
    [[answer]] = rows
    nodes = [(json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]]
    for node in nodes:
        nodes += node.get("Plans", [])
    return [
        f"{node['Node Type']} {node.get('Relation Name', '')} {node.get('Index Name', '')}"
        f" {node.get('Index Cond', '')}"
        for node in nodes
    ]


def is_scan(line: str) -> bool:
    """Whether the step reads all of a table that grows. Inboxes are too few here to matter."""
    return bool(
        re.match(r"Seq Scan notify_(notification|batch|notice)\b", line)
        or re.match(r"SCAN notify_(notification|batch|notice)\b(?!.*USING)", line)
    )

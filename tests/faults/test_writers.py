"""Who writes: many at once, and some who die in the middle of it."""

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import Count, Sum

import notify
from notify.inbox import marking
from notify.inbox.epoch import full
from notify.models import Batch, Inbox, Notice, Notification, Place
from tests.faults.world import SWEEP, World, contract, patience
from tests.harness.database import orm
from tests.harness.process import Process
from tests.harness.server import PYTHON, environment
from tests.harness.waiting import aeventually, eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.quick_faults
@pytest.mark.fault(8, "16 writers to the same users, random delays, 10 % rolled back")
async def test_versions_have_no_gap_beside_many_writers_and_what_was_undone_is_never_shown(
    world: World,
) -> None:
    await world.people(20)
    await world.serve(2)
    await world.follow(40)
    for _ in range(4):
        await world.send(
            threads=4, count=20, rate=None, audience=(1, 10), delay=0.1, rollback=0.1
        )  # fmt: skip
    await world.senders_done()
    undone = len(world.truth.undone)
    world.outcome.note = f"{undone} rolled back"
    await world.judge()
    assert undone > 10


@pytest.mark.parametrize(
    ("point", "alone", "seconds"),
    [
        ("before the append", 0, 45.0),
        ("before the announcement", 0, SWEEP + 1.5),
        ("before the announcement", 1, SWEEP + 1.5),
    ],
)
@pytest.mark.fault(9, "A sender killed")
async def test_what_a_killed_sender_committed_is_delivered(
    world: World, point: str, alone: float, seconds: float
) -> None:
    await world.people(20)
    await world.serve(2)
    await world.follow(40)
    died = []
    for _ in range(5):
        sender = await world.send(count=1, rate=None, all_every=1, die=point, alone=alone)
        assert await asyncio.to_thread(sender.wait, 60) == 9
        died.append(time.time())
    world.senders.clear()
    await aeventually(
        lambda: all(len(one.rows) == 5 for one in world.followers),
        patience(seconds),
        what="delivery",
    )
    worst = max(
        seen - at
        for one in world.followers
        for at, (_, seen) in zip(died, sorted(one.first_seen.items()), strict=True)
    )
    await world.judge()
    world.outcome.worst_delay = worst
    assert worst < contract(seconds)
    assert world.outcome.notices == 5


def make_crowd(count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO auth_user (username, password, is_active, is_staff, is_superuser,"
            " first_name, last_name, email, date_joined)"
            " SELECT 'crowd-' || n, '!', TRUE, FALSE, FALSE, '', '', '', now()"
            " FROM generate_series(1, %s) n",
            [count],
        )


@pytest.mark.parametrize("count", [pytest.param(10_000, marks=pytest.mark.quick_faults), 100_000])
@pytest.mark.fault(10, "A fan-out killed half-way, twice, and run again")
async def test_a_fan_out_that_was_killed_twice_reaches_each_once(
    world: World, tmp_path: Any, settings: Any, count: int
) -> None:
    batches = 100  # so many that the worker cannot be through before it is killed
    settings.NOTIFY_BATCH_SIZE = count // batches
    await world.people(20)
    await orm(make_crowd, count - 20)
    await world.serve(1, NOTIFY_SERVER_WORKERS="0")
    await world.follow(20)
    notice = await orm(notify.send, to=notify.everyone(), title="to all")
    worker = Process(
        [PYTHON, "manage.py", "notify_work"],
        log=tmp_path / "worker.log",
        env=environment(**world.environment),
    )

    def done() -> int:
        return Batch.objects.filter(state=Batch.State.DONE).count()

    def work_until(goal: int) -> None:
        worker.start()
        eventually(lambda: done() >= goal, 60, what=f"{goal} batches")
        time.sleep(world.rng.uniform(0, 0.02))
        worker.kill()

    killed_at = []
    for _ in range(2):
        await orm(work_until, await orm(done) + 8)
        killed_at.append(await orm(done))
    assert 8 <= killed_at[0] < killed_at[1] < batches
    with worker:
        await aeventually(lambda: orm(lambda: done() == batches), 90, what="the rest")

    def totals() -> dict[str, Any]:
        return Inbox.objects.aggregate(
            inboxes=Count("pk"), version=Sum("version"), unseen=Sum("unseen"), unread=Sum("unread")
        )

    found = await orm(totals)
    assert found == dict.fromkeys(["inboxes", "version", "unseen", "unread"], count)
    assert await orm(Notification.objects.filter(notice=notice, arrived=1).count) == count
    world.outcome.note = f"killed at {killed_at} of {batches} batches"
    await aeventually(
        lambda: all(one.version == 1 for one in world.followers),
        patience(SWEEP + 2),
        what="delivery",
    )
    await orm(keep_only, notice, world.users)
    await world.judge()
    world.outcome.deliveries = count


def keep_only(notice: Notice, users: list[int]) -> None:
    """The verdict is about the users that it knows; the others were counted before."""
    for batch in Batch.objects.filter(notice=notice):
        batch.recipients = [key for key in batch.recipients if key in users]
        batch.save()


class Others:
    """Who recalls and marks beside the senders; how long each call took at most, in seconds."""

    def __init__(self, world: World) -> None:
        self.slowest: dict[str, float] = {}
        self._users = world.users
        self._rng = random.Random(world.seed)  # noqa: S311

    def run(self) -> None:
        works = (self._recall_some, self._mark_all, self._recall_some)
        with ThreadPoolExecutor(len(works)) as pool:
            for done in [pool.submit(self._closing, work) for work in works]:
                done.result()

    def _closing(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            connections.close_all()

    def _timed(self, name: str, work: Callable[[], object]) -> None:
        began = time.monotonic()
        work()
        self.slowest[name] = max(self.slowest.get(name, 0.0), time.monotonic() - began)

    def _recall_some(self) -> None:
        for _ in range(10):
            newest = Notice.objects.filter(recalled=None).order_by("-pk").first()
            if newest is not None:
                self._timed("recall", partial(notify.recall, newest))
            time.sleep(self._rng.uniform(0, 0.3))

    def _mark_all(self) -> None:
        for inbox in Inbox.objects.filter(pk__in=self._rng.sample(self._users, 100)):
            mark = partial(
                marking.mark_through, str(inbox.pk), "read", full(inbox.epoch), inbox.version
            )
            self._timed("mark", lambda mark=mark: list(mark()))


@pytest.mark.quick_faults
@pytest.mark.fault(11, "Fan-outs over the same users in any order, recalls and marks in the middle")
async def test_fan_outs_recalls_and_marks_beside_each_other_neither_block_nor_lose(
    world: World,
) -> None:
    await world.people(400)
    await world.serve(1, NOTIFY_BATCH_SIZE="100", NOTIFY_SERVER_WORKERS="2")
    await world.follow(40)
    variables = {"NOTIFY_BATCH_SIZE": "100"}
    for _ in range(2):
        await world.send(count=25, rate=None, audience=(90, 400), all_every=3, variables=variables)
    await world.sent(3)
    others = Others(world)
    await asyncio.to_thread(others.run)
    await world.senders_done()
    recalled = await orm(Notice.objects.exclude(recalled=None).count)
    slowest = ", ".join(f"{name} {took:.2f} s" for name, took in sorted(others.slowest.items()))
    world.outcome.note = f"{recalled} recalled; slowest {slowest}"
    await world.settle()
    stays = Notification.objects.filter(notice__recalled__isnull=False).exclude(
        place=Place.RECALLED
    )
    assert await orm(stays.count) == 0
    await judge_with_recalls(world)
    assert recalled > 0
    assert max(others.slowest.values()) < contract(2)


async def judge_with_recalls(world: World) -> None:
    """A notice that was recalled before it was appended is in fewer inboxes than it was for."""

    def drop() -> None:
        recalled = set(Notice.objects.exclude(recalled=None).values_list("pk", flat=True))
        Batch.objects.filter(notice__in=recalled).exclude(appended__gt=0).delete()
        for log in world.logs:
            lines = [
                line
                for line in log.read_text().splitlines()
                if not any(f'"id": {notice},' in line for notice in recalled)
            ]
            log.write_text("\n".join(lines) + "\n")

    await orm(drop)
    await world.judge(only_arrivals=False)


@pytest.mark.parametrize("rows", [pytest.param(20_000, marks=pytest.mark.quick_faults), 100_000])
@pytest.mark.fault(11, "All of one inbox marked read beside sends to it")
async def test_a_mark_of_everything_stalls_no_sender(world: World, rows: int) -> None:
    await world.people(1)
    [user] = world.users
    await orm(fill_inbox, user, rows)
    await world.serve(1)
    [follower] = await world.follow(1)
    await world.send(rate=20, audience=(1, 1))
    await world.sent(5)
    began = time.monotonic()
    done = await follower.mark("read", through=rows)
    took = time.monotonic() - began
    assert done["type"] == "done", done
    await world.stop_senders()
    world.outcome.note = f"{rows:,} rows marked in {took:.1f} s"
    world.truth  # noqa: B018  the log is read before the inbox is
    database = await world.settle()
    worst = max(
        follower.first_seen[notice] - at for notice, (_, at) in world.truth.committed.items()
    )
    world.outcome.worst_delay = worst
    assert worst < contract(2)
    head = database.heads[str(user)]
    assert (follower.version, follower.unread) == (head.version, head.unread)
    assert head.unread == sum(not row.read for row in database.rows[user].values())
    world.outcome.clients, world.outcome.notices = 1, len(world.truth.committed)
    world.outcome.deliveries = world.outcome.notices
    await world.judge_servers()


def fill_inbox(user: int, rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notify_notice (kind, category, level, title, body, url, actor_name,"
            " actions, data, created, sender, fingerprint)"
            " SELECT '', '', 'info', 'old ' || n, '', '', '', '[]', '{}', now(), '', ''"
            " FROM generate_series(1, %s) n",
            [rows],
        )
        cursor.execute(
            "INSERT INTO notify_inbox"
            " (user_id, epoch, version, floor, acknowledged, unseen, unread)"
            " VALUES (%s, 'filled', %s, 0, 0, %s, %s)",
            [user, rows, rows, rows],
        )
        cursor.execute(
            "INSERT INTO notify_notification (user_id, notice_id, arrived, version, place)"
            " SELECT %s, id, row_number() OVER (ORDER BY id), row_number() OVER (ORDER BY id), 0"
            " FROM notify_notice",
            [user],
        )

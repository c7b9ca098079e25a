"""What is urgent, and what is small, beside a backlog that takes half an hour."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

import notify
from notify.models import Batch, Notice
from tests.faults.world import SWEEP, World, contract, patience
from tests.harness.database import orm
from tests.harness.process import Process
from tests.harness.server import PYTHON, environment
from tests.harness.waiting import aeventually

pytestmark = pytest.mark.django_db(transaction=True)

BACKLOG = 50_000
ARRIVED = SWEEP + 3  # seconds; a claim and a batch of a busy machine take their time


def leave_backlog() -> Notice:
    """A notice to so many people, one a batch, as processes that are gone have left it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO auth_user (username, password, is_active, is_staff, is_superuser,"
            " first_name, last_name, email, date_joined)"
            " SELECT 'crowd-' || n, '!', TRUE, FALSE, FALSE, '', '', '', now()"
            " FROM generate_series(1, %s) n",
            [BACKLOG],
        )
        notice = Notice.objects.create(title="backlog")
        cursor.execute(
            "INSERT INTO notify_batch"
            " (notice_id, due, recipients, size, state, attempts, appended, skipped)"
            " SELECT %s, now(), jsonb_build_array(id), 1, 'pending', 0, 0, 0"
            " FROM auth_user WHERE username LIKE 'crowd-%%'",
            [notice.pk],
        )
        cursor.execute("ANALYZE")
    return notice


@pytest.mark.fault(37, "A backlog of 50,000 batches, and something urgent")
async def test_a_backlog_holds_up_neither_what_is_critical_nor_what_is_scheduled(
    world: World, tmp_path: Any, settings: Any
) -> None:
    await world.people(20)
    backlog = await orm(leave_backlog)
    worker = Process(
        [PYTHON, "manage.py", "notify_work"],
        log=tmp_path / "worker.log",
        env=environment(**world.environment),
    )
    await world.serve(1)
    await world.follow(20)
    ten = world.users[:10]

    def done() -> int:
        return Batch.objects.filter(notice=backlog, state=Batch.State.DONE).count()

    with worker:
        await aeventually(lambda: orm(lambda: done() >= 100), 60, what="the backlog under way")
        settings.NOTIFY_BATCH_SIZE = 5
        sent = {}
        at = timezone.now() + timedelta(seconds=2)
        later = await orm(notify.send, to=ten, title="scheduled", send_at=at)
        sent[later.pk] = (ten, at.timestamp())
        critical = await orm(notify.send, to=world.users, title="critical", level="critical")
        sent[critical.pk] = (world.users, time.time())
        took = {}
        for notice, title in ((critical, "critical"), (later, "scheduled")):
            people, begun = sent[notice.pk]
            wanted = [one for one in world.followers if one.user_pk in people]
            await aeventually(
                lambda wanted=wanted, notice=notice: all(
                    notice.pk in one.first_seen for one in wanted
                ),
                patience(60),
                what=f"the {title} one",
            )
            took[title] = max(one.first_seen[notice.pk] for one in wanted) - begun
        left = BACKLOG - await orm(done)
    world.outcome.worst_delay = max(took.values())
    note = ", ".join(f"{title} after {seconds:.2f} s" for title, seconds in took.items())
    world.outcome.note = f"{note}; {left:,} batches left"
    assert left > BACKLOG // 2, "nothing was held up"
    assert max(took.values()) < contract(ARRIVED)
    await orm(drop_backlog, backlog)
    await world.judge()
    world.outcome.worst_delay = max(took.values())


def drop_backlog(backlog: Notice) -> None:
    """What is left takes half an hour, and the verdict is about those who are connected."""
    backlog.batch_set.filter(state=Batch.State.PENDING).delete()
    backlog.batch_set.update(recipients=[])

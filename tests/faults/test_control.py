"""The harness can see a loss: where nothing recovers, something is lost."""

import asyncio

import pytest

from notify.models import Notification
from tests.faults.follower import Naive
from tests.faults.verdict import judge
from tests.faults.world import World
from tests.harness.database import orm
from tests.harness.redis import RedisServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.quick_faults]


@pytest.mark.fault(0, "Control: no cursor, no sweep, Redis killed: must lose")
async def test_clients_without_cursor_and_sweep_lose_notices_when_redis_is_killed(
    world: World, own_redis: RedisServer
) -> None:
    await world.people(60)
    await world.serve(2, NOTIFY_SWEEP_INTERVAL="3600", NOTIFY_PING_INTERVAL="none")
    followers = await world.follow(60, kind=Naive)
    await world.send(rate=30, all_every=None)
    await world.sent(20)
    await asyncio.to_thread(own_redis.kill)
    await world.sent(30)
    await asyncio.to_thread(own_redis.start)
    await world.stop_senders()
    await asyncio.sleep(2)
    database = await world.settle(0)
    outcome = world.outcome = judge(world.truth, database, followers)
    assert outcome.lost > 0
    assert outcome.problems
    outcome.note = "as it must: it loses"


@pytest.mark.fault(0, "Control: the verdict sees a row that a client lacks or was brought twice")
async def test_the_verdict_sees_what_was_taken_from_a_client(world: World) -> None:
    await world.people(3)
    await world.serve(1)
    one, other, third = await world.follow(3)
    await world.send(count=5, all_every=1)
    await world.senders_done()
    database = await world.settle()
    good = judge(world.truth, database, world.followers)
    good.assert_good()
    assert good.deliveries == 15
    taken = one.shown[2]
    del one.rows[taken["id"]]
    other.doubled += 1
    third.shown[0]["title"] = "another"
    bad = judge(world.truth, database, world.followers)
    assert (bad.lost, bad.doubled) == (1, 1)
    assert len(bad.problems) >= 3
    notice = one.shown[0]["id"]
    await orm(Notification.objects.filter(notice=notice, user=one.user_pk).delete)
    truth = world.truth
    assert judge(truth, await orm(type(database).read, world.users), []).lost == 1
    truth.committed[10**9] = (world.users, 0.0)  # a commit that the database does not know
    assert judge(truth, await orm(type(database).read, world.users), []).lost == 1 + 3
    world.outcome = good

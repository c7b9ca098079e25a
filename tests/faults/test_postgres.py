"""PostgreSQL restarts, cuts off, hangs, and comes back as it was a while ago."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from notify.bus.publisher import publisher
from notify.inbox import retention
from tests.faults.follower import Follower
from tests.faults.world import SWEEP, World, patience
from tests.harness.client import Frame
from tests.harness.database import orm
from tests.harness.postgres import Backup, Postgres
from tests.harness.server import manage
from tests.harness.waiting import aeventually

pytestmark = pytest.mark.django_db(transaction=True)

PING = 1.0
# A sender whose append failed leaves the batch to the workers, after half a minute of grace.
RESUMED = 60.0


async def populate(world: World, clients: int = 60, people: int = 40) -> None:
    await world.people(people)
    await world.serve(2, NOTIFY_PING_INTERVAL=str(PING), NOTIFY_PING_TIMEOUT="10")
    await world.follow(clients)
    await world.send(rate=20)
    await world.sent(20)


async def mark_one(follower: Follower) -> Frame:
    return await follower.mark("seen", next(iter(follower.rows)))


async def judge_after_failures(world: World) -> None:
    """Marks are tried until they are done; each connection may fail once."""
    for follower in world.followers:
        await follower.until(lambda follower=follower: follower.rows)
    for _ in range(5):
        answers = await asyncio.gather(*map(mark_one, world.followers))
        if all(answer["type"] == "done" for answer in answers):
            break
    assert all(answer["type"] == "done" for answer in answers)
    assert max(len(one.errors) for one in world.followers) <= 1
    await world.stop_senders()
    await world.judge(RESUMED, only_arrivals=False)
    assert world.closed == 0


@pytest.mark.fault(7, "PostgreSQL restarted")
async def test_sockets_stay_open_when_postgresql_restarts(
    world: World, postgres_server: Postgres
) -> None:
    await populate(world)
    await asyncio.to_thread(postgres_server.restart)
    await world.sent(20)
    await judge_after_failures(world)


@pytest.mark.fault(7, "PostgreSQL crashes (immediate), 5 s away")
async def test_sockets_stay_open_when_postgresql_is_away(
    world: World, postgres_server: Postgres
) -> None:
    await populate(world)
    await asyncio.to_thread(postgres_server.stop, "immediate")
    pings = sum(one.pings for one in world.followers)
    await asyncio.sleep(5)
    heard = sum(one.pings for one in world.followers) - pings
    await asyncio.to_thread(postgres_server.start)
    await world.sent(20, 60)
    await judge_after_failures(world)
    assert heard >= 3 * len(world.followers)


@pytest.mark.fault(7, "PostgreSQL's backends terminated, five times")
async def test_sockets_stay_open_when_backends_are_terminated(
    world: World, postgres_server: Postgres
) -> None:
    await populate(world)
    database = str(connection.settings_dict["NAME"])
    for _ in range(5):
        await asyncio.to_thread(postgres_server.terminate_backends, database)
        await asyncio.sleep(world.rng.uniform(0.2, 1.5))
    await world.sent(20)
    await judge_after_failures(world)


@pytest.mark.fault(7, "PostgreSQL hangs (SIGSTOP) for 30 s")
async def test_heartbeats_flow_and_no_tasks_pile_up_while_postgresql_hangs(
    world: World, postgres_server: Postgres
) -> None:
    await populate(world)
    postgres_server.pause()
    hung = time.monotonic()
    await asyncio.sleep(2)
    pings = [one.pings for one in world.followers]
    tasks = [(await world.figures(server))["tasks"] for server in world.servers]
    await asyncio.sleep(max(0.0, hung + 30 - time.monotonic()))
    later = [(await world.figures(server))["tasks"] for server in world.servers]
    heard = [one.pings - before for one, before in zip(world.followers, pings, strict=True)]
    postgres_server.resume()
    await world.sent(20, 60)
    world.outcome.note = f"tasks {tasks} became {later}; {min(heard)} pings or more to each"
    await judge_after_failures(world)
    assert min(heard) >= 20
    assert all(now <= before + 10 for now, before in zip(later, tasks, strict=True))


# A database that went back


async def healed(world: World, condition: Callable[[Follower], bool]) -> None:
    live = [one for one in world.followers if one.open]
    await aeventually(lambda: all(map(condition, live)), patience(5 * SWEEP), what="being healed")


@pytest.mark.parametrize("notice", ["timeline", "notify_restored", "sweep"])
@pytest.mark.fault(12, "Database gone back under live and away clients, and grown past them")
async def test_a_database_that_went_back_is_a_reset_and_never_a_silent_hole(
    world: World, postgres_server: Postgres, tmp_path: Path, notice: str
) -> None:
    """How it is noticed: by a new timeline, by the step of every restore, or, where neither is
    there, by the sweep, which meets a version that is below what it told."""
    await world.people(20)
    await world.serve(2)
    await world.follow(20)
    away = await world.follow(20)
    await world.send(count=60, rate=None)
    await world.senders_done()
    await world.settle()
    backup = await asyncio.to_thread(Backup, postgres_server, tmp_path)
    # What will be lost: all clients have it.
    kept = list(world.logs)
    await world.send(count=30, rate=None, all_every=5, name="lost")
    await asyncio.to_thread(world.senders[-1].wait, 120)
    await world.settle()
    resets = {one: one.resets for one in world.followers}
    for follower in away:
        await follower.away()
    await asyncio.to_thread(backup.restore, new_timeline=notice == "timeline")
    world.logs = kept
    if notice == "notify_restored":
        await asyncio.to_thread(manage, "notify_restored")
    elif notice == "sweep":
        await healed(world, lambda one: one.resets > resets[one])
    await world.send(count=60, rate=None, all_every=5, name="new")
    await asyncio.to_thread(world.senders[-1].wait, 120)
    for follower in away:
        follower.start()
    await world.judge(40)
    assert all(one.resets > resets[one] for one in world.followers)


@pytest.mark.quick_faults
@pytest.mark.fault(12, "Rows deleted past a client's cursor")
async def test_a_cursor_below_the_floor_is_answered_by_a_reset(world: World) -> None:
    await world.people(20)
    await world.serve(1)
    await world.follow(20)
    away = await world.follow(20)
    await world.send(count=60, rate=None)
    await world.senders_done()
    await world.settle()
    for follower in away:
        await follower.away()
    resets = [one.resets for one in away]
    await orm(retention.prune, timedelta(0), announce=publisher.publish, pause_s=0)
    world.forget_what_was_sent()
    await world.send(count=40, rate=None, name="new")
    await asyncio.to_thread(world.senders[-1].wait, 120)
    for follower in away:
        follower.start()
    await world.judge(only_arrivals=False)
    assert [one.resets for one in away] == [before + 1 for before in resets]


class CutOff(Follower):
    """Loses its first connections between `hello` and the first `inbox`."""

    left_to_cut = 3

    async def _handle(self, frame: Frame) -> None:
        await super()._handle(frame)
        if frame["type"] == "hello" and self.left_to_cut:
            self.left_to_cut -= 1
            self._connection.transport.abort()
            await asyncio.Event().wait()  # what has arrived behind it is lost

    async def _stay(self) -> None:
        reader = self._reader
        assert reader is not None
        while not reader.done():
            await asyncio.sleep(0.02)
            if self._connection.transport.is_closing():
                reader.cancel()
                await asyncio.wait([reader])
                self.close_code = 1006
                return


@pytest.mark.fault(12, "Clients cut off between `hello` and their first `inbox`")
async def test_a_client_that_was_cut_off_after_hello_misses_nothing(world: World) -> None:
    await world.people(20)
    await world.serve(1)
    await world.send(count=100, rate=50)
    clients = await world.follow(40, kind=CutOff)
    await world.senders_done()
    await world.judge()
    assert all(one.left_to_cut == 0 and one.resets == 1 for one in clients)

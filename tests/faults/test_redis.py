"""Redis dies, hangs, forgets, cuts off: sockets stay, and the sweep brings what it would have."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from notify.bus.groups import EVERY_PROCESS, full_name
from notify.bus.layers import RedisPubSubChannelLayer
from notify.sql import database
from tests.faults.world import SWEEP, World, contract
from tests.harness.database import orm
from tests.harness.process import refusing_port
from tests.harness.redis import RedisServer
from tests.harness.waiting import aeventually

pytestmark = pytest.mark.django_db(transaction=True)

# A sweep, the query, and two busy cores.
ONE_SWEEP = SWEEP + 1.5

layers = pytest.mark.parametrize(
    "layer", [pytest.param("pubsub", marks=pytest.mark.quick_faults), "core"]
)


async def populate(world: World, layer: str = "pubsub", clients: int = 60, people: int = 120):
    await world.people(people)
    await world.serve(2, REDIS_LAYER=layer)
    await world.follow(clients)


@layers
@pytest.mark.fault(1, "Redis killed, 3 s away, back empty")
async def test_no_socket_closes_when_redis_is_killed_and_all_is_healed_within_a_sweep(
    world: World, own_redis: RedisServer, layer: str
) -> None:
    await populate(world, layer)
    await world.send(rate=30, variables={"REDIS_LAYER": layer})
    await world.sent(20)
    await asyncio.to_thread(own_redis.kill)
    await asyncio.sleep(3)
    await asyncio.to_thread(own_redis.start)
    await asyncio.sleep(2 * SWEEP)
    await world.stop_senders()
    outcome = await world.judge()
    assert world.closed == 0
    assert outcome.worst_delay < contract(ONE_SWEEP)


@pytest.mark.fault(2, "Redis stopped (SIGSTOP)")
@pytest.mark.parametrize("seconds", [20])
async def test_with_redis_stopped_clients_connect_and_views_answer(
    world: World, own_redis: RedisServer, seconds: float
) -> None:
    await populate(world)
    await world.send(rate=20)
    await world.sent(10)
    own_redis.pause()
    stopped = time.monotonic()
    slowest = 0.0
    while time.monotonic() < stopped + seconds:
        began = time.monotonic()
        await world.fetch(world.servers[0], f"/faults/five-sends/?user={world.users[0]}")
        slowest = max(slowest, time.monotonic() - began)
        began = time.monotonic()
        await world.follow(2, users=world.rng.sample(world.users, 2))
        assert time.monotonic() - began < contract(2)
        await asyncio.sleep(0.5)
    own_redis.resume()
    await world.sent(20)
    await world.stop_senders()
    world.outcome.note = f"a view with five sends took {slowest:.2f} s at most"
    outcome = await world.judge()
    assert slowest < contract(1.5)
    assert world.closed == 0
    assert outcome.worst_delay < contract(ONE_SWEEP)


class TestRedisThatWasNeverStarted:
    @pytest.fixture
    def redis_url(self) -> Iterator[str]:
        with refusing_port() as port:
            yield f"redis://127.0.0.1:{port}/0"

    @layers
    @pytest.mark.fault(3, "Redis never started")
    async def test_all_arrives_by_the_sweep_and_readyz_says_degraded(
        self, world: World, layer: str
    ) -> None:
        await populate(world, layer)
        await world.send(rate=20, variables={"REDIS_LAYER": layer})

        async def degraded() -> bool:
            answers = [await world.fetch(server, "/readyz") for server in world.servers]
            return all((one["status"], one["layer"]) == ("ok", "degraded") for one in answers)

        await aeventually(degraded, what="/readyz saying degraded")
        await world.sent(100)
        assert await degraded()
        await world.stop_senders()
        outcome = await world.judge()
        assert world.closed == 0
        assert outcome.worst_delay < contract(ONE_SWEEP)
        for server in world.servers:  # one line, and not one per message
            assert server.log.count("layer is down") == 1


@pytest.mark.parametrize("times", [pytest.param(5, marks=pytest.mark.quick_faults), 50])
@pytest.mark.fault(4, "CLIENT KILL of the pub/sub connections")
async def test_nothing_is_lost_when_the_layers_connections_are_killed_again_and_again(
    world: World, own_redis: RedisServer, times: int
) -> None:
    await populate(world)
    await world.send(rate=40)
    killed = 0
    with own_redis.client() as client:
        while killed < times:  # the layer takes about a second to come back
            killed += int(client.execute_command("CLIENT", "KILL", "TYPE", "pubsub"))
            await asyncio.sleep(world.rng.uniform(0.05, 0.25))
    await world.stop_senders()
    world.outcome.note = f"{killed} connections killed"
    await world.judge()
    assert world.closed == 0


@pytest.mark.fault(4, "FLUSHALL, 50 times, on the core layer")
async def test_nothing_is_lost_when_redis_forgets_its_groups_again_and_again(
    world: World, own_redis: RedisServer
) -> None:
    await populate(world, "core")
    await world.send(rate=40, variables={"REDIS_LAYER": "core"})
    with own_redis.client() as client:
        for _ in range(50):
            client.flushall()
            await asyncio.sleep(world.rng.uniform(0.05, 0.25))
    await world.stop_senders()
    outcome = await world.judge()
    assert world.closed == 0
    assert outcome.worst_delay < contract(2 * ONE_SWEEP)


@pytest.mark.fault(5, "A server paused while 40 MB is published")
async def test_a_server_that_redis_cut_off_for_not_reading_is_healed(
    world: World, own_redis: RedisServer
) -> None:
    await populate(world)
    await world.send(rate=30)
    await world.sent(10)
    world.servers[0].pause()
    layer = RedisPubSubChannelLayer(hosts=[own_redis.url])
    group = full_name((await orm(database.facts)).deployment, EVERY_PROCESS)
    for _ in range(700):
        await layer.group_send(group, {"type": "notify.nothing", "filler": "x" * 60_000})
    await layer.flush()
    cut = own_redis.log.count("overcoming of output buffer limits")
    world.servers[0].resume()
    await world.sent(30)
    await world.stop_senders()
    world.outcome.note = f"Redis cut off {cut} connections"
    await world.judge()
    assert cut >= 1
    assert world.closed == 0

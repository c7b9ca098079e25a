"""Nothing happens, for a minute, or for as long as FAULT_IDLE_S says (`make soak`)."""

import asyncio
import os

import pytest

from tests.faults.world import World
from tests.harness.redis import RedisServer

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = float(os.environ.get("FAULT_IDLE_S") or 60)
WARM_UP = 10.0  # in which caches and pools take what they need
EACH = 100
GROWTH_MB = 3.0


@pytest.fixture
def redis_url() -> None:
    """Each server has its own layer, and one of them has none."""
    return


@pytest.mark.fault(29, "A minute in which nothing happens: layer in memory, Pub/Sub, core")
async def test_idle_sockets_stay_open_and_memory_stays_flat_on_each_layer(
    world: World, own_redis: RedisServer
) -> None:
    await world.people(EACH)
    await world.serve(1)
    for layer in ("pubsub", "core"):
        await world.serve(1, REDIS_URL=own_redis.url, REDIS_LAYER=layer)
    for server in world.servers:
        await world.follow(EACH, ways=[(server.socket_url, server.url)])
    await asyncio.sleep(WARM_UP)
    before = [await world.megabytes(server) for server in world.servers]
    tasks = [(await world.figures(server))["tasks"] for server in world.servers]
    await asyncio.sleep(SECONDS)
    grew = [
        await world.megabytes(server) - then
        for server, then in zip(world.servers, before, strict=True)
    ]
    later = [(await world.figures(server))["tasks"] for server in world.servers]
    pings = min(one.pings for one in world.followers)
    assert world.closed == 0
    await world.send(count=5, rate=None, all_every=1)
    await world.senders_done()
    await world.judge()
    shown = ", ".join(f"{megabytes:.1f}" for megabytes in grew)
    world.outcome.note = f"{SECONDS:g} s; grew {shown} MB; {pings} pings or more to each"
    assert world.closed == 0
    assert pings >= (SECONDS + WARM_UP) // 23  # the interval is 20 s ± 10 %
    assert max(grew) < GROWTH_MB
    assert all(now <= then + 3 for now, then in zip(later, tasks, strict=True)), (tasks, later)

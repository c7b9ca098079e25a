"""Everything at random: Redis, PostgreSQL's backends, PostgreSQL and servers, killed, paused,
restarted, while notices are sent all the time."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.db import connection

from tests.faults.world import World
from tests.harness.postgres import Postgres
from tests.harness.redis import RedisServer
from tests.harness.server import Server

pytestmark = pytest.mark.django_db(transaction=True)

# How many are committed before the faults end.
NOTICES = int(os.environ.get("FAULT_NOTICES") or 100_000)


class Chaos:
    def __init__(self, world: World, redis: RedisServer, postgres: Postgres) -> None:
        self.world, self.redis, self.postgres = world, redis, postgres
        self.done: Counter[str] = Counter()
        self._faults: list[Callable[[], Awaitable[None]]] = [
            self.kill_redis,
            self.pause_redis,
            self.flush_redis,
            self.cut_pubsub,
            self.kill_server,
            self.pause_server,
            self.restart_server,
            self.terminate_backends,
            self.pause_postgres,
            self.restart_postgres,
        ]

    async def one(self) -> None:
        fault = self.world.rng.choice(self._faults)
        self.done[fault.__name__] += 1
        print(f"chaos: {fault.__name__}")  # noqa: T201
        await fault()

    async def _a_while(self, most: float) -> None:
        await asyncio.sleep(self.world.rng.uniform(0, most))

    def _any_server(self) -> Server:
        return self.world.rng.choice(self.world.servers)

    async def kill_redis(self) -> None:
        await asyncio.to_thread(self.redis.kill)
        await self._a_while(3)
        await asyncio.to_thread(self.redis.start)

    async def pause_redis(self) -> None:
        self.redis.pause()
        await self._a_while(5)
        self.redis.resume()

    async def flush_redis(self) -> None:
        with self.redis.client() as client:
            client.flushall()

    async def cut_pubsub(self) -> None:
        with self.redis.client() as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")

    async def kill_server(self) -> None:
        server = self._any_server()
        await asyncio.to_thread(server.kill)
        await self._a_while(2)
        await self._start(server)

    async def pause_server(self) -> None:
        server = self._any_server()
        server.pause()
        await self._a_while(5)
        server.resume()

    async def restart_server(self) -> None:
        server = self._any_server()
        await asyncio.to_thread(server.terminate, 30)
        await self._start(server)

    async def _start(self, server: Server) -> None:
        await asyncio.to_thread(server.start)
        await self.world.until_serving(server)

    async def terminate_backends(self) -> None:
        name = str(connection.settings_dict["NAME"])
        await asyncio.to_thread(self.postgres.terminate_backends, name)

    async def pause_postgres(self) -> None:
        self.postgres.pause()
        await self._a_while(5)
        self.postgres.resume()

    async def restart_postgres(self) -> None:
        mode = self.world.rng.choice(["fast", "immediate"])
        await asyncio.to_thread(self.postgres.restart, mode)


QUICK = {"threads": 2, "rate": 30, "audience": (1, 10), "all_every": 30}
# Many transactions of many notices, each to few: what is committed is what costs time.
MANY = {"rate": None, "lot": 20, "audience": (1, 2), "all_every": 1000}


@pytest.mark.parametrize(
    ("notices", "plan", "calm"),
    [
        pytest.param(500, QUICK, 2, marks=pytest.mark.quick_faults, id="500-notices"),
        pytest.param(NOTICES, MANY, 4, id=f"{NOTICES}-notices"),
    ],
)
@pytest.mark.fault(0, "Random faults: Redis, PostgreSQL, servers killed, paused, restarted")
async def test_nothing_is_lost_whatever_happens(
    world: World,
    own_redis: RedisServer,
    postgres_server: Postgres,
    *,
    notices: int,
    plan: dict[str, Any],
    calm: float,
) -> None:
    """`calm` is how long it is quiet after a fault, at most, in seconds."""
    await world.people(150)
    await world.serve(2)
    await world.follow(75)
    chaos = Chaos(world, own_redis, postgres_server)
    for _ in range(2):
        await world.send(**plan)
    rounds, grew_at, committed = 0, time.monotonic(), 0
    while world.committed < notices or rounds < 5:
        await chaos.one()
        await asyncio.sleep(world.rng.uniform(0, calm))
        rounds += 1
        if world.committed > committed:
            grew_at, committed = time.monotonic(), world.committed
        assert time.monotonic() - grew_at < 120, "the senders are stuck"
    await world.stop_senders()
    faults = ", ".join(f"{name} {times}" for name, times in sorted(chaos.done.items()))
    world.outcome.note = f"{rounds} faults: {faults}"
    await world.judge(180)
    assert len(world.truth.committed) >= notices

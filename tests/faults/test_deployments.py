"""Two deployments on one Redis do not meet; the processes of one do, however they come by it."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from django.contrib.auth.models import User
from django.db import connection

from tests.faults.crossing import epochs, largest, titles_seen
from tests.faults.world import World, contract
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.pgbouncer import PgBouncer
from tests.harness.postgres import Postgres
from tests.harness.process import Process
from tests.harness.redis import RedisServer
from tests.harness.server import ROOT, database_url, environment, manage
from tests.harness.waiting import deadline

pytestmark = pytest.mark.django_db(transaction=True)

once = pytest.mark.needs_serve  # the same whatever serves, and it takes a while
OTHER = "another_deployment"
SWEEP = 40.0  # what is told far below it was told by the layer
BY_THE_LAYER = 2.5
# A saturated machine must not be taken for an outage of Redis, in which hints are left out.
PATIENT = {"NOTIFY_PUBLISH_TIMEOUT": "10"}
LOOK = 4.0  # what a process told of its sockets holds for 3.5 s


def other_url() -> str:
    return f"{database_url().rpartition('/')[0]}/{OTHER}"


def create(postgres: Postgres, *, template: str = "template1") -> None:
    """A template must not be in use: who is connected is cut off, and may come back at once."""
    for attempt in range(20):
        if template != "template1":
            postgres.terminate_backends(template)
        try:
            with psycopg.connect(postgres.url("postgres"), autocommit=True) as session:
                session.execute(f"CREATE DATABASE {OTHER} TEMPLATE {template}")
        except psycopg.errors.ObjectInUse:
            assert attempt < 19, f"{template} stays in use"
        else:
            return


@pytest.fixture
def other_database(postgres_server: Postgres) -> Iterator[Postgres]:
    """Where it is made, and dropped."""
    yield postgres_server
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as session:
        session.execute(f"DROP DATABASE IF EXISTS {OTHER} WITH (FORCE)")


class Neighbour(Process):
    """Another deployment, on its own database; see tests.faults.neighbour."""

    def __init__(self, directory: Path, **plan: Any) -> None:
        directory.mkdir()
        self._directory = directory
        words = json.dumps(plan | {"directory": str(directory)})
        super().__init__(
            [sys.executable, "-m", "tests.faults.neighbour", words],
            log=directory / "log",
            env=environment(DATABASE_URL=other_url(), DATABASE_POOL="0", **PATIENT),
            cwd=ROOT,
        )

    def ready(self) -> bool:
        return (self._directory / "state.json").exists()

    @property
    def state(self) -> dict[str, Any]:
        return dict(json.loads((self._directory / "state.json").read_text()))

    def end(self) -> dict[str, Any]:
        """Has it judge; returns what it found."""
        assert self.terminate(deadline(120)) == 0, self.log
        return dict(json.loads((self._directory / "outcome.json").read_text()))

    def stop(self) -> None:
        """Lets it end its own processes, which would outlive it."""
        if self.alive:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.terminate(deadline(90))
        super().stop()

    def client(self, user: int) -> Client:
        state = self.state
        return Client(state["socket_url"], cookie=state["cookies"][str(user)], origin=state["url"])


async def watched(client: Client, user: int) -> dict[str, int]:
    """How much a client that may see everything is told of."""
    mine = await largest(client, "sockets", LOOK)
    persons = await largest(client, f"person:{user}", LOOK)
    operations: dict[str, int] = await largest(client, "operations", LOOK)
    return {"mine": len(mine), "person": len(persons)} | operations


async def id_of(client: Client) -> str:
    await client.send(type="watch", topic="sockets")
    frame = await client.frame(
        lambda frame: frame["type"] == "figures" and any(one["this"] for one in frame["data"])
    )
    await client.send(type="unwatch", topic="sockets")
    return next(str(one["id"]) for one in frame["data"] if one["this"])


@pytest_asyncio.fixture
async def neighbour(
    request: pytest.FixtureRequest,
    world: World,
    own_redis: RedisServer,
    other_database: Postgres,
    tmp_path: Path,
) -> AsyncIterator[Neighbour]:
    """Of the kind that the test is given; both have the same people."""
    await world.people(20)
    await orm(lambda: User.objects.filter(pk=world.users[0]).update(is_superuser=True))
    await world.serve(1, NOTIFY_SWEEP_INTERVAL=str(SWEEP), **PATIENT)
    await world.send(rate=None, count=5, all_every=1, name="before")
    await world.senders_done()
    [server] = world.servers
    if request.param == "copy":  # of everything, as staging is made of production
        await world.settle(20)
        await asyncio.to_thread(server.terminate)
        name = str(connection.settings_dict["NAME"])
        await asyncio.to_thread(create, other_database, template=name)
        await asyncio.to_thread(server.start)
        await world.until_serving(server)
    else:
        await asyncio.to_thread(create, other_database)
        seconds = deadline(120)  # of all migrations, on a busy machine
        await asyncio.to_thread(manage, "migrate", seconds=seconds, DATABASE_URL=other_url())
    number = 1 if request.param == "number" else 0
    redis_url = f"{own_redis.url.rpartition('/')[0]}/{number}"
    other = Neighbour(
        tmp_path / "neighbour", seed=world.seed, redis_url=redis_url, users=world.users, sweep=SWEEP
    )
    await world.follow(len(world.users))
    await asyncio.to_thread(other.start)
    yield other
    await asyncio.to_thread(other.stop)


@pytest.mark.parametrize(
    "neighbour",
    [
        pytest.param("copy", marks=pytest.mark.quick_faults),
        pytest.param("number", marks=once),
        pytest.param("unrelated", marks=once),
    ],
    indirect=True,
)
@pytest.mark.fault(35, "Two deployments on one Redis")
async def test_deployments_on_one_redis_do_not_meet(world: World, neighbour: Neighbour) -> None:
    """The second database is a copy of the first; or both are unrelated, with a number of Redis of
    their own, or with the same. The people have the same keys."""
    [server] = world.servers
    user = world.users[0]
    kept = await orm(epochs, world.users)
    await world.send(rate=10, name="ours", variables=PATIENT)
    cookies = await orm(world.cookies, [user])
    async with (
        Client(server.socket_url, cookie=cookies[user], origin=server.url) as mine,
        neighbour.client(user) as other,
    ):
        both = await asyncio.gather(watched(mine, user), watched(other, user))
        for client, foreign in ((mine, await id_of(other)), (other, await id_of(mine))):
            await client.send(type="close_socket", ref="close", id=foreign)
            await client.frame(lambda frame: frame.get("ref") == "close")
        await world.sent(20)
        assert [mine.open, other.open] == [True, True], "closed from the other deployment"
    await world.stop_senders()
    outcome = await world.judge()
    found = await asyncio.to_thread(neighbour.end)
    theirs = found["outcome"]
    p99, median = world.p99(world.followers), world.median(world.followers)
    world.outcome.note = (
        f"with the other's {theirs['clients']} clients and {theirs['deliveries']:,} deliveries, "
        f"worst delay {theirs['worst_delay']:.2f} s; p99 {p99:.2f} s"
    )
    assert theirs["problems"] == []
    assert not {title for title in titles_seen(world.followers) if "neighbour" in title}
    assert not {title for title in found["titles"] if "ours" in title}
    assert await orm(epochs, world.users) == kept, "new epochs"
    assert found["epochs_kept"], "new epochs in the other's database"
    assert outcome.resets == len(world.followers)  # the first of each
    assert theirs["resets"] == theirs["clients"]
    alone = {"mine": 2, "person": 2, "processes": 1, "sockets": 21, "users": 20}
    assert list(both) == [alone, alone]
    assert world.closed == 0
    assert max(median, found["median"]) < contract(BY_THE_LAYER)


@pytest.mark.quick_faults
@pytest.mark.fault(36, "One deployment by TCP, socket, PgBouncer; a new SECRET_KEY in one")
async def test_the_processes_of_one_deployment_hear_each_other_however_they_reach_the_database(
    world: World, postgres_server: Postgres, pgbouncer: PgBouncer
) -> None:
    name = str(connection.settings_dict["NAME"])
    user = connection.settings_dict["USER"]
    pooled = {
        "DATABASE_URL": pgbouncer.url(name),
        "DATABASE_PREPARE": "off",
    }
    rotated = {
        "DJANGO_SETTINGS_MODULE": "tests.faults.rotated_settings",
        "SECRET_KEY": "the next key of the tests, which one process has already",
        "OLD_SECRET_KEY": os.environ["SECRET_KEY"],
    }
    by_socket = f"postgres://{user}@:{postgres_server.port}/{postgres_server.directory}/{name}"
    ways = [{}, pooled, {"DATABASE_URL": by_socket}, rotated, pooled | rotated]
    await world.people(20)
    for way in ways:
        await world.serve(1, NOTIFY_SWEEP_INTERVAL=str(SWEEP), **PATIENT, **way)
    names = ["TCP", "PgBouncer", "socket", "new key", "PgBouncer, new key"]
    heard_at = [
        await world.follow(20, ways=[(server.socket_url, server.url)]) for server in world.servers
    ]
    for way in ways:
        await world.send(rate=2, count=15, variables=PATIENT | way)
    await world.senders_done()
    await world.judge()
    assert world.closed == 0
    for name, log in zip(names, world.logs, strict=True):
        medians = [world.median(followers, [log]) for followers in heard_at]
        said = dict(zip(names, medians, strict=True))
        assert max(medians) < contract(BY_THE_LAYER), f"sent by {name}: {said}"
    world.outcome.note = f"p99 {world.p99(world.followers):.2f} s"

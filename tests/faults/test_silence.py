"""Redis and PostgreSQL fall silent: nothing is refused, nothing is closed, and nothing answers."""

import asyncio
import contextlib
import socket
import time
from collections import Counter
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

from tests.faults.follower import Follower
from tests.faults.silence import Silence
from tests.faults.world import SWEEP, World, contract, patience
from tests.harness.postgres import Postgres
from tests.harness.redis import RedisServer
from tests.harness.server import Server
from tests.harness.waiting import aeventually, deadline

pytestmark = pytest.mark.django_db(transaction=True)

once = pytest.mark.needs_serve  # the same whatever serves, and it takes a while
ONE_SWEEP = SWEEP + 1.5  # the sweep, its query, and two busy cores
RESUMED = 60.0  # a sender whose append failed leaves the batch to the workers
AWAY = 60.0  # so long without a database, then sockets are closed with 4503


@pytest.fixture
def silent_redis(own_redis: RedisServer) -> Iterator[Silence]:
    with Silence(own_redis.port) as way:
        yield way


@pytest.fixture
def silent_postgres(postgres_server: Postgres) -> Iterator[Silence]:
    with Silence(postgres_server.port) as way:
        yield way


async def follow(world: World, servers: list[Server], each: int) -> list[Follower]:
    """Clients that stay with one server."""
    followers: list[Follower] = []
    for server in servers:
        followers += await world.follow(each, ways=[(server.socket_url, server.url)])
    return followers


NO_ANSWER = 0


class Probe:
    """Asks a path of each server, about twice a second, and keeps how it answers."""

    def __init__(self, world: World, servers: list[Server], path: str) -> None:
        self._world, self._servers, self._path = world, servers, path
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0

    async def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.gather(*map(self._ask, self._servers))
            await asyncio.sleep(0.5)

    async def _ask(self, server: Server) -> None:
        began = time.monotonic()
        try:
            await self._world.fetch(server, self._path, 10)
            status = 200
        except HTTPError as error:
            status = error.code
        except OSError:
            status = NO_ANSWER
        self.statuses[status] += 1
        self.slowest = max(self.slowest, time.monotonic() - began)


def ask(connection: socket.socket) -> bytes:
    connection.sendall(b"PING\r\n")
    return connection.recv(100)


@pytest.mark.quick_faults
def test_what_is_silenced_is_neither_answered_nor_closed_and_goes_on_when_it_is_healed(
    silent_redis: Silence,
) -> None:
    """Of the harness itself."""
    where = (silent_redis.host, silent_redis.port)
    with socket.create_connection(where, 5) as silenced:
        assert ask(silenced) == b"+PONG\r\n"
        assert silent_redis.open_flows() == 1
        silenced.settimeout(1)
        with pytest.raises(TimeoutError):
            ask(silenced)
        with socket.create_connection(where, 5) as new:
            assert ask(new) == b"+PONG\r\n"
        silent_redis.heal()
        silenced.settimeout(deadline(10))
        assert silenced.recv(100) == b"+PONG\r\n"


async def layer_is_up(world: World) -> bool:
    return not any([(await world.figures(server))["layer_down"] for server in world.servers])


@pytest.mark.parametrize(
    ("flows", "seconds", "layer"),
    [("all", 60, "pubsub"), ("open", 60, "pubsub"), pytest.param("open", 30, "core", marks=once)],
)
@pytest.mark.fault(32, "Redis silent: packets dropped")
async def test_a_silent_redis_is_an_outage_and_stops_no_server(
    world: World, silent_redis: Silence, flows: str, seconds: float, layer: str
) -> None:
    """The kernel gives up on the connections while they are silent. A third server, with a way of
    its own to Redis, is not concerned."""
    await world.people(60)
    way = {"REDIS_LAYER": layer, "REDIS_URL": silent_redis.redis_url}
    await world.serve(2, **way)
    await world.serve(1, REDIS_LAYER=layer)
    concerned = await follow(world, world.servers[:2], 20)
    bystanders = await follow(world, world.servers[2:], 20)
    await world.send(rate=10, variables={"REDIS_LAYER": layer})
    own = list(world.logs)
    await world.send(rate=10, variables=way)
    await world.sent(20)
    if flows == "all":
        silent_redis.everything()
    else:
        assert silent_redis.open_flows() >= 3
    probe = Probe(world, world.servers, "/healthz")
    await probe.run(seconds)
    assert set(probe.statuses) == {200}, "a server stands still"
    assert probe.slowest < contract(1.5)
    if flows == "all":
        silent_redis.heal()
    await aeventually(lambda: layer_is_up(world), patience(15), what="the layer, back")
    await world.sent(20)
    await world.stop_senders()
    world.outcome.note = (
        f"{silent_redis.way}; /healthz took {probe.slowest:.2f} s at most; "
        f"a bystander's p99 {world.p99(bystanders, own):.2f} s"
    )
    outcome = await world.judge()
    assert world.closed == 0
    assert outcome.worst_delay < contract(ONE_SWEEP)
    assert max(map(len, (one.errors for one in concerned))) == 0


@pytest.mark.fault(33, "Open PostgreSQL flows silent, Redis away")
async def test_flows_to_postgresql_that_died_are_found_and_everybody_has_everything(
    world: World, own_redis: RedisServer, silent_postgres: Silence
) -> None:
    """New connections work, so it is a sweep or so, and at most the minute and a new socket."""
    await world.people(60)
    await world.serve(2, DATABASE_URL=silent_postgres.database_url)
    await world.serve(1)
    await follow(world, world.servers[:2], 20)
    bystanders = await follow(world, world.servers[2:], 20)
    await world.send(rate=10)
    await world.sent(20)
    await asyncio.to_thread(own_redis.kill)
    silent_postgres.open_flows()
    silent = time.monotonic()
    await world.sent(100)
    await world.stop_senders()
    left = AWAY + 15 - (time.monotonic() - silent)
    await world.settle(patience(left))
    took = time.monotonic() - silent
    codes = {code for one in world.followers for code in one.closes}
    world.outcome.note = (
        f"{silent_postgres.way}; in step after {took:.0f} s, {world.closed} sockets closed; "
        f"a bystander's p99 {world.p99(bystanders):.2f} s"
    )
    await world.judge(5)
    assert codes <= {4503}
    assert not any(one.closes for one in bystanders)
    assert took < contract(AWAY + 15)


@pytest.mark.fault(34, "PostgreSQL hangs (SIGSTOP) for 160 s")
async def test_a_database_that_hangs_is_away_after_a_minute_and_comes_back(
    world: World, postgres_server: Postgres
) -> None:
    await world.people(40)
    await world.serve(2)
    await world.follow(40)
    await world.send(rate=10)
    await world.sent(20)
    postgres_server.pause()
    hung = time.monotonic()
    probe = Probe(world, world.servers, "/readyz")
    asking = asyncio.create_task(probe.run(160))
    try:
        await aeventually(
            lambda: all(one.closes for one in world.followers),
            patience(AWAY + 30),
            what="sockets that are closed",
        )
        told = time.monotonic() - hung
        await asking
    finally:
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
        postgres_server.resume()
    assert {code for one in world.followers for code in one.closes} == {4503}
    back = time.monotonic()
    await aeventually(
        lambda: all(one.open for one in world.followers), patience(45), what="all being back"
    )
    returned = time.monotonic() - back
    await world.sent(20)
    await world.stop_senders()
    world.outcome.note = (
        f"4503 to all after {told:.0f} s, back {returned:.0f} s after it; "
        f"/readyz took {probe.slowest:.2f} s at most"
    )
    await world.judge(RESUMED)
    assert set(probe.statuses) == {503}
    assert probe.slowest < contract(1)
    assert told > AWAY - 5

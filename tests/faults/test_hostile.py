"""Strangers do through nginx what they may; everybody else goes on with their work."""

import asyncio
import contextlib
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from websockets.exceptions import InvalidMessage, InvalidStatus

from tests.faults.conftest import follow_through
from tests.faults.world import World
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.nginx import Nginx
from tests.harness.server import ROOT
from tests.harness.waiting import deadline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_serve]

SECONDS = 40.0  # nginx gives up a slow answer after 30
SIGN_INS = (20, 2)  # at once, and a second, as nginx.conf has it


NO_ANSWER = 0


@contextlib.asynccontextmanager
async def attacked(nginx: Nginx) -> AsyncIterator[dict[str, Counter[int]]]:
    """What it yields is filled in at the end: of each attack, how often it had which status."""
    statuses: dict[str, Counter[int]] = {}
    command = ["-m", "tests.faults.attacks", str(nginx.port), str(nginx.certificate.path)]
    pipe = asyncio.subprocess.PIPE
    attacker = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdin=pipe, stdout=pipe
    )
    assert attacker.stdout is not None
    async with asyncio.timeout(deadline(30)):
        assert await attacker.stdout.readline() == b"ready\n"
    try:
        yield statuses
    finally:
        said, _ = await attacker.communicate(b"")  # which closes its stdin
    for attack, counted in json.loads(said).items():
        statuses[attack] = Counter({int(status): times for status, times in counted.items()})


class Bystander:
    """Does one thing over and over, and keeps what came of it and how long it took."""

    def __init__(self, every: float, work: Callable[[], Awaitable[int]]) -> None:
        self._every, self._work = every, work
        self.statuses: Counter[int] = Counter()
        self.took: list[float] = []

    async def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        doing = []
        while time.monotonic() < end:
            doing.append(asyncio.create_task(self._once()))
            await asyncio.sleep(self._every)
        await asyncio.gather(*doing)

    async def _once(self) -> None:
        began = time.monotonic()
        try:
            status = await self._work()
        except (OSError, httpx.HTTPError, InvalidMessage):
            status = NO_ANSWER
        self.statuses[status] += 1
        self.took.append(time.monotonic() - began)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.took, n=100)[98]


@contextlib.asynccontextmanager
async def bystanders(nginx: Nginx, world: World) -> AsyncIterator[dict[str, Bystander]]:
    user = world.users[0]
    cookie = (await orm(world.cookies, [user]))[user]
    trust = nginx.trust()
    browser = httpx.AsyncClient(verify=trust, timeout=deadline(30), headers={"Cookie": cookie})

    def page(path: str) -> Callable[[], Awaitable[int]]:
        async def get() -> int:
            return (await browser.get(f"{nginx.url}{path}")).status_code

        return get

    async def handshake() -> int:
        client = Client(nginx.socket_url, cookie=cookie, origin=nginx.url, trust=trust)
        try:
            await client.connect()
        except InvalidStatus as refused:
            return refused.response.status_code
        await client.frame("inbox", 30)
        await client.close()
        return 101

    async with browser:
        yield {
            "pages": Bystander(0.25, page("/notify/")),
            "pages with a form": Bystander(1, page("/accounts/password_change/")),
            "handshakes": Bystander(0.25, handshake),
        }


@pytest.mark.fault(39, "Hostile requests through nginx while others work")
async def test_nothing_that_strangers_ask_for_takes_anything_from_the_others(
    nginx: Nginx, world: World
) -> None:
    """Long addresses, slow answers, slow readers and writers, half handshakes, a root path, and
    a hundred sign-ins a second, of which each that gets through costs the hash of a password."""
    await follow_through(nginx, world, 60)
    await world.send(rate=20)
    async with bystanders(nginx, world) as others, attacked(nginx) as statuses:
        await asyncio.gather(*(one.run(SECONDS) for one in others.values()))
    await world.stop_senders()
    tried = statuses["sign-in"]
    world.outcome.note = f"{tried.total()} sign-ins, {tried[200]} of them hashed; " + ", ".join(
        f"p99 of {name} {one.p99:.2f} s" for name, one in others.items()
    )
    print(world.outcome.note, statuses)  # noqa: T201  pytest shows it with a failure
    assert {name: set(one.statuses) for name, one in others.items()} == {
        "pages": {200},
        "pages with a form": {200},
        "handshakes": {101},
    }
    assert world.closed == 0
    at_once, a_second = SIGN_INS
    assert 0 < tried[200] <= at_once + a_second * (SECONDS + deadline(2))
    assert tried[429] > 10 * tried[200]
    assert set(statuses["long"]) == {302}
    assert set(statuses["root path"]) == {404}
    assert set(statuses["slow"]) == {504}
    await world.judge()

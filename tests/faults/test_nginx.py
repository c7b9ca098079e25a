"""Two processes behind nginx with the file of deploy/: reloads, a dead process, slow headers."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.world import World, contract
from tests.harness.nginx import BEHIND_NGINX, Nginx
from tests.harness.waiting import aeventually

pytestmark = pytest.mark.django_db(transaction=True)

CUT_WITHIN_S = 10.0


@pytest_asyncio.fixture
async def nginx(world: World, tmp_path: Path) -> AsyncIterator[Nginx]:
    await world.people(60)
    await world.serve(2, arguments=["--proxy-headers"], **BEHIND_NGINX)
    directory = tmp_path / "nginx"
    directory.mkdir()
    running = Nginx(directory, [server.port for server in world.servers])
    await asyncio.to_thread(running.start)
    yield running
    await asyncio.gather(*(one.leave() for one in world.followers))
    await asyncio.to_thread(running.stop)


async def follow_through(nginx: Nginx, world: World, count: int) -> None:
    ways = [(nginx.socket_url, nginx.url)]
    await world.follow(count, ways=ways, trust=nginx.trust(), haste=1.0)


@pytest.mark.fault(25, "nginx reloaded five times, then one upstream dead")
async def test_reloads_and_a_dead_upstream_lose_nothing(nginx: Nginx, world: World) -> None:
    await follow_through(nginx, world, 60)
    await world.send(rate=20)
    for _ in range(5):
        await asyncio.to_thread(nginx.reload)
        await world.sent(5)
    assert world.closed == 0
    dead, _ = world.servers
    await asyncio.to_thread(dead.kill)
    await aeventually(lambda: all(one.open for one in world.followers), 60, what="other ways")
    await follow_through(nginx, world, 20)  # while it is dead
    await world.sent(40)
    await asyncio.to_thread(dead.start)
    await world.until_serving(dead)
    await world.sent(20)
    await world.stop_senders()
    world.outcome.note = f"{world.closed} sockets were of the dead one"
    await world.judge(90)


async def trickle(nginx: Nginx) -> float:
    """Sends headers at a byte a second; returns after how many seconds it was cut off."""
    began = time.monotonic()
    _, writer = opened = await asyncio.open_connection("localhost", nginx.port, ssl=nginx.trust())
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        began = time.monotonic()
        while True:
            writer.write(b"x")
            try:
                async with asyncio.timeout(1):
                    await opened[0].read(100)  # an answer, which is 408, or the end
                break
            except TimeoutError:
                continue
    except OSError:
        pass
    finally:
        writer.transport.abort()
    return time.monotonic() - began


@pytest.mark.fault(18, "Headers at a byte a second, 500 clients at once, through nginx")
async def test_slow_headers_are_cut_off_and_nobody_else_waits(nginx: Nginx, world: World) -> None:
    await follow_through(nginx, world, 30)
    await world.send(rate=20)
    took = await asyncio.gather(*(trickle(nginx) for _ in range(500)))
    await world.stop_senders()
    world.outcome.note = f"cut after {min(took):.1f} to {max(took):.1f} s"
    await world.judge()
    assert world.closed == 0
    assert max(took) < contract(CUT_WITHIN_S)

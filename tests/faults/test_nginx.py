"""Two processes behind nginx with the file of deploy/: reloads, dead processes, slow headers."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.faults.conftest import follow_through
from tests.faults.world import World, contract
from tests.harness.nginx import Nginx
from tests.harness.waiting import aeventually

pytestmark = pytest.mark.django_db(transaction=True)

CUT_WITHIN_S = 10.0


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


@pytest.mark.fault(25, "nginx's own workers killed, ten times")
async def test_a_killed_worker_of_nginx_leaves_nobody_out(nginx: Nginx, world: World) -> None:
    """Nothing that it has counted of open sockets stays. Ten times, as that would add up."""
    await follow_through(nginx, world, 60)
    await world.send(rate=20)
    for times in range(1, 11):
        for pid in children(nginx.pid):
            os.kill(pid, signal.SIGKILL)
        await aeventually(
            lambda times=times: all(
                one.open and len(one.opened) > times for one in world.followers
            ),
            60,
            what="all being back",
        )
    await world.sent(20)
    await world.stop_senders()
    world.outcome.note = f"{world.closed} sockets were of killed workers"
    await world.judge()


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


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

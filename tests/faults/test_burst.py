"""Many notices at once, to many sockets of one process."""

import time

import pytest

from tests.faults.world import World, contract

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("users", "each"), [pytest.param(100, 5, marks=pytest.mark.quick_faults), (1000, 5)]
)
@pytest.mark.fault(6, "Burst: all users on one process, 4 publishers")
async def test_a_burst_reaches_every_socket_within_a_second(
    world: World, users: int, each: int
) -> None:
    await world.people(users)
    await world.serve(1)
    await world.follow(users)
    began = time.monotonic()
    for _ in range(4):
        await world.send(count=each, rate=2, all_every=1)
    await world.senders_done()
    took = time.monotonic() - began
    await world.judge()
    truth = world.truth.committed
    delays = sorted(
        seen - truth[notice][1]
        for follower in world.followers
        for notice, seen in follower.first_seen.items()
    )
    p99 = delays[int(len(delays) * 0.99)]
    world.outcome.note = f"p50 {delays[len(delays) // 2]:.2f} s, p99 {p99:.2f} s; {took:.0f} s long"
    assert len(delays) == users * 4 * each
    assert p99 < contract(1)

"""Another session holds what a send or a mark must write to: a row of an inbox, or the table."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from tests.faults.follower import Follower
from tests.faults.world import World, contract
from tests.harness.client import Frame
from tests.harness.server import database_url

pytestmark = pytest.mark.django_db(transaction=True)

once = pytest.mark.needs_serve  # the same whatever serves, and it takes a while
HELD = 20.0
AT_MOST = 3.3  # 2 s in all; behind other waiters one more for the rows of a batch, then storing it
RESUMED = 60.0  # what could not be appended is left to the workers

ROW = "SELECT FROM notify_inbox WHERE user_id = {user} FOR UPDATE"
TABLE = "LOCK TABLE notify_inbox IN {mode} MODE"


@asynccontextmanager
async def held(statement: str) -> AsyncIterator[None]:
    async with await psycopg.AsyncConnection.connect(database_url()) as session:
        await session.execute(statement)
        yield
        await session.rollback()


class Marker:
    """Marks the rows of some clients, one after the other, while the lock is held."""

    def __init__(self, followers: list[Follower]) -> None:
        self._followers = followers
        self.answers: list[tuple[float, Frame]] = []

    @property
    def slowest(self) -> float:
        return max(took for took, _ in self.answers)

    async def run(self, seconds: float) -> None:
        await asyncio.gather(*(self._mark(one, seconds) for one in self._followers))

    async def _mark(self, follower: Follower, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            answer = await follower.mark("seen", *follower.rows)
            self.answers.append((time.monotonic() - began, answer))
            await asyncio.sleep(0.5)

    def assert_in_time(self, *, at_least_one_refused: bool) -> None:
        refused = [answer for _, answer in self.answers if answer["type"] == "error"]
        assert {answer["code"] for answer in refused} <= {"unavailable"}
        assert bool(refused) == at_least_one_refused
        assert self.slowest < contract(AT_MOST)


def times_of(log: Path) -> tuple[list[float], int]:
    """How long each send took, in seconds, and how many failed."""
    entries = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    took = [entry["took"] for entry in entries if "took" in entry]
    return took, sum("failed" in entry for entry in entries)


async def populate(world: World) -> None:
    await world.people(20)
    await world.serve(2)
    await world.follow(20)
    await world.send(rate=None, count=3, all_every=1, name="before")
    await world.senders_done()
    await world.settle()


@pytest.mark.fault(38, "A row of an inbox locked for 20 s")
async def test_a_locked_inbox_holds_nobody_up_and_misses_nothing(world: World) -> None:
    await populate(world)
    [locked, *others] = world.users
    await world.send(rate=3, users=[locked], audience=(1, 1), name="locked")
    await world.send(rate=3, audience=(2, 5), name="mixed")
    await world.send(rate=10, users=others, name="other")
    concerned = [one for one in world.followers if one.user_pk == locked]
    bystanders = [one for one in world.followers if one.user_pk != locked]
    async with held(ROW.format(user=locked)):
        await asyncio.sleep(0)
        mine, theirs = Marker(concerned), Marker(bystanders[:5])
        await asyncio.gather(mine.run(HELD), theirs.run(HELD))
    await world.sent(20)
    await world.stop_senders()
    took, failed = times_of(world.logs[1])
    mixed, failed_mixed = times_of(world.logs[2])
    undisturbed, failed_others = times_of(world.logs[3])
    p99 = world.p99(bystanders, [world.logs[3]])
    world.outcome.note = (
        f"a send took {max(took + mixed):.1f} s at most, to others {max(undisturbed):.1f} s; "
        f"a mark {mine.slowest:.1f} s and {theirs.slowest:.1f} s; a bystander's p99 {p99:.2f} s"
    )
    await world.judge(RESUMED, only_arrivals=False)
    assert world.closed == 0
    assert (failed, failed_mixed, failed_others) == (0, 0, 0)
    assert max(took + mixed) < contract(AT_MOST)
    assert max(undisturbed) < contract(1)
    mine.assert_in_time(at_least_one_refused=True)
    theirs.assert_in_time(at_least_one_refused=False)


@pytest.mark.parametrize("mode", ["SHARE", pytest.param("ACCESS EXCLUSIVE", marks=once)])
@pytest.mark.fault(38, "The table of inboxes locked for 20 s, as CREATE INDEX and ALTER TABLE do")
async def test_a_locked_table_of_inboxes_holds_no_caller_up_and_misses_nothing(
    world: World, mode: str
) -> None:
    await populate(world)
    await world.send(rate=5, name="locked")
    pings = [one.pings for one in world.followers]
    async with held(TABLE.format(mode=mode)):
        marker = Marker(world.followers[:5])
        await marker.run(HELD)
    answered = [one.pings - then for one, then in zip(world.followers, pings, strict=True)]
    await world.sent(20)
    await world.stop_senders()
    took, failed = times_of(world.logs[1])
    world.outcome.note = (
        f"a send took {max(took):.1f} s at most, a mark {marker.slowest:.1f} s; "
        f"{min(answered)} pings or more to each"
    )
    await world.judge(RESUMED, only_arrivals=False)
    assert world.closed == 0
    assert failed == 0
    assert max(took) < contract(AT_MOST)
    marker.assert_in_time(at_least_one_refused=True)

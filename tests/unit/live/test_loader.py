"""Wants of one time are carried out together, and fail apart."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest
from django.db import DataError, OperationalError

from notify.live.loader import LOTS_AT_ONCE, Loader
from notify.live.pool import DatabasePool


@pytest.fixture
async def pool() -> AsyncIterator[DatabasePool]:
    made = DatabasePool(4, "test", limit=10)
    yield made
    await made.close()


class Work:
    """Doubles numbers, and notes each lot; waits for `gate`; a negative number is an error."""

    def __init__(self, error: Exception) -> None:
        self.lots: list[list[int]] = []
        self.gate = threading.Event()
        self._error = error

    def __call__(self, wants: Sequence[int]) -> list[int]:
        self.lots.append(list(wants))
        assert self.gate.wait(5)
        if min(wants) < 0:
            raise self._error
        return [2 * one for one in wants]


def loader(pool: DatabasePool, work: Work) -> Loader[int, int]:
    tasks = asyncio.get_running_loop()
    return Loader(pool, work, lambda coroutine: kept.append(tasks.create_task(coroutine)))


kept: list[asyncio.Task[None]] = []  # the loop holds its tasks weakly


async def test_wants_of_one_turn_are_one_lot_and_each_gets_its_own(pool: DatabasePool) -> None:
    work = Work(ValueError())
    work.gate.set()

    found = await asyncio.gather(*map(loader(pool, work).load, [3, 1, 3, 2]))

    assert found == [6, 2, 6, 4]
    assert work.lots == [[3, 1, 3, 2]]


async def test_no_more_lots_than_allowed_are_under_way(pool: DatabasePool) -> None:
    work = Work(ValueError())
    one = loader(pool, work)
    asked = []
    for want in range(LOTS_AT_ONCE + 3):
        asked.append(asyncio.ensure_future(one.load(want)))
        await asyncio.sleep(0.02)  # turns of the loop of their own

    assert work.lots == [[want] for want in range(LOTS_AT_ONCE)]
    work.gate.set()
    assert await asyncio.gather(*asked) == [2 * want for want in range(LOTS_AT_ONCE + 3)]
    assert len(work.lots) == LOTS_AT_ONCE + 1  # those that had to wait went together


async def test_the_want_that_fails_is_found_by_halves(pool: DatabasePool) -> None:
    work = Work(ValueError("of one"))
    work.gate.set()

    wants = [*range(40), -1, *range(24)]
    found = await asyncio.gather(*map(loader(pool, work).load, wants), return_exceptions=True)

    assert [one for one in found if isinstance(one, int)] == [2 * one for one in wants if one >= 0]
    assert len(work.lots) <= 2 * 7 + 1


async def test_only_the_want_that_fails_suffers(pool: DatabasePool) -> None:
    work = Work(ValueError("of one"))
    work.gate.set()

    found = await asyncio.gather(*map(loader(pool, work).load, [1, -1, 2]), return_exceptions=True)

    assert [found[0], found[2]] == [2, 4]
    assert isinstance(found[1], ValueError)


async def test_a_database_that_is_away_is_asked_once(pool: DatabasePool) -> None:
    work = Work(OperationalError("gone"))
    work.gate.set()

    found = await asyncio.gather(*map(loader(pool, work).load, [1, -1, 2]), return_exceptions=True)

    assert all(isinstance(one, OperationalError) for one in found)
    assert len(work.lots) == 1


async def test_who_went_meanwhile_takes_nobody_along(pool: DatabasePool) -> None:
    work = Work(ValueError())
    one = loader(pool, work)
    gone, stays = asyncio.ensure_future(one.load(1)), asyncio.ensure_future(one.load(2))
    await asyncio.sleep(0.02)
    gone.cancel()
    work.gate.set()

    assert await stays == 4


async def test_what_the_database_refuses_of_one_is_not_the_others_fault(
    pool: DatabasePool,
) -> None:
    work = Work(DataError("a NUL in a session's key"))
    work.gate.set()

    found = await asyncio.gather(*map(loader(pool, work).load, [1, -1, 2]), return_exceptions=True)

    assert [found[0], found[2]] == [2, 4]
    assert isinstance(found[1], DataError)

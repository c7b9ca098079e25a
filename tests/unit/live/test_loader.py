"""Keys of one turn of the loop are loaded together, and fail separately."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest
from django.db import DataError, OperationalError

from notify.live.loader import MAX_CONCURRENT_LOADS, Loader
from notify.live.pool import DatabasePool
from tests.harness.waiting import aeventually


@pytest.fixture
async def pool() -> AsyncIterator[DatabasePool]:
    made = DatabasePool(4, "test", limit=10)
    yield made
    await made.close()


class Work:
    """Doubles numbers, and notes each chunk. Waits for `gate`. A negative number is an error."""

    def __init__(self, error: Exception) -> None:
        self.chunks: list[list[int]] = []
        self.gate = threading.Event()
        self._error = error

    def __call__(self, keys: Sequence[int]) -> list[int]:
        self.chunks.append(list(keys))
        assert self.gate.wait(5)
        if min(keys) < 0:
            raise self._error
        return [2 * one for one in keys]


def loader(pool: DatabasePool, work: Work) -> Loader[int, int]:
    tasks = asyncio.get_running_loop()
    return Loader(pool, work, lambda coroutine: kept.append(tasks.create_task(coroutine)))


kept: list[asyncio.Task[None]] = []  # the loop holds its tasks weakly


async def test_keys_of_one_turn_are_one_chunk_and_each_gets_its_value(
    pool: DatabasePool,
) -> None:
    work = Work(ValueError())
    work.gate.set()

    found = await asyncio.gather(*map(loader(pool, work).load, [3, 1, 3, 2]))

    assert found == [6, 2, 6, 4]
    assert work.chunks == [[3, 1, 3, 2]]


async def test_no_more_chunks_than_allowed_are_loaded_at_once(pool: DatabasePool) -> None:
    work = Work(ValueError())
    one = loader(pool, work)
    asked = []
    for key in range(MAX_CONCURRENT_LOADS + 3):
        asked.append(asyncio.ensure_future(one.load(key)))
        chunks = min(len(asked), MAX_CONCURRENT_LOADS)
        await aeventually(lambda chunks=chunks: len(work.chunks) == chunks)

    assert work.chunks == [[key] for key in range(MAX_CONCURRENT_LOADS)]
    work.gate.set()
    assert await asyncio.gather(*asked) == [2 * key for key in range(MAX_CONCURRENT_LOADS + 3)]
    assert len(work.chunks) == MAX_CONCURRENT_LOADS + 1  # the queued keys were one chunk


async def test_the_key_whose_lookup_fails_is_found_by_halving(pool: DatabasePool) -> None:
    work = Work(ValueError("of one"))
    work.gate.set()

    keys = [*range(40), -1, *range(24)]
    found = await asyncio.gather(*map(loader(pool, work).load, keys), return_exceptions=True)

    assert [one for one in found if isinstance(one, int)] == [2 * one for one in keys if one >= 0]
    assert len(work.chunks) <= 2 * 7 + 1


async def test_only_the_key_that_fails_raises(pool: DatabasePool) -> None:
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
    assert len(work.chunks) == 1


async def test_a_cancelled_load_does_not_affect_the_others(pool: DatabasePool) -> None:
    work = Work(ValueError())
    one = loader(pool, work)
    gone, stays = asyncio.ensure_future(one.load(1)), asyncio.ensure_future(one.load(2))
    await aeventually(lambda: work.chunks)
    gone.cancel()
    work.gate.set()

    assert await stays == 4


async def test_a_key_that_the_database_refuses_does_not_affect_the_others(
    pool: DatabasePool,
) -> None:
    work = Work(DataError("a NUL in a session's key"))
    work.gate.set()

    found = await asyncio.gather(*map(loader(pool, work).load, [1, -1, 2]), return_exceptions=True)

    assert [found[0], found[2]] == [2, 4]
    assert isinstance(found[1], DataError)

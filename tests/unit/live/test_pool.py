"""Calls that take too long are abandoned; threads that hang are replaced."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from queue import SimpleQueue

import pytest
from django.db import OperationalError, connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from notify import sql
from notify.live import pool as pools
from notify.live import severing
from notify.live.database_thread import DatabaseThread
from notify.live.pool import DatabasePool, TookTooLong
from tests.harness.database import orm
from tests.harness.waiting import aeventually, deadline

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = deadline(0.3)
COUNT_TO_A_BILLION = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    " SELECT count(*) FROM n"
)


@pytest.fixture
async def pool() -> AsyncIterator[DatabasePool]:
    made = DatabasePool(1, "test", LIMIT)
    yield made
    await made.close()


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """A thread that waits for it hangs until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "test"]


async def test_a_statement_that_takes_too_long_is_cancelled(
    pool: DatabasePool,
) -> None:
    await pool.run(sql.fetch, "SELECT 1")
    [hung] = threads()
    began = time.monotonic()
    slow = COUNT_TO_A_BILLION if connection.vendor == "sqlite" else "SELECT pg_sleep(60)"
    with pytest.raises(TookTooLong, match=f"fetch waited for the database for {LIMIT:g} s"):
        await pool.run(sql.fetch, slow)
    assert time.monotonic() - began < deadline(2)
    assert await pool.run(sql.fetch, "SELECT 1") == [(1,)]  # by another thread
    await aeventually(lambda: not hung.is_alive(), what="the end of the statement and its thread")


async def test_a_call_of_many_statements_may_take_longer_than_one(pool: DatabasePool) -> None:
    def work() -> str:
        for _ in range(6):
            sql.fetch("SELECT 1")
            time.sleep(LIMIT / 3)
        return "done"

    assert await pool.run(work) == "done"


async def test_threads_that_hang_are_replaced_up_to_a_limit(
    pool: DatabasePool, stuck: threading.Event
) -> None:
    for _ in range(pools.MAX_STRAYS):
        with pytest.raises(TookTooLong, match="waited for the database"):
            await pool.run(stuck.wait)
    with pytest.raises(TookTooLong, match="waited for a thread"):
        await pool.run(sql.fetch, "SELECT 1")
    assert len(threads()) == pools.MAX_STRAYS
    stuck.set()
    await aeventually(lambda: not threads(), what="the strays' end")
    assert await pool.run(sql.fetch, "SELECT 1") == [(1,)]


async def test_the_wait_for_a_thread_is_limited_too(
    pool: DatabasePool, stuck: threading.Event
) -> None:
    carried_out: list[int] = []

    def busy() -> None:
        while not stuck.is_set():
            sql.fetch("SELECT 1")

    running = asyncio.create_task(pool.run(busy))
    await aeventually(threads)
    with pytest.raises(TookTooLong, match="waited for a thread"):
        await pool.run(carried_out.append, 1)
    stuck.set()
    await running
    assert await pool.run(sql.fetch, "SELECT 1") == [(1,)]
    assert carried_out == []


async def test_a_call_whose_caller_is_gone_is_limited_too(
    pool: DatabasePool, stuck: threading.Event
) -> None:
    abandoned = asyncio.create_task(pool.run(stuck.wait))
    await aeventually(threads)
    abandoned.cancel()
    assert await pool.run(sql.fetch, "SELECT 1") == [(1,)]


async def test_an_abandoned_call_sends_no_more_queries(
    pool: DatabasePool, stuck: threading.Event
) -> None:
    outcome = []

    def work() -> None:
        stuck.wait()
        try:
            outcome.append(str(sql.fetch("SELECT 1")))
        except OperationalError as error:
            outcome.append(str(error))

    with pytest.raises(TookTooLong):
        await pool.run(work)
    stuck.set()
    await aeventually(lambda: outcome)
    assert outcome == ["This call was abandoned."]


async def test_a_caller_who_goes_before_a_thread_is_free_causes_no_warning(
    pool: DatabasePool, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()

    def busy() -> None:
        while not done.is_set():
            sql.fetch("SELECT 1")

    running = asyncio.create_task(pool.run(busy))
    await aeventually(threads)
    waiting = asyncio.create_task(pool.run(sql.fetch, "SELECT 1"))
    await aeventually(lambda: pool._pending == 2)
    waiting.cancel()
    await aeventually(lambda: pool._pending == 1, what="the waiting call's end")
    assert caplog.records == []
    done.set()
    await running


@pytest.mark.sqlite
def test_a_database_in_memory_survives_doubts_about_its_connection() -> None:
    """Its connection is the database: Django does not close it either."""
    database = DatabaseWrapper(connection.settings_dict | {"NAME": ":memory:"}, "memory")
    database.ensure_connection()
    thread = DatabaseThread(SimpleQueue(), "test")
    thread._databases = [database]
    thread._close(for_good=True)
    with database.cursor() as cursor:
        assert cursor.execute("SELECT 1").fetchone() == (1,)
    database.connection.close()


async def test_a_hanging_call_does_not_delay_the_close_of_the_pool(
    stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "CLOSE_WITHIN_S", 0.1)
    monkeypatch.setattr(pools, "CUT_OFF_AFTER_S", 0.1)
    pool = DatabasePool(1, "test", 60)
    running = asyncio.create_task(pool.run(stuck.wait))
    await aeventually(threads)
    began = time.monotonic()
    await pool.close()
    assert time.monotonic() - began < deadline(1)
    with pytest.raises(OperationalError, match="no more queries"):
        await pool.run(sql.fetch, "SELECT 1")
    running.cancel()


async def test_the_close_of_the_pool_ends_threads_and_connections() -> None:
    pool = DatabasePool(2, "test", 10)
    both_are_here = threading.Barrier(2)
    kept = []

    def work() -> None:
        connections["default"].ensure_connection()
        kept.append(connections["default"])
        both_are_here.wait(deadline(5))

    await asyncio.gather(pool.run(work), pool.run(work))
    await pool.close()
    assert threads() == []
    assert [one.connection for one in kept] == [None, None]


@pytest.mark.postgres
async def test_a_call_that_finds_its_connection_dead_is_carried_out_once_more(
    pool: DatabasePool,
) -> None:
    [(backend,)] = await pool.run(sql.fetch, "SELECT pg_backend_pid()")

    def end_it() -> None:
        sql.fetch("SELECT pg_terminate_backend(%s)", [backend])
        while sql.fetch("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [backend]):
            time.sleep(0.01)

    await orm(end_it)
    [(other,)] = await pool.run(sql.fetch, "SELECT pg_backend_pid()")
    assert other != backend


@pytest.mark.postgres
async def test_a_call_whose_kept_connection_dies_later_is_not_repeated(pool: DatabasePool) -> None:
    await pool.run(sql.fetch, "SELECT 1")
    tries = []

    def work() -> None:
        tries.append(1)
        sql.fetch("SELECT 1")
        sql.fetch("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError):
        await pool.run(work)
    assert tries == [1]


@pytest.mark.postgres
async def test_a_call_whose_new_connection_dies_is_not_repeated(pool: DatabasePool) -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        sql.fetch("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError):
        await pool.run(work)
    assert tries == [1]


@pytest.mark.postgres
@pytest.mark.parametrize("hangs", [True, False])
async def test_if_one_connection_hung_the_others_are_reopened(
    monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    """The others probably hang, too, and finding out would take the limit for each. But
    what ends when it is cancelled was only slow."""
    pool = DatabasePool(2, "test", LIMIT)
    both_are_here = threading.Barrier(2)
    if hangs:
        monkeypatch.setattr(severing, "cancel", lambda databases: None)

    def backend() -> int:
        both_are_here.wait(deadline(5))
        [(found,)] = sql.fetch("SELECT pg_backend_pid()")
        return int(found)

    before = await asyncio.gather(pool.run(backend), pool.run(backend))
    with pytest.raises(TookTooLong):
        await pool.run(sql.fetch, "SELECT pg_sleep(60)")
    [hung] = pool._strays
    await aeventually(lambda: not hung.is_alive(), what="the end of the statement's thread")
    after = await asyncio.gather(pool.run(backend), pool.run(backend))
    assert len({*before} & {*after}) == (0 if hangs else 1)
    await pool.close()
    for pid in before if hangs else ():  # PostgreSQL does not notice that the client is gone
        await orm(sql.fetch, "SELECT pg_terminate_backend(%s)", [pid])


async def test_a_thread_without_a_connection_casts_no_doubt_on_others(
    pool: DatabasePool, stuck: threading.Event
) -> None:
    """It may wait for a pool whose connections are all taken."""
    before = DatabaseThread.doubted_at
    with pytest.raises(TookTooLong):
        await pool.run(stuck.wait)
    [hung] = pool._strays
    assert hung.is_alive()
    hung.cut_off()
    assert DatabaseThread.doubted_at == before

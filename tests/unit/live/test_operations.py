"""The feed of live operations: what it costs, and what it says without a database."""

from __future__ import annotations

import asyncio
import time

import pytest
from django import db

from notify.bus.publisher import publisher
from notify.live import figures, operations, parts
from notify.live.operations import Owed
from tests.harness.waiting import aeventually, deadline
from tests.unit.live.fakes import Wire, open_connection, settle


@pytest.fixture
def reads(monkeypatch):
    """How often the database is read; each time it owes nothing."""
    times: list[float] = []

    def read(newest):
        times.append(time.monotonic())
        return Owed(7, 0, {"notify_database_up": 1}, [])

    monkeypatch.setattr(operations, "_read", read)
    return times


@pytest.fixture(autouse=True)
def allowed(monkeypatch):
    async def may(*_: object) -> bool:
        return True

    monkeypatch.setattr(figures.Figures, "_may", may)


async def told(hub, wire):
    """The figures that come next."""
    before = len(wire.frames)
    await aeventually(lambda: len(wire.frames) > before)
    return wire.frames[-1]["data"]


async def test_once_nobody_watches_nothing_is_asked_and_nothing_read(hub, reads, monkeypatch):
    monkeypatch.setattr(figures, "INTERVAL_S", 0.02)
    monkeypatch.setattr(parts, "MIN_INTERVAL_S", 0.0)
    monkeypatch.setattr(operations, "DATABASE_INTERVAL_S", 0.02)
    published: list[object] = []
    monkeypatch.setattr(publisher, "_publish", lambda *args: published.append(args))
    wire = Wire()
    window = open_connection(wire, hub=hub)
    hub.figures.watch(window, "operations", print)
    await told(hub, wire)
    await told(hub, wire)
    assert published
    assert reads
    hub.figures.unwatch(window, "operations")
    await asyncio.sleep(0.1)  # a reading that had begun
    published.clear()
    reads.clear()
    await asyncio.sleep(0.3)  # time is the subject
    assert published == []
    assert reads == []


async def test_the_number_online_costs_a_short_answer_of_each_process_and_no_query(
    hub, reads, monkeypatch
):
    asked: list[str] = []
    monkeypatch.setattr(publisher, "publish_ask", lambda topic, *_: asked.append(topic))
    wire = Wire()
    window = open_connection(wire, user="7", hub=hub)
    hub.add(window)
    hub.figures.watch(window, "online", print)
    assert await told(hub, wire) == {"users": 1}
    hub.receive(
        {"type": "notify.part", "topic": "online", "process": "another", "part": {"users": 2}}
    )
    assert await told(hub, wire) == {"users": 3}
    assert set(asked) == {"online"}
    assert reads == []


async def test_a_worker_is_listed_and_counts_as_no_server(hub, reads):
    wire = Wire()
    window = open_connection(wire, hub=hub)
    hub.figures.watch(window, "operations", print)
    await told(hub, wire)
    part = {"name": "host:7", "version": "1", "figures": {"notify_workers_busy": 1.0}}
    hub.receive({"type": "notify.part", "topic": "operations", "process": "worker", "part": part})
    data = await told(hub, wire)
    assert data["processes"] == 1
    assert [one["key"] for one in data["by_process"] if one["name"] == "host:7"] == ["worker"]


async def test_it_says_for_how_long_others_could_answer(hub, reads):
    feed, now = "operations", hub.loop.time
    hub.parts.start(feed)
    hub.parts._asks_since[feed] = now() - 5
    hub.parts.ask_all()
    assert hub.parts.asked_for(feed) >= 5
    hub.layer.is_down = True
    hub.parts.ask_all()
    assert hub.parts.asked_for(feed) < 1


async def test_ten_watchers_cost_one_question_a_second_and_one_reading(hub, reads, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(publisher, "publish_ask", lambda topic, *_: asked.append(topic))
    began = time.monotonic()
    for _ in range(10):
        hub.figures.watch(open_connection(Wire(), hub=hub), "operations", print)
    await settle()
    await asyncio.sleep(2.5)  # time is the subject
    seconds = time.monotonic() - began
    assert 1 <= asked.count("operations") <= seconds / parts.MIN_INTERVAL_S + 1
    assert asked.count("history") <= operations.HISTORY_FRAMES + 1
    assert 1 <= len(reads) <= seconds / operations.DATABASE_INTERVAL_S + 1


async def test_an_answer_is_given_once_however_many_ask_and_nobody_else_asks(hub, monkeypatch):
    answered: list[str] = []
    asked: list[str] = []
    monkeypatch.setattr(publisher, "publish_part", lambda topic, part: answered.append(topic))
    monkeypatch.setattr(publisher, "publish_ask", lambda topic, *_: asked.append(topic))
    for process in ("a", "b", "c"):
        hub.receive({"type": "notify.ask", "topic": "operations", "process": process})
    hub.parts.start("operations")
    assert answered == ["operations"]
    assert asked == []


async def test_a_process_that_drains_tells_those_who_watch(hub, monkeypatch):
    answered: list[dict] = []
    monkeypatch.setattr(publisher, "publish_part", lambda topic, part: answered.append(part))
    ask = {"type": "notify.ask", "topic": "operations", "process": "another", "holds": 3.5}
    hub.receive(ask)
    await hub.drain()
    assert [one["figures"]["notify_draining"] for one in answered] == [0, 1]


async def test_and_nobody_if_nobody_watches(hub, monkeypatch):
    answered: list[dict] = []
    monkeypatch.setattr(publisher, "publish_part", lambda topic, part: answered.append(part))
    await hub.drain()
    assert answered == []


async def test_the_first_frames_have_the_history_and_later_ones_do_not(hub, reads, monkeypatch):
    monkeypatch.setattr(figures, "INTERVAL_S", 0.05)
    wire = Wire()
    hub.figures.watch(open_connection(wire, hub=hub), "operations", print)
    frames = operations.HISTORY_FRAMES + 2
    await aeventually(lambda: len(wire.frames) >= frames)
    with_history = ["history" in one["data"] for one in wire.frames[:frames]]
    assert with_history == [True] * operations.HISTORY_FRAMES + [False] * 2


async def test_a_database_that_fails_is_told_and_the_rest_goes_on(hub, monkeypatch):
    def fail(newest):
        raise db.OperationalError

    monkeypatch.setattr(operations, "_read", fail)
    wire = Wire()
    hub.figures.watch(open_connection(wire, hub=hub), "operations", print)
    data = await told(hub, wire)
    assert data["database"] == {"notify_database_up": 0}
    assert data["notices"] is None
    assert data["by_process"][0]["figures"]["notify_sockets"] == 0


async def test_a_database_that_hangs_silences_nothing(hub, monkeypatch):
    hung = asyncio.Event()

    async def hang(*_: object) -> None:
        await hung.wait()

    monkeypatch.setattr(hub.pool, "run", hang)
    monkeypatch.setattr(operations, "FIRST_WITHIN_S", 0.02)
    monkeypatch.setattr(operations, "DATABASE_HOLDS_S", 3600)
    monkeypatch.setattr(figures, "INTERVAL_S", 0.05)
    wire = Wire()
    hub.figures.watch(open_connection(wire, hub=hub), "operations", print)
    assert (await told(hub, wire))["database"] == {}  # not known yet
    monkeypatch.setattr(operations, "DATABASE_HOLDS_S", 0.1)
    async with asyncio.timeout(deadline(5)):
        while (await told(hub, wire))["database"] != {"notify_database_up": 0}:
            pass
    hung.set()

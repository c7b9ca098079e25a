"""Who gets figures, and when."""

from __future__ import annotations

import asyncio
import itertools

from notify.live import figures, operations
from notify.protocol import Refused
from tests.harness.waiting import deadline
from tests.unit.live.fakes import Wire, open_connection, settle


async def test_a_watcher_who_is_refused_the_second_time_gets_nothing_more(hub, monkeypatch):
    async def may(*_: object) -> bool:
        return next(answers)

    answers, refused = iter([True, False]), asyncio.Event()
    monkeypatch.setattr(figures.Figures, "_may", may)
    monkeypatch.setattr(figures, "INTERVAL_S", 3600)
    connection = open_connection(Wire())
    hub.figures.watch(connection, "person:7", print)
    await settle()
    assert hub.figures._watchers == {"person:7": {connection}}
    hub.figures.unwatch(connection, "person:7")
    hub.figures.watch(connection, "person:7", lambda _: refused.set())
    async with asyncio.timeout(deadline(5)):
        await refused.wait()
    assert connection.watched == frozenset()
    assert hub.figures._watchers == {}


async def test_a_watch_that_fails_can_be_tried_again(hub, monkeypatch):
    async def may(*_: object) -> bool:
        if next(answers):
            return True
        raise RuntimeError("of a backend of the project")

    answers = iter([False, True])
    monkeypatch.setattr(figures.Figures, "_may", may)
    monkeypatch.setattr(figures, "INTERVAL_S", 3600)
    wire, refused = Wire(), list[Refused]()
    connection = open_connection(wire)
    for _ in range(2):
        hub.figures.watch(connection, "person:7", refused.append)
        await settle()
    connection.flush()
    await settle()
    assert [one.code for one in refused] == ["unavailable"]
    assert [frame["topic"] for frame in wire.frames] == ["person:7"]


async def test_another_watcher_does_not_change_what_is_counted_for_the_first(hub, monkeypatch):
    async def may(*_: object) -> bool:
        return True

    async def counted(*_: object) -> dict[str, int]:
        return {"n": next(numbers)}

    numbers = itertools.count(1)
    monkeypatch.setattr(figures.Figures, "_may", may)
    monkeypatch.setattr(operations.Operations, "figures", counted)
    monkeypatch.setattr(figures, "INTERVAL_S", 3600)
    wires = [Wire(), Wire()]
    windows = [open_connection(wire, user="1") for wire in wires]
    for window in windows:
        hub.figures.watch(window, "operations", print)
        await settle()
    hub.figures._tick()
    await settle()
    for window in windows:
        window.flush()
    await settle()
    got = [[frame["data"]["n"] for frame in wire.frames] for wire in wires]
    assert got == [[1, 2], [2]]


async def test_a_new_watcher_gets_the_figures_alone_and_once(hub, monkeypatch):
    monkeypatch.setattr(figures, "INTERVAL_S", 3600)
    first, second = Wire(), Wire()
    windows = [open_connection(wire, user="1") for wire in (first, second)]
    for window in windows:
        for _ in range(3):
            hub.figures.watch(window, "sockets", print)
        await settle()
        window.flush()
        await settle()
    assert [frame["topic"] for frame in first.frames] == ["sockets"]
    assert [frame["topic"] for frame in second.frames] == ["sockets"]

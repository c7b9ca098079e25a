"""Asking the other processes for the windows of many people."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from channels.layers import get_channel_layer

from notify.bus.groups import EVERY_PROCESS, full_name, user_group
from notify.bus.publisher import publisher
from notify.live import figures
from notify.live.hub import Hub
from notify.protocol import Refused
from notify.sql import database
from tests.harness.waiting import deadline
from tests.unit.live.fakes import Wire, open_connection, settle

OURS = "tests"
USERS = ["1", "2", "3", "4", "5"]


@pytest.fixture
async def hub(settings, monkeypatch) -> AsyncIterator[Hub]:
    monkeypatch.setattr(database, "deployment", lambda: OURS)
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    loop = asyncio.get_running_loop()
    hub = Hub(loop)
    publisher.attach(loop, hub.receive)
    yield hub
    await hub.stop()


async def test_of_many_who_watch_their_own_windows_all_are_asked_for_in_turn(hub, monkeypatch):
    monkeypatch.setattr(figures, "INTERVAL_S", 0.05)
    monkeypatch.setattr(figures, "MAX_OWN_ASKS", 2)
    layer = get_channel_layer()
    other_process = await layer.new_channel()

    async def asked_for() -> str:
        async with asyncio.timeout(deadline(5)):
            hint = await layer.receive(other_process)
        return str(hint["topic"])

    for user in USERS:
        await layer.group_add(full_name(OURS, user_group(user)), other_process)
        hub.figures.watch(open_connection(Wire(), user=user), "sockets", print)
    topics = [f"sockets:{user}" for user in USERS]
    assert [await asked_for() for _ in USERS] == topics  # at once, as each begins
    assert [await asked_for() for _ in USERS * 2] == topics * 2


@pytest.mark.parametrize("name", ["sockets", "person"])
async def test_who_was_told_of_somebodys_windows_hears_at_once_that_the_last_has_gone(hub, name):
    layer = get_channel_layer()
    other_process = await layer.new_channel()
    await layer.group_add(full_name(OURS, EVERY_PROCESS), other_process)
    windows = [open_connection(Wire(), user="1") for _ in range(2)]
    stranger = open_connection(Wire(), user="2")  # whom nobody has asked for
    for connection in (*windows, stranger):
        hub.add(connection)

    async def told() -> tuple[str, list[str]]:
        async with asyncio.timeout(deadline(5)):
            hint = await layer.receive(other_process)
        return hint["topic"], [socket["id"] for socket in hint["part"]]

    topic = f"{name}:1"
    hub.receive({"type": "notify.ask", "topic": topic, "process": "another", "holds": 5.0})
    assert await told() == (topic, [one.id for one in windows])
    for connection in (stranger, *windows):
        hub.remove(connection)
    assert await told() == (topic, [])
    hub.receive({"type": "notify.ask", "topic": topic, "process": "another", "holds": 5.0})
    hub.add(windows[0])
    hub.remove(windows[0])  # that it came, nobody was told
    hub.add(windows[0])
    hub.receive({"type": "notify.ask", "topic": topic, "process": "another", "holds": 0.0})
    assert await told() == (topic, [windows[0].id])
    hub.remove(windows[0])  # what the other was told, it believes no longer
    publisher.publish_part("the end", [])
    assert await told() == ("the end", [])


async def test_who_is_refused_a_second_time_is_told_nothing_more(hub, monkeypatch):
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
        raise RuntimeError("of the project's own")

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


async def test_who_joins_others_takes_nothing_of_what_is_counted_for_them(hub, monkeypatch):
    async def may(*_: object) -> bool:
        return True

    async def counted(*_: object) -> dict[str, int]:
        return {"n": next(numbers)}

    numbers = itertools.count(1)
    monkeypatch.setattr(figures.Figures, "_may", may)
    monkeypatch.setattr(figures.Figures, "_operations", counted)
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
    told = [[frame["data"]["n"] for frame in wire.frames] for wire in wires]
    assert told == [[1, 2], [2]]


async def test_who_begins_to_watch_is_told_alone_and_once(hub, monkeypatch):
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

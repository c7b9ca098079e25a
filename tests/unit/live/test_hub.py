"""What may have happened while a process did not hear hints is looked up."""

import asyncio
from collections.abc import Collection, Iterable

import pytest

from notify.bus import hints
from notify.live.connection import Connection
from notify.live.hub import Hub
from tests.harness.waiting import aeventually
from tests.unit.live.fakes import Wire, open_connection


async def test_what_happened_while_a_socket_opened_is_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once when the socket is added, and once more if the group is joined later."""
    hub = Hub(asyncio.get_running_loop())
    groups: list[str] = []
    compared: list[str] = []
    revalidated: list[Connection] = []

    async def compare(users: Collection[str]) -> None:
        compared.extend(users)

    async def revalidate(connections: Iterable[Connection]) -> None:
        revalidated.extend(connections)

    monkeypatch.setattr(hub.comparison, "run", compare)
    monkeypatch.setattr(hub.revalidation, "run", revalidate)
    monkeypatch.setattr(hub.layer, "join", groups.append)
    one, *two = [open_connection(Wire(), user=user) for user in ("1", "2", "2")]
    for socket in (one, *two):
        hub.add(socket)
    await aeventually(lambda: revalidated)
    assert {*revalidated} == {one, *two}
    assert compared == []
    revalidated.clear()

    hub._joined(groups[1])

    await aeventually(lambda: revalidated)
    assert revalidated == two
    assert compared == ["2"]
    await hub.pool.close()


async def test_every_session_is_revalidated_when_the_layer_is_back_and_all_use_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("notify.live.revalidation.PAUSE_AFTER_FAILURE_S", 0)
    hub = Hub(asyncio.get_running_loop())
    revalidated: list[Connection] = []

    async def revalidate(connections: Iterable[Connection]) -> None:
        revalidated.extend(connections)

    monkeypatch.setattr(hub.revalidation, "run", revalidate)
    monkeypatch.setattr(hub.revalidation, "soon", lambda user: None)
    socket = open_connection(Wire())
    hub.add(socket)

    hub._layer_is_back()

    await aeventually(lambda: revalidated)
    assert revalidated == [socket]
    await hub.pool.close()


async def test_what_a_person_wants_is_told_to_all_of_their_sockets(hub: Hub) -> None:
    wires = [Wire(), Wire(), Wire()]
    for wire, user in zip(wires, ("1", "1", "2"), strict=True):
        hub.add(open_connection(wire, user=user, hub=hub))
    hub.receive(hints.preferences_hint("1", "mutes"))
    await aeventually(lambda: all(wire.frames for wire in wires[:2]))
    told = [{"type": "preferences", "changed": "mutes"}]
    assert [wire.frames for wire in wires] == [told, told, []]

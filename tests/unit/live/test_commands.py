"""The effects of a pong on a socket that is held."""

import asyncio
from typing import Any

import pytest

from notify.changes import Cursor
from notify.live.commands import Commands
from notify.live.connection import HOLD_ABOVE_BYTES, Connection
from notify.live.hub import Hub
from notify.protocol import InboxFrame, Pong
from tests.unit.live.fakes import Wire, open_connection, settle

BIG = '{"body":"' + "x" * 100_000 + '"}'


class World:
    def __init__(self) -> None:
        self.hub, self.wire = Hub(asyncio.get_running_loop()), Wire()
        fell_behind = self.hub.heartbeat.fell_behind
        self.socket = open_connection(self.wire, hub=self.hub, fell_behind=fell_behind)
        self.commands = Commands(self.hub, self.socket)

    @property
    def pings(self) -> list[dict[str, Any]]:
        return [one for one in self.wire.frames if one["type"] == "ping"]

    async def answer(self, ping: dict[str, Any], version: int) -> None:
        self.commands._take_pong(self.socket, Pong(ping["id"], Cursor("e1", version)))
        await settle()

    async def push(self, count: int) -> None:
        for version in range(count):
            frame = InboxFrame("e1", version, version + 1, 0, 0, 0, [BIG], len(BIG))
            self.socket.offer(frame)
        await settle()


@pytest.fixture
async def world() -> World:
    return World()


def owes_too_much(socket: Connection) -> bool:
    return socket.unacknowledged_bytes > HOLD_ABOVE_BYTES


async def test_a_held_socket_is_pinged_again_when_it_answers_an_earlier_ping(world: World) -> None:
    world.hub.heartbeat.ping(world.socket)
    await world.push(8)
    [early] = world.pings  # the ping for the unconfirmed bytes waits for its pong
    assert world.socket.held

    await world.answer(early, version=0)
    assert owes_too_much(world.socket)
    assert world.socket.held
    _, late = world.pings

    await world.answer(late, version=world.socket.queued.since)
    assert not world.socket.held
    assert len(world.pings) == 2
    await world.hub.pool.close()


async def test_a_held_socket_that_is_behind_is_pinged_again_when_it_has_caught_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught_up = asyncio.Event()

    async def catch_up(*_: object) -> None:
        await caught_up.wait()

    monkeypatch.setattr(world.hub.catching_up, "_catch_up", catch_up)
    await world.push(8)
    [early] = world.pings
    await world.answer(early, version=0)
    assert world.socket.held
    assert len(world.pings) == 1

    caught_up.set()
    await settle()

    assert len(world.pings) == 2
    await world.hub.pool.close()

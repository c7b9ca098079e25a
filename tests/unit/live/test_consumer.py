"""What a consumer makes of a pong, and of a database that is away."""

import asyncio
from typing import Any

import pytest
from django.db import InterfaceError

from notify.changes import Cursor
from notify.live.connection import HOLD_ABOVE_BYTES, Connection
from notify.live.consumer import NotificationConsumer
from notify.live.hub import Hub, current_hub
from notify.protocol import InboxFrame, Pong
from tests.unit.live.fakes import Wire, handshake_scope, open_connection, settle

BIG = '{"body":"' + "x" * 100_000 + '"}'


class World:
    def __init__(self) -> None:
        self.hub, self.wire = Hub(asyncio.get_running_loop()), Wire()
        self.consumer: Any = NotificationConsumer()
        self.consumer.hub = self.hub
        fell_behind = self.hub.heartbeat.fell_behind
        self.socket = open_connection(self.wire, hub=self.hub, fell_behind=fell_behind)

    @property
    def pings(self) -> list[dict[str, Any]]:
        return [one for one in self.wire.frames if one["type"] == "ping"]

    async def hear(self, ping: dict[str, Any], version: int) -> None:
        self.consumer._take_pong(self.socket, Pong(ping["id"], Cursor("e1", version)))
        await settle()

    async def push(self, count: int) -> None:
        for version in range(count):
            frame = InboxFrame("e1", version, version + 1, 0, 0, [BIG], len(BIG))
            self.socket.offer(frame)
        await settle()


@pytest.fixture
async def world() -> World:
    return World()


def owes_too_much(socket: Connection) -> bool:
    return socket.unacknowledged_bytes > HOLD_ABOVE_BYTES


async def test_a_held_socket_is_asked_again_when_it_answers_a_ping_of_before(world: World) -> None:
    world.hub.heartbeat.ping(world.socket)
    await world.push(8)
    [early] = world.pings  # the one that is due to what is unconfirmed waits for this one
    assert world.socket.held

    await world.hear(early, version=0)
    assert owes_too_much(world.socket)
    assert world.socket.held
    _, late = world.pings

    await world.hear(late, version=world.socket.queued.since)
    assert not world.socket.held
    assert len(world.pings) == 2
    await world.hub.pool.close()


async def test_one_that_lacks_something_is_asked_again_when_it_was_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = asyncio.Event()

    async def catch_up(*_: object) -> None:
        await told.wait()

    monkeypatch.setattr(world.hub.catching_up, "_catch_up", catch_up)
    await world.push(8)
    [early] = world.pings
    await world.hear(early, version=0)
    assert world.socket.held
    assert len(world.pings) == 1

    told.set()
    await settle()

    assert len(world.pings) == 2
    await world.hub.pool.close()


@pytest.mark.django_db(transaction=True)
async def test_a_handshake_whose_connection_to_the_database_is_closed_may_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(hub: Hub, scope: Any) -> None:
        raise InterfaceError("the connection is closed")

    monkeypatch.setattr(Hub, "identify", fail)
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for kind in ("connect", "disconnect"):
        incoming.put_nowait({"type": f"websocket.{kind}"})
    wire = Wire()
    await NotificationConsumer()(handshake_scope(), incoming.get, wire)
    assert wire.close_code == 4503
    await current_hub().stop()

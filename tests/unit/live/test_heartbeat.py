from itertools import pairwise
from typing import Any

import pytest

from notify import conf
from notify.changes import Cursor
from notify.live import heartbeat as heartbeat_module
from notify.live.connection import PING_ABOVE_BYTES, Connection
from notify.live.heartbeat import Heartbeat
from notify.protocol import Pong
from tests.unit.live.fakes import FakeClock, Wire, open_connection, settle


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.wire = Wire()
        self.heartbeat = Heartbeat(self.clock, self.clock.call_at, spread=lambda: 0.5)
        self.socket = open_connection(
            self.wire, queued=Cursor("e1", 3), fell_behind=self.heartbeat.fell_behind
        )

    @property
    def pings(self) -> list[dict[str, Any]]:
        return [one for one in self.wire.frames if one["type"] == "ping"]

    def answer(self, ping: dict[str, Any], socket: Connection | None = None) -> object:
        pong = Pong(ping["id"], Cursor(ping["epoch"], ping["version"]))
        return self.heartbeat.answered(socket or self.socket, pong)


@pytest.fixture
async def world() -> World:
    return World()


async def test_it_pings_every_interval_with_epoch_and_version(world: World) -> None:
    world.heartbeat.add(world.socket)
    world.clock.advance(19.9)
    await settle()
    assert world.pings == []
    world.clock.advance(0.2)
    await settle()
    [ping] = world.pings
    assert (ping["epoch"], ping["version"]) == ("e1", 3)
    world.answer(ping)
    world.clock.advance(20)
    await settle()
    assert len(world.pings) == 2


async def test_the_interval_is_spread_by_ten_per_cent() -> None:
    clock, wires = FakeClock(), [Wire(), Wire()]
    spread = iter([0.0, 1.0, 0.0, 1.0])
    heartbeat = Heartbeat(clock, clock.call_at, spread=lambda: next(spread))
    for wire in wires:
        heartbeat.add(open_connection(wire))
    pinged = []
    for seconds in (17.9, 0.2, 3.8, 0.2):
        clock.advance(seconds)
        await settle()
        pinged.append([len(wire.frames) for wire in wires])
    assert pinged == [[0, 0], [1, 0], [1, 0], [1, 1]]


async def test_a_ping_is_never_early_and_at_most_a_slot_late() -> None:
    clock, wires = FakeClock(), [Wire() for _ in range(200)]
    spread = iter([n / 200 for n in range(200)] * 2)
    heartbeat = Heartbeat(clock, clock.call_at, spread=lambda: next(spread))
    clock.advance(0.01)  # in the middle of a slot
    began = clock()
    due = [began + 20 * (0.9 + 0.2 * n / 200) for n in range(200)]
    for wire in wires:
        heartbeat.add(open_connection(wire))
    slot = 1 / heartbeat_module.SLOTS_PER_SECOND
    pinged: list[int] = []
    while clock() < began + 22.5:
        clock.advance(0.005)
        await settle()
        pinged = [n for n, wire in enumerate(wires) if wire.frames]
        assert all(due[n] <= clock() + 1e-9 for n in pinged)
        late = [n for n in range(200) if due[n] + slot <= clock() - 0.005]
        assert set(late) <= set(pinged)
    assert len(pinged) == 200


async def test_no_pong_in_time_closes_with_4504(world: World) -> None:
    world.heartbeat.add(world.socket)
    world.clock.advance(20)
    world.clock.advance(14.9)
    await settle()
    assert world.wire.close_code is None
    world.clock.advance(0.2)
    await settle()
    assert world.wire.close_code == 4504


async def test_the_id_of_a_ping_rises_and_cannot_be_guessed(world: World) -> None:
    for _ in range(20):
        world.heartbeat.ping(world.socket)
    await settle()
    ids = [ping["id"] for ping in world.pings]
    assert ids == sorted(set(ids))
    assert len({after - before for before, after in pairwise(ids)}) > 10


async def test_a_pong_gives_the_latency_and_answers_all_pings_before_it(world: World) -> None:
    world.heartbeat.ping(world.socket)
    world.heartbeat.ping(world.socket)
    await settle()
    world.clock.advance(0.25)
    world.answer(world.pings[1])
    assert world.socket.latency == pytest.approx(0.25)
    assert world.socket.pings == {}
    world.clock.advance(60)
    await settle()
    assert world.wire.close_code is None


async def test_a_pong_without_a_ping_is_ignored(world: World) -> None:
    assert world.heartbeat.answered(world.socket, Pong(99, Cursor("e1", 3))) is None
    assert world.socket.latency is None


async def test_without_an_interval_there_is_no_heartbeat(settings: Any) -> None:
    settings.NOTIFY_PING_INTERVAL = None
    world = World()
    world.heartbeat.add(world.socket)
    world.clock.advance(1000)
    await settle()
    assert world.wire.messages == []


async def test_without_a_timeout_there_is_keepalive_without_a_deadline(settings: Any) -> None:
    settings.NOTIFY_PING_TIMEOUT = None
    world = World()
    world.heartbeat.add(world.socket)
    world.clock.advance(101)
    await settle()
    assert len(world.pings) == 5
    assert world.wire.close_code is None


async def test_above_256_kib_unacknowledged_it_pings_at_once(world: World) -> None:
    world.socket.write("x" * PING_ABOVE_BYTES)
    assert world.socket.pings == {}
    world.socket.write("x")
    assert len(world.socket.pings) == 1


async def test_no_progress_with_much_unacknowledged_closes_with_4508(world: World) -> None:
    world.socket.write('"' + "x" * PING_ABOVE_BYTES + '"')
    world.clock.advance((conf.current().ping_timeout or 0) + 0.1)
    await settle()
    assert world.wire.close_code == 4508


async def test_more_than_1_mib_unacknowledged_closes_with_4508(world: World) -> None:
    for _ in range(5):
        world.socket.write('"' + "x" * PING_ABOVE_BYTES + '"')
    await settle()
    assert world.wire.close_code == 4508


async def test_a_reader_that_confirms_may_be_sent_any_amount(world: World) -> None:
    for _ in range(20):
        world.socket.write('{"type":"' + "x" * PING_ABOVE_BYTES + '"}')
        await settle()
        if world.socket.pings:
            world.answer(world.pings[-1])
    assert world.wire.close_code is None


async def test_a_socket_that_is_gone_is_not_pinged(world: World) -> None:
    world.heartbeat.add(world.socket)
    world.socket.forget()
    world.clock.advance(101)
    await settle()
    assert world.wire.messages == []

"""The connections and the garbage collector of `manage.py serve`."""

import asyncio
import gc
import sys
from typing import Any

import daphne.server
import pytest
from twisted.internet.task import Clock

from notify.serve import server
from notify.serve.server import DrainingServer
from tests.unit.live.fakes import settle


class Connection:
    """A connection whose timeouts Daphne checks."""

    def __init__(self) -> None:
        self.looks = 0
        self.transport = None

    def check_timeouts(self) -> None:
        self.looks += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (server, daphne.server):
        monkeypatch.setattr(module, "reactor", clock)
    return clock


async def until_disconnected(scope: object, receive: Any, send: object) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def for_ever(scope: object, receive: object, send: object) -> None:
    await asyncio.Event().wait()


def serving(application: object) -> tuple[DrainingServer, Connection]:
    """A server with one connection, in the state of Daphne's `run`."""
    one, connection = DrainingServer(application=application, endpoints=["tcp:0"]), Connection()
    one.connections = {}
    one.protocol_connected(connection)
    return one, connection


async def test_a_closed_connection_is_removed_when_its_application_ends() -> None:
    one, connection = serving(until_disconnected)
    queue = one.create_application(connection, {"type": "websocket"})
    one.protocol_disconnected(connection)
    await settle()
    assert connection in one.connections
    queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
    await settle()
    assert one.connections == {}
    one.protocol_disconnected(connection)  # a refused handshake: the socket goes last


async def test_all_connections_are_checked_every_ten_seconds(clock: Clock) -> None:
    one, connection = serving(for_ever)
    clock.callLater(1, one.application_checker)
    clock.callLater(2, one.timeout_checker)
    clock.callLater(10, one._check_connections)
    clock.pump([1] * 35)
    assert connection.looks == 3
    assert len(clock.getDelayedCalls()) == 1  # no other timer is left


async def test_an_application_that_outlives_its_connection_is_ended(clock: Clock) -> None:
    one, connection = serving(for_ever)
    one.create_application(connection, {"type": "websocket"})
    one.connections[connection]["disconnected"] = 1.0  # long ago
    one._check_connections()
    await settle()
    assert one.connections == {}


async def test_a_connection_without_an_application_is_removed_at_once() -> None:
    one, connection = serving(for_ever)
    one.protocol_disconnected(connection)
    assert one.connections == {}
    one.protocol_disconnected(connection)  # as after a refused request, whose client closes last


@pytest.mark.parametrize(
    ("given_threshold", "expected"),
    [(700, server.GC_THRESHOLDS), (0, (0, 10, 10)), (100_000, (100_000, 10, 10))],
    ids=["Python's own", "never", "higher"],
)
def test_the_thresholds_of_the_garbage_collector_are_raised_unless_they_are_higher_or_off(
    given_threshold: int, expected: tuple[int, int, int]
) -> None:
    before = gc.get_threshold()
    try:
        gc.set_threshold(given_threshold, 10, 10)
        server._raise_gc_thresholds()
        generations = 2 if sys.version_info >= (3, 14) else 3  # which ignores the third threshold
        assert gc.get_threshold()[:generations] == expected[:generations]
    finally:
        gc.set_threshold(*before)

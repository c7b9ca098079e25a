"""The marks of one socket: their order, their limit, and the answers to failures."""

import asyncio
from typing import Any

import pytest
from django.db import OperationalError

from notify.changes import Cursor
from notify.exceptions import Busy, EpochChanged
from notify.live.connection import Connection
from notify.live.hub import Hub
from notify.live.mark_queue import MAX_OUTSTANDING_MARKS, MarkQueue
from notify.protocol import Error, MarkIds, Refused, Undo
from tests.unit.live.fakes import Wire, open_connection, settle


class World:
    """A queue whose marks succeed, or fail with `error`, once `database` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hub, self.wire = Hub(asyncio.get_running_loop()), Wire()
        self.socket = open_connection(self.wire, hub=self.hub)
        self.queue = MarkQueue(self.hub, self.socket)
        self.database = asyncio.Event()
        self.error: Exception | None = None
        self.committed: list[int] = []  # rows, before the error
        self.started: list[str] = []
        monkeypatch.setattr(self.hub.pool, "run_in_turn", self._run)

    async def _run(self, user: str, work: Any, *args: Any) -> int:
        _user, mark, note, language = args
        assert language == self.socket.locale.language
        self.started.append(mark.ref)
        await self.database.wait()
        for rows in self.committed:
            note(rows)
        if self.error is not None:
            raise self.error
        return len(self.started)

    def put(self, ref: str) -> None:
        self.queue.put(MarkIds(ref, "read", [1]))

    @property
    def answers(self) -> list[tuple[str, str]]:
        return [(one["type"], one["ref"]) for one in self.wire.frames]


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


async def test_a_mark_starts_when_the_one_before_it_is_done(world: World) -> None:
    world.put("a")
    world.put("b")
    await settle()
    assert world.started == ["a"]
    world.database.set()
    await settle()
    assert world.answers == [("done", "a"), ("done", "b")]
    world.put("c")
    await settle()
    assert world.answers[-1] == ("done", "c")


async def test_an_undo_follows_its_mark(world: World) -> None:
    world.put("a")
    world.queue.put(Undo("b", "a", "e1", 3))
    await settle()
    assert world.started == ["a"]
    world.database.set()
    await settle()
    assert world.answers == [("done", "a"), ("done", "b")]


async def test_marks_above_the_limit_are_refused(world: World) -> None:
    for n in range(MAX_OUTSTANDING_MARKS):
        world.put(str(n))
    with pytest.raises(Refused) as refused:
        world.put("one too many")
    assert (refused.value.code, refused.value.ref) == (Error.RATE_LIMITED, "one too many")
    world.database.set()
    await settle()
    await settle()
    world.put("another")


@pytest.mark.parametrize("error", [Busy("locked"), OperationalError("away")])
async def test_a_mark_that_the_database_does_not_take_is_answered_by_unavailable(
    world: World, error: Exception
) -> None:
    world.error = error
    world.database.set()
    world.put("a")
    world.put("b")
    await settle()
    assert world.answers == [("error", "a"), ("error", "b")]
    assert world.wire.frames[0]["code"] == Error.UNAVAILABLE
    assert [one["changed"] for one in world.wire.frames] == [0, 0]
    assert world.socket.closing is None


async def test_a_mark_that_fails_half_way_says_how_many_it_has_changed(world: World) -> None:
    world.error = OperationalError("away")
    world.committed = [2000, 2000]
    world.database.set()
    world.put("a")
    world.put("b")
    await settle()
    assert [one["changed"] for one in world.wire.frames] == [4000, 4000]


async def test_a_mark_of_another_epoch_is_answered_by_a_resync(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    resynced: list[tuple[Connection, Cursor | None]] = []
    monkeypatch.setattr(world.hub, "resync", lambda *call: resynced.append(call))
    world.error = EpochChanged()
    world.database.set()
    world.put("a")
    await settle()
    assert resynced == [(world.socket, None)]
    assert world.answers == []


async def test_a_defect_closes_the_socket(world: World) -> None:
    world.error = ZeroDivisionError()
    world.database.set()
    world.put("a")
    await settle()
    assert world.wire.close_code == 4500


async def test_a_stopped_queue_starts_no_other_mark(world: World) -> None:
    world.put("a")
    world.put("b")
    await settle()
    world.queue.stop()
    world.database.set()
    await settle()
    assert world.started == ["a"]
    assert world.answers == []

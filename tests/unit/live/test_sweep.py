"""Which sockets the sweep has catch up. That they then do is in tests/integration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.db import InterfaceError

from notify.changes import Cursor
from notify.inbox import reading, upkeep
from notify.live import sweep
from notify.live.connection import Connection
from notify.live.sweep import Sweep
from tests.harness.waiting import aeventually
from tests.unit.live.fakes import Wire, open_connection


class Pool:
    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        return work(*args)


class Hub:
    def __init__(self, **cursors: list[Cursor | None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.pool = Pool()
        self.sockets = {
            user: tuple(open_connection(Wire(), queued=one) for one in several)
            for user, several in cursors.items()
        }
        self.behind: list[Connection] = []

    def of_user(self, user: str) -> tuple[Connection, ...]:
        return self.sockets.get(user, ())

    def catch_up(self, connection: Connection, _: str) -> None:
        self.behind.append(connection)


@pytest.fixture
def inboxes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Cursor]:
    """Where they end; stands for the database."""
    truth: dict[str, Cursor] = {}

    def moved(cursors: dict[str, Cursor]) -> dict[str, Cursor]:
        return {
            user: truth[user]
            for user, cursor in cursors.items()
            if user in truth and truth[user] != cursor
        }

    def renew_epochs(seen: dict[str, int]) -> None:
        for user in seen:
            truth[user] = Cursor("new", truth[user].since)

    monkeypatch.setattr(reading, "moved", moved)
    monkeypatch.setattr(upkeep, "renew_epochs", renew_epochs)
    return truth


async def behind(hub: Hub, *users: str) -> list[Connection]:
    await Sweep(hub).compare(users)  # type: ignore[arg-type]
    return hub.behind


async def test_who_has_all_is_left_alone(inboxes: dict[str, Cursor]) -> None:
    hub = Hub(ada=[Cursor("e", 3), Cursor("e", 3)], bob=[Cursor("e", 1)])
    inboxes |= {"ada": Cursor("e", 3), "bob": Cursor("e", 1)}
    assert await behind(hub, "ada", "bob") == []


async def test_who_lacks_something_catches_up(inboxes: dict[str, Cursor]) -> None:
    hub = Hub(ada=[Cursor("e", 3)], bob=[Cursor("e", 1)])
    inboxes |= {"ada": Cursor("e", 4), "bob": Cursor("e", 1)}
    assert await behind(hub, "ada", "bob") == [*hub.sockets["ada"]]


@pytest.mark.parametrize("ends", [(3, 2, 3), (2, 3, 3), (3, 3, 2)])
async def test_one_socket_that_lags_behind_the_users_others_catches_up(
    inboxes: dict[str, Cursor], ends: tuple[int, ...]
) -> None:
    hub = Hub(ada=[Cursor("e", end) for end in ends])
    inboxes["ada"] = Cursor("e", 3)
    assert await behind(hub, "ada") == [hub.sockets["ada"][ends.index(2)]]


async def test_another_life_of_the_inbox_is_told_to_all(inboxes: dict[str, Cursor]) -> None:
    hub = Hub(ada=[Cursor("e", 3), Cursor("f", 3)])
    inboxes["ada"] = Cursor("f", 3)
    assert await behind(hub, "ada") == [*hub.sockets["ada"][:1]]


async def test_a_database_that_went_back_begins_a_new_life(inboxes: dict[str, Cursor]) -> None:
    hub = Hub(ada=[Cursor("e", 3), Cursor("e", 2)])
    inboxes["ada"] = Cursor("e", 2)
    assert await behind(hub, "ada") == [*hub.sockets["ada"]]
    assert inboxes["ada"].epoch == "new"


async def test_a_socket_that_was_told_nothing_yet_waits(inboxes: dict[str, Cursor]) -> None:
    hub = Hub(ada=[None])
    inboxes["ada"] = Cursor("e", 2)
    assert await behind(hub, "ada") == []


@pytest.mark.parametrize("is_away", [True, False])
async def test_only_a_database_that_is_away_closes_sockets(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, is_away: bool
) -> None:
    error = InterfaceError("the connection is closed") if is_away else KeyError("a defect")
    tries = []

    async def fail() -> None:
        tries.append(1)
        raise error

    hub = Hub(ada=[Cursor("e", 1)])
    [socket] = hub.sockets["ada"]
    monkeypatch.setattr(hub, "connections", lambda: [socket], raising=False)
    monkeypatch.setattr(sweep, "DATABASE_ABSENCE_S", 0)
    one = Sweep(hub)  # type: ignore[arg-type]
    monkeypatch.setattr(one, "once", fail)
    monkeypatch.setattr(one, "_interval", lambda: 0.01)
    running = asyncio.create_task(one._run())
    await aeventually(lambda: len(tries) > 3)
    running.cancel()
    assert (socket.closing is not None) is is_away
    told = [record for record in caplog.records if record.exc_info]
    assert len(told) == (0 if is_away else 1)

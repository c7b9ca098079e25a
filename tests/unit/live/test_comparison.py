"""Which sockets catch up after a comparison. That they do is tested in tests/integration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from notify.changes import Cursor
from notify.inbox import reading, upkeep
from notify.live.background import Background
from notify.live.comparison import Comparison
from notify.live.connection import Connection
from notify.live.sockets import Sockets
from tests.unit.live.fakes import Wire, open_connection


class Pool:
    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        return work(*args)


def open_sockets(**cursors: list[Cursor | None]) -> Sockets:
    """By user, where the queue of each socket ends."""
    sockets = Sockets()
    for user, ends in cursors.items():
        for end in ends:
            sockets.add(open_connection(Wire(), user=user, queued=end))
    return sockets


@pytest.fixture
def inboxes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Cursor]:
    """Their ends, in place of the database."""
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


async def behind(sockets: Sockets, *users: str) -> list[Connection]:
    """The sockets that catch up."""
    found: list[Connection] = []
    pool: Any = Pool()
    background = Background(asyncio.get_running_loop())
    await Comparison(sockets, pool, background, lambda one, by: found.append(one)).run(users)
    return found


async def test_a_socket_that_has_everything_does_not_catch_up(inboxes: dict[str, Cursor]) -> None:
    sockets = open_sockets(ada=[Cursor("e", 3), Cursor("e", 3)], bob=[Cursor("e", 1)])
    inboxes |= {"ada": Cursor("e", 3), "bob": Cursor("e", 1)}
    assert await behind(sockets, "ada", "bob") == []


async def test_a_socket_that_is_behind_catches_up(inboxes: dict[str, Cursor]) -> None:
    sockets = open_sockets(ada=[Cursor("e", 3)], bob=[Cursor("e", 1)])
    inboxes |= {"ada": Cursor("e", 4), "bob": Cursor("e", 1)}
    assert await behind(sockets, "ada", "bob") == [*sockets.of_user("ada")]


@pytest.mark.parametrize("ends", [(3, 2, 3), (2, 3, 3), (3, 3, 2)])
async def test_a_socket_that_is_behind_the_users_others_catches_up(
    inboxes: dict[str, Cursor], ends: tuple[int, ...]
) -> None:
    sockets = open_sockets(ada=[Cursor("e", end) for end in ends])
    inboxes["ada"] = Cursor("e", 3)
    assert await behind(sockets, "ada") == [sockets.of_user("ada")[ends.index(2)]]


async def test_all_sockets_of_another_epoch_catch_up(inboxes: dict[str, Cursor]) -> None:
    sockets = open_sockets(ada=[Cursor("e", 3), Cursor("f", 3)])
    inboxes["ada"] = Cursor("f", 3)
    assert await behind(sockets, "ada") == [sockets.of_user("ada")[0]]


async def test_a_database_that_went_back_begins_a_new_epoch(inboxes: dict[str, Cursor]) -> None:
    sockets = open_sockets(ada=[Cursor("e", 3), Cursor("e", 2)])
    inboxes["ada"] = Cursor("e", 2)
    assert await behind(sockets, "ada") == [*sockets.of_user("ada")]
    assert inboxes["ada"].epoch == "new"


async def test_a_socket_before_its_first_load_does_not_catch_up(
    inboxes: dict[str, Cursor],
) -> None:
    sockets = open_sockets(ada=[None])
    inboxes["ada"] = Cursor("e", 2)
    assert await behind(sockets, "ada") == []

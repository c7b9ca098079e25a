from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from notify.live.revalidation import REVALIDATE_WAIT_S, Revalidation
from notify.protocol import Code


class Socket:
    def __init__(self, user: str) -> None:
        self.user = user
        self.identity = f"identity of {user}"
        self.closing: Code | None = None

    def close(self, code: Code, reason: str) -> None:
        self.closing = code


class World:
    """Sockets, and a database that says of some users that they may not stay."""

    def __init__(self, *users: str) -> None:
        self.sockets = {user: Socket(user) for user in users}
        self.codes: dict[str, Code] = {}
        self.asked: list[set[str]] = []
        self.later: dict[str, tuple[Callable[[], Any], float]] = {}
        held: Any = SimpleNamespace(
            of_user=lambda user: [self.sockets[user]], all=self.sockets.values
        )
        background: Any = SimpleNamespace(later=self._later)
        pool: Any = SimpleNamespace(run=self._run)
        self.revalidation = Revalidation(held, pool, background)

    def _later(self, name: str, work: Callable[[], Any], delay: float) -> None:
        self.later[name] = (work, delay)

    async def _run(self, work: Any, identities: set[str]) -> dict[str, Code]:
        self.asked.append(identities)
        return {one: code for one, code in self.codes.items() if one in identities}


async def test_who_may_not_stay_is_closed_with_the_code() -> None:
    world = World("ada", "bob", "cleo")
    world.codes = {
        "identity of ada": Code.NOT_SIGNED_IN,
        "identity of bob": Code.FORBIDDEN,
    }
    await world.revalidation.run(world.sockets.values())  # type: ignore[arg-type]
    closing = {user: socket.closing for user, socket in world.sockets.items()}
    assert closing == {"ada": Code.NOT_SIGNED_IN, "bob": Code.FORBIDDEN, "cleo": None}


async def test_sockets_that_close_are_not_asked_about() -> None:
    world = World("ada")
    world.sockets["ada"].closing = Code.RESTARTING
    await world.revalidation.run(world.sockets.values())  # type: ignore[arg-type]
    assert world.asked == []


async def test_users_that_come_due_together_are_one_question() -> None:
    world = World("ada", "bob", "cleo")
    world.revalidation.soon("ada")
    world.revalidation.soon("bob")
    work, delay = world.later["revalidate"]
    assert delay == REVALIDATE_WAIT_S
    await work()
    assert world.asked == [{"identity of ada", "identity of bob"}]
    await work()
    assert len(world.asked) == 1


async def test_all_are_asked_about_once_the_layer_is_back() -> None:
    world = World("ada", "bob")
    world.revalidation.all_later()
    work, delay = world.later["revalidate all"]
    assert delay > REVALIDATE_WAIT_S
    await work()
    assert world.asked == [{"identity of ada", "identity of bob"}]

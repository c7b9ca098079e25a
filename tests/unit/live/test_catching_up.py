"""When a `sync` is answered with rows."""

import asyncio

import pytest

from notify.changes import Cursor, Locale, Reading
from notify.live.hub import Hub
from tests.harness.waiting import aeventually
from tests.unit.live.fakes import Wire, open_connection, settle


class Inbox:
    """Is read after a cursor, and has rows after each."""

    def __init__(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Cursor | None] = []
        self.reset = True
        monkeypatch.setattr(hub.catching_up._readings, "load", self._load)

    async def _load(self, key: tuple[str, Cursor | None, Locale]) -> Reading:
        user, cursor, _ = key
        self.asked.append(cursor)
        rows = [] if self.reset or cursor == Cursor("e1", 9) else [{"version": 9, "arrived": 9}]
        since = 0 if self.reset else 8
        return Reading(user, "e1", 9, 0, 0, 0, since, rows=rows, reset=self.reset)


@pytest.mark.parametrize("reset", [True, False])
async def test_a_socket_gets_the_rows_it_asks_for_once_a_second_and_the_latest_request_wins(
    monkeypatch: pytest.MonkeyPatch, reset: bool
) -> None:
    monkeypatch.setattr("notify.live.catching_up.RESYNC_EVERY_S", 1.0)
    hub = Hub(asyncio.get_running_loop())
    inbox, one, two = Inbox(hub, monkeypatch), open_connection(Wire()), open_connection(Wire())
    inbox.reset = reset
    began = hub.loop.time()
    for since in range(5):
        hub.resync(one, Cursor("e1", since))
        await settle()
    assert inbox.asked == [Cursor("e1", 0)]

    hub.resync(two, None)  # it does not delay another socket
    await settle()
    assert inbox.asked == [Cursor("e1", 0), None]

    await aeventually(lambda: len(inbox.asked) == 3)
    assert inbox.asked[-1] == Cursor("e1", 4)
    assert hub.loop.time() - began >= 0.99
    await hub.pool.close()


async def test_a_client_that_has_everything_is_always_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Hub(asyncio.get_running_loop())
    inbox, one = Inbox(hub, monkeypatch), open_connection(Wire())
    inbox.reset = False
    for _ in range(3):
        hub.resync(one, Cursor("e1", 9))
        await settle()
    assert len(inbox.asked) == 3
    await hub.pool.close()


async def test_a_socket_that_is_gone_is_not_answered_a_second_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("notify.live.catching_up.RESYNC_EVERY_S", 1.0)
    hub = Hub(asyncio.get_running_loop())
    inbox, one, other = Inbox(hub, monkeypatch), open_connection(Wire()), open_connection(Wire())
    for socket in (one, one, other, other):
        hub.resync(socket, None)
        await settle()
    hub.remove(one)
    await aeventually(lambda: len(inbox.asked) == 3)  # the second of `other`, which was later
    assert not hub.catching_up._resynced - {other}
    await hub.pool.close()

import asyncio
import threading
from collections.abc import Collection, Iterable
from typing import Any

import pytest
from django.db import InterfaceError

from notify import metrics
from notify.bus.hints import ChangeHint, change_hint
from notify.changes import Change, Cursor, Reading, Step
from notify.live.connection import Connection
from notify.live.database_thread import DatabaseThread
from notify.live.hub import Hub
from tests.harness.waiting import aeventually
from tests.unit.live.fakes import Recorder, Wire, open_connection, settle


class Broken(Recorder):
    def write(self, text: str) -> bool:
        raise ValueError("what cannot be written")


async def test_a_socket_that_cannot_be_written_to_holds_up_no_other() -> None:
    hub, lost = Hub(asyncio.get_running_loop()), []
    broken = open_connection(Wire(), direct=Broken(), hub=hub, lost=lambda: lost.append(1))
    recorder = Recorder()
    other = open_connection(Wire(), direct=recorder, hub=hub)
    for n in range(2):
        broken.write("one")
        other.write(f"{n}")
        await settle()
    assert recorder.texts == ["0", "1"]
    assert lost == [1, 1]
    await hub.pool.close()


def arrival(*steps: Step) -> ChangeHint:
    return change_hint(Change([*steps], arrivals=[{"id": 1, "title": "a"}]))


async def test_a_hint_tells_each_socket_what_it_lacks() -> None:
    hub = Hub(asyncio.get_running_loop())
    wires = {name: Wire() for name in ("one", "two", "busy", "behind", "other")}
    users = {"one": "1", "two": "1", "busy": "2", "behind": "3", "other": "4"}
    sockets = {name: open_connection(wires[name], user=users[name], hub=hub) for name in wires}
    for socket in sockets.values():
        hub.add(socket)
    sockets["busy"].write('{"type":"pong","id":1}')
    written = metrics.DELIVERIES.values.get("process", 0)
    told = arrival(
        Step("1", "e1", 0, 1, 1, 1),
        Step("2", "e1", 0, 1, 2, 2),
        Step("3", "e1", 1, 2, 3, 3),
        Step("1", "e1", 1, 2, 4, 4),
        Step("not here", "e1", 0, 1, 5, 5),
    )

    hub.receive(told)
    gaps = {*hub._gaps}
    await settle()

    def versions(name: str) -> list[tuple[int, int, int]]:
        inbox = [one for one in wires[name].frames if one["type"] == "inbox"]
        return [(one["from"], one["to"], one["unseen"]) for one in inbox]

    assert versions("one") == versions("two") == [(0, 2, 4)]
    assert versions("busy") == [(0, 1, 2)]
    assert gaps == {sockets["behind"]}
    assert [versions("behind"), versions("other")] == [[], []]
    assert metrics.DELIVERIES.values["process"] == written + 5
    noted = [name for name, one in sockets.items() if one.unconfirmed_since == told["at"]]
    assert noted == ["one", "two", "busy"]
    await hub.stop()


async def test_an_incomplete_hint_tells_nobody() -> None:
    hub, wire = Hub(asyncio.get_running_loop()), Wire()
    hub.add(open_connection(wire, hub=hub))
    told = arrival(Step("1", "e1", 0, 1, 1, 1))
    told["steps"].append("2")
    with pytest.raises(ValueError, match="6 values"):
        hub.receive(told)
    await settle()
    assert wire.frames == []
    await hub.stop()


async def test_what_was_said_while_a_socket_opened_is_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once when the socket has its place, and once more if the group is joined later."""
    hub = Hub(asyncio.get_running_loop())
    groups: list[str] = []
    compared: list[str] = []
    judged: list[Connection] = []

    async def compare(users: Collection[str]) -> None:
        compared.extend(users)

    async def judge(connections: Iterable[Connection]) -> None:
        judged.extend(connections)

    monkeypatch.setattr(hub.sweep, "compare", compare)
    monkeypatch.setattr(hub.sweep, "revalidate", judge)
    monkeypatch.setattr(hub.layer, "join", groups.append)
    one, *two = [open_connection(Wire(), user=user) for user in ("1", "2", "2")]
    for socket in (one, *two):
        hub.add(socket)
    await aeventually(lambda: judged)
    assert {*judged} == {one, *two}
    assert compared == []
    judged.clear()

    hub._joined(groups[1])

    await aeventually(lambda: judged)
    assert judged == two
    assert compared == ["2"]
    await hub.pool.close()


async def test_once_the_layer_is_back_and_all_use_it_again_every_session_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("notify.live.hub.PAUSE_AFTER_FAILURE_S", 0)
    hub = Hub(asyncio.get_running_loop())
    judged: list[Connection] = []

    async def judge(connections: Iterable[Connection]) -> None:
        judged.extend(connections)

    monkeypatch.setattr(hub.sweep, "revalidate", judge)
    monkeypatch.setattr(hub, "_judge_soon", lambda user: None)
    socket = open_connection(Wire())
    hub.add(socket)

    hub._layer_is_back()

    await aeventually(lambda: judged)
    assert judged == [socket]
    await hub.pool.close()


class Inbox:
    """Is asked with cursors, and has rows after all of them."""

    def __init__(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Cursor | None] = []
        self.reset = True
        monkeypatch.setattr(hub._readings, "load", self._load)

    async def _load(self, wanted: tuple[str, Cursor | None]) -> Reading:
        user, cursor = wanted
        self.asked.append(cursor)
        rows = [] if self.reset or cursor == Cursor("e1", 9) else [{"version": 9, "arrived": 9}]
        since = 0 if self.reset else 8
        return Reading(user, "e1", 9, 0, 0, since, rows=rows, reset=self.reset)


@pytest.mark.parametrize("reset", [True, False])
async def test_a_socket_is_told_rows_that_it_asks_for_once_a_second_and_the_last_asked_for(
    monkeypatch: pytest.MonkeyPatch, reset: bool
) -> None:
    monkeypatch.setattr("notify.live.hub.RESYNC_EVERY_S", 0.3)
    hub = Hub(asyncio.get_running_loop())
    inbox, one, two = Inbox(hub, monkeypatch), open_connection(Wire()), open_connection(Wire())
    inbox.reset = reset
    began = hub.loop.time()
    for since in range(5):
        hub.resync(one, Cursor("e1", since))
        await settle()
    assert inbox.asked == [Cursor("e1", 0)]

    hub.resync(two, None)  # another's is not held up by it
    await settle()
    assert inbox.asked == [Cursor("e1", 0), None]

    await aeventually(lambda: len(inbox.asked) == 3)
    assert inbox.asked[-1] == Cursor("e1", 4)
    assert hub.loop.time() - began >= 0.29
    await hub.pool.close()


async def test_one_that_holds_everything_may_ask_on(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(asyncio.get_running_loop())
    inbox, one = Inbox(hub, monkeypatch), open_connection(Wire())
    inbox.reset = False
    for _ in range(3):
        hub.resync(one, Cursor("e1", 9))
        await settle()
    assert len(inbox.asked) == 3
    await hub.pool.close()


async def test_what_is_gone_is_not_answered_a_second_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("notify.live.hub.RESYNC_EVERY_S", 0.05)
    hub = Hub(asyncio.get_running_loop())
    inbox, one, other = Inbox(hub, monkeypatch), open_connection(Wire()), open_connection(Wire())
    for socket in (one, one, other, other):
        hub.resync(socket, None)
        await settle()
    hub.remove(one)
    await aeventually(lambda: len(inbox.asked) == 3)  # the other's second, which was asked later
    assert not hub._resynced - {other}
    await hub.pool.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_away", [False, True])
async def test_the_checks_are_logged_whether_the_database_answers_or_not(
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    is_away: bool,
) -> None:
    settings.NOTIFY_PING_INTERVAL = 70

    async def away(*args: object, **options: object) -> None:
        raise InterfaceError("the connection is closed")

    hub = Hub(asyncio.get_running_loop())
    if is_away:
        monkeypatch.setattr(hub.pool, "run", away)
    hub.start()
    await aeventually(lambda: "notify.W003: NOTIFY_PING_INTERVAL" in caplog.text)
    await hub.stop()


@pytest.mark.django_db(transaction=True)
async def test_a_check_that_fails_is_logged_and_keeps_no_other_from_being_told(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.NOTIFY_PING_INTERVAL = 70
    settings.CHANNEL_LAYERS = {}
    settings.ALLOWED_HOSTS = ["*"]
    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = "no_such_urls"
    hub = Hub(asyncio.get_running_loop())
    await hub._log_checks()
    assert "check_probes failed: ModuleNotFoundError" in caplog.text
    for found in ("notify.W001", "notify.W003", "notify.W007"):
        assert f"{found}: " in caplog.text
    await hub.pool.close()


@pytest.mark.django_db(transaction=True)
async def test_the_urlconf_is_imported_neither_in_a_database_thread_nor_in_the_loops(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MIDDLEWARE = []
    threads: list[threading.Thread] = []
    monkeypatch.setattr(
        "notify.checks.site._has_probes", lambda: threads.append(threading.current_thread())
    )
    hub = Hub(asyncio.get_running_loop())
    await hub._log_checks()
    [thread] = threads
    assert thread is not threading.current_thread()
    assert not isinstance(thread, DatabaseThread)
    await hub.pool.close()

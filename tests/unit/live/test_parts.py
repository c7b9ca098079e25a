"""How processes ask each other for the figures of their sockets."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from channels.layers import get_channel_layer

from notify.bus import online
from notify.bus.groups import EVERY_PROCESS, full_name, user_group
from notify.bus.publisher import publisher
from notify.live import figures, parts
from notify.live.sockets import Sockets
from tests.harness.waiting import deadline
from tests.unit.live.fakes import DEPLOYMENT, Wire, open_connection

USERS = ["1", "2", "3", "4", "5"]


async def test_the_own_sockets_of_many_users_are_asked_for_in_turn(hub, monkeypatch):
    monkeypatch.setattr(figures, "INTERVAL_S", 0.05)
    monkeypatch.setattr(parts, "MAX_OWN_ASKS", 2)
    layer = get_channel_layer()
    other_process = await layer.new_channel()

    async def asked_for() -> str:
        async with asyncio.timeout(deadline(5)):
            hint = await layer.receive(other_process)
        return str(hint["topic"])

    for user in USERS:
        await layer.group_add(full_name(DEPLOYMENT, user_group(user)), other_process)
        hub.figures.watch(open_connection(Wire(), user=user), "sockets", print)
    topics = [f"sockets:{user}" for user in USERS]
    assert [await asked_for() for _ in USERS] == topics  # at once, as each begins
    assert [await asked_for() for _ in USERS * 2] == topics * 2


@pytest.mark.parametrize("name", ["sockets", "person"])
async def test_a_process_that_got_an_answer_hears_at_once_that_the_last_socket_is_gone(hub, name):
    layer = get_channel_layer()
    other_process = await layer.new_channel()
    await layer.group_add(full_name(DEPLOYMENT, EVERY_PROCESS), other_process)
    windows = [open_connection(Wire(), user="1") for _ in range(2)]
    stranger = open_connection(Wire(), user="2")  # nobody has asked for this user
    for connection in (*windows, stranger):
        hub.add(connection)

    async def published() -> tuple[str, list[str]]:
        async with asyncio.timeout(deadline(5)):
            hint = await layer.receive(other_process)
        return hint["topic"], [socket["id"] for socket in hint["part"]]

    topic = f"{name}:1"
    hub.receive({"type": "notify.ask", "topic": topic, "process": "another", "holds": 5.0})
    assert await published() == (topic, [one.id for one in windows])
    for connection in (stranger, *windows):
        hub.remove(connection)
    assert await published() == (topic, [])
    hub.receive({"type": "notify.ask", "topic": topic, "process": "another", "holds": 5.0})
    hub.add(windows[0])
    hub.remove(windows[0])  # nobody heard that it came
    hub.add(windows[0])
    hub.receive({"type": "notify.ask", "topic": topic, "process": "another", "holds": 0.0})
    assert await published() == (topic, [windows[0].id])
    hub.remove(windows[0])  # the other no longer uses the answer
    publisher.publish_part("the end", [])
    assert await published() == ("the end", [])


@pytest.mark.parametrize("phase", [0.1, 0.5, 0.9])
def test_two_processes_that_both_watch_have_each_other_s_part(monkeypatch, phase):
    now = SimpleNamespace(s=0.0)
    layer: Any = SimpleNamespace(is_down=False)
    both = {
        name: parts.Parts(
            Sockets(), layer, lambda: now.s, {"operations": lambda name=name: {"name": name}}
        )
        for name in ("a", "b")
    }
    speaker = SimpleNamespace(name="")

    def heard(hint: Any) -> None:
        name = speaker.name
        [other] = both.keys() - {name}
        speaker.name = other
        hears = both[other].answer if hint["type"] == "notify.ask" else both[other].take
        hears(hint | {"process": name})
        speaker.name = name

    def ask(topic: str, holds: float, *_: str) -> None:
        heard({"type": "notify.ask", "topic": topic, "holds": holds})

    monkeypatch.setattr(publisher, "publish_ask", ask)
    monkeypatch.setattr(
        publisher,
        "publish_part",
        lambda topic, part: heard({"type": "notify.part", "topic": topic, "part": part}),
    )

    def at(seconds: float, name: str) -> int:
        """How many processes the one knows when its turn has come."""
        now.s, speaker.name = seconds, name
        both[name].ask_all()
        return len(both[name].all_of("operations"))

    for name, one in both.items():
        speaker.name = name
        one.start("operations")
    known = [
        at(second + late, name)
        for second in range(1, 12)
        for late, name in ((0, "a"), (phase, "b"))
    ]
    assert known[2:] == [2] * 20
    seen: list[Any] = []
    both["b"].take = seen.append  # type: ignore[method-assign, assignment]
    speaker.name = "a"
    both["a"].publish_end()
    assert [one["part"] for one in seen] == [{"name": "a"}]


async def test_everyone_who_asks_once_hears_who_is_here_and_only_they(hub):
    """Also this process, and however short ago another has asked."""
    layer = get_channel_layer()
    channel, bystander = await layer.new_channel(), await layer.new_channel()
    await layer.group_add(full_name(DEPLOYMENT, "answers.1"), channel)
    await layer.group_add(full_name(DEPLOYMENT, EVERY_PROCESS), bystander)
    for user in ("1", "1", "2"):
        hub.add(open_connection(Wire(), user=user))
    for _ in range(2):
        publisher.publish_question(online.TOPIC, "answers.1")
        async with asyncio.timeout(deadline(5)):
            part = (await layer.receive(channel))["part"]
            assert (await layer.receive(bystander))["type"] == "notify.ask"
        assert (sorted(part["users"]), part["share"]) == (["1", "2"], 1.0)


async def test_who_asks_once_about_what_no_process_knows_hears_nothing(hub, announced):
    hub.receive({"type": "notify.ask", "topic": "tea", "process": "x", "answers": "answers.1"})
    assert not hub.parts._answers_hold_until

"""Who is online, as all processes say it together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from notify.bus import online
from notify.bus.publisher import publisher
from notify.sql import database
from tests.unit.bus.fakes import OURS

USERS = [str(n) for n in range(40_000)]


@pytest.fixture(autouse=True)
def _nobody_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "_held", [])
    monkeypatch.setattr(database, "facts", lambda: None)
    monkeypatch.setattr(database, "deployment", lambda: OURS)


@pytest.fixture
def layer(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def answering(monkeypatch: pytest.MonkeyPatch, *parts: dict[str, Any]) -> list[str]:
    """Has so many processes answer each question; returns the topics that were asked about."""
    asked: list[str] = []

    def answer(topic: str, answers: str) -> None:
        asked.append(topic)
        for part in parts:
            publisher.publish_part(topic, part, answers)

    monkeypatch.setattr(publisher, "publish_question", answer)
    return asked


def test_up_to_five_thousand_are_told_by_name() -> None:
    assert online.sample(USERS[:5000]) == online.Online(frozenset(USERS[:5000]))


def test_of_more_a_share_stands_for_all() -> None:
    told = online.sample(USERS)
    assert told.share in {1 / 8, 1 / 16}
    assert len(told.users) <= online.MAX_KEYS
    assert len(told.users) / told.share == pytest.approx(len(USERS), rel=0.1)
    assert sorted(told.part()["users"]) == sorted(told.users)


@pytest.mark.usefixtures("layer")
def test_who_is_connected_to_two_processes_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [online.sample(users).part() for users in (["1", "2"], ["2", "3"], [])]
    asked = answering(monkeypatch, *parts)
    assert online.online() == online.Online(frozenset("123"))
    assert online.online() == online.Online(frozenset("123"))
    assert asked == [online.TOPIC]  # the answer holds for a moment


@pytest.mark.usefixtures("layer")
def test_the_smallest_share_that_a_process_tells_is_that_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many, few = online.sample(USERS[:20_000]), online.sample(USERS[15_000:21_000])
    assert few.share > many.share
    answering(monkeypatch, many.part(), few.part())
    assert online.online() == online.sample(USERS[:21_000], many.share)


@pytest.mark.usefixtures("layer")
def test_without_an_answer_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "ANSWER_WITHIN_S", 0.2)
    assert online.online() is None


@pytest.mark.parametrize("layers", [{}, {"default": {"BACKEND": f"{__name__}.BrokenLayer"}}])
def test_without_a_channel_layer_that_works_it_is_unknown(
    settings: Any, layers: dict[str, Any]
) -> None:
    settings.CHANNEL_LAYERS = layers
    assert online.online() is None


class BrokenLayer(InMemoryChannelLayer):
    async def new_channel(self, prefix: str = "specific.") -> str:
        raise ConnectionError("gone")


@pytest.mark.usefixtures("layer")
async def test_it_does_not_leave_its_group_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[str] = []
    discard = InMemoryChannelLayer.group_discard

    async def note(self: Any, group: str, channel: str) -> None:
        left.append(group)
        await discard(self, group, channel)

    monkeypatch.setattr(InMemoryChannelLayer, "group_discard", note)
    await asyncio.to_thread(online.online)
    assert len(left) == 1
    assert left[0].startswith(f"notify.{OURS}.answers.")

"""Hints on their way to the channel layer, and what becomes of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import OperationalError

from notify.bus import publisher as module
from notify.bus.groups import full_name, user_group
from notify.bus.hints import VERSION
from notify.bus.outages import LOG_INTERVAL_S
from notify.bus.publisher import Publisher, publisher
from notify.changes import Change, Step
from notify.sql import database
from tests.harness.waiting import aeventually, deadline, eventually

OURS = "0123456789abcdef"


class Slow(InMemoryChannelLayer):
    """Accepts nothing until the test lets it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.may_take = asyncio.Event()

    async def group_send(self, group: str, message: Any) -> None:
        await self.may_take.wait()
        await super().group_send(group, message)


class Silent(InMemoryChannelLayer):
    async def group_send(self, group: str, message: Any) -> None:
        await asyncio.Event().wait()


@pytest.fixture
async def served(settings, monkeypatch) -> AsyncIterator[None]:
    """The running loop is that of a server, whose hub sends to the layer."""
    monkeypatch.setattr(database, "deployment", lambda: OURS)
    settings.NOTIFY_PUBLISH_TIMEOUT = 60
    loop = asyncio.get_running_loop()
    publisher.attach(loop, lambda hint: None)
    yield
    publisher.detach(loop)
    publisher._paused_until = 0.0
    publisher._outage_logged = False
    publisher._lateness_logged_at = -LOG_INTERVAL_S


@pytest.mark.usefixtures("served")
async def test_what_clients_ask_of_others_leaves_room_for_announcements(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.Slow"}}
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(full_name(OURS, user_group("7")), channel)
    for n in range(module.MAX_PENDING):
        publisher.publish_close("1", f"{n:016x}")
    refused = publisher.failures
    publisher.publish(Change([Step("7", "e", 0, 1, 1, 1, 1)]))
    assert publisher.failures == refused
    layer.may_take.set()
    async with asyncio.timeout(deadline(5)):
        hint = await layer.receive(channel)
    assert hint["type"] == "notify.change"
    assert (hint["deployment"], hint["v"]) == (OURS, VERSION)


@pytest.mark.usefixtures("served")
async def test_a_hint_that_cannot_be_encoded_is_no_outage(settings, caplog):
    # No Redis listens there, but the hint does not get that far.
    layer = {"BACKEND": "notify.bus.layers.RedisPubSubChannelLayer"}
    settings.CHANNEL_LAYERS = {"default": layer | {"CONFIG": {"hosts": ["redis://127.0.0.1:1"]}}}
    before = publisher.failures
    publisher.publish_part("operations", "\ud800")
    await aeventually(lambda: publisher.failures > before, what="the hint's failure")
    assert not publisher.paused
    assert "cannot be encoded for the channel layer" in caplog.text


@pytest.mark.usefixtures("served")
async def test_while_the_deployment_is_unknown_only_the_own_hub_gets_hints(settings, monkeypatch):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.Slow"}}
    monkeypatch.setattr(database, "deployment", lambda: None)
    heard: list[str] = []
    publisher.attach(asyncio.get_running_loop(), lambda hint: heard.append(hint["type"]))
    before = publisher.failures
    publisher.publish(Change([Step("7", "e", 0, 1, 1, 1, 1)]))
    await aeventually(lambda: heard == ["notify.change"])
    assert publisher.failures == before + 1
    assert not publisher.paused
    assert not publisher._pending


@pytest.mark.parametrize("known", [True, False])
def test_a_hint_waits_for_the_database_only_if_the_deployment_was_never_read(
    monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    asked = []

    def facts() -> database.Facts:
        asked.append(1)
        return database.Facts("", OURS, None, "")

    monkeypatch.setattr(database, "facts", facts)
    monkeypatch.setattr(database, "deployment", lambda: OURS if known else None)
    assert module._deployment() == OURS
    assert bool(asked) is not known


def test_an_unreachable_database_does_not_stop_a_hint(settings, monkeypatch):
    """The deployment that was read before still holds."""

    def away() -> None:
        raise OperationalError("the server closed the connection")

    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(database, "facts", away)
    monkeypatch.setattr(database, "deployment", lambda: OURS)
    layer = get_channel_layer()
    channel = async_to_sync(layer.new_channel)()
    async_to_sync(layer.group_add)(full_name(OURS, user_group("7")), channel)
    publisher.publish_session_check("7")
    publisher.flush()
    [queue] = layer.channels.values()
    assert queue.qsize() == 1


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("late", [False, True])
async def test_a_late_loop_is_not_mistaken_for_a_silent_layer(settings, caplog, late):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.Slow"}}
    settings.NOTIFY_PUBLISH_TIMEOUT = deadline(1)
    before = publisher.failures
    publisher.publish_session_check("7")
    while publisher.failures == before:
        if late:
            time.sleep(0.2)  # noqa: ASYNC251  that is what a late loop is
        await asyncio.sleep(0.001)
    assert publisher.paused is not late
    [record] = caplog.records
    assert ("event loop is late" in record.message) is late
    assert ("did not accept a hint (no answer in time)" in record.message) is not late


def test_a_stopped_loop_does_not_count_as_late_for_ever(settings, monkeypatch):
    """What it was sending never ends."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.Silent"}}
    settings.NOTIFY_PUBLISH_TIMEOUT = deadline(0.5)
    monkeypatch.setattr(database, "deployment", lambda: OURS)
    own = Publisher()
    monkeypatch.setattr(own, "flush", lambda: None)
    own.publish_work()
    eventually(lambda: own._lateness._inside)
    own.close()
    time.sleep(0.5)  # no condition to wait for: the old loop would count as late by this time

    def is_given_up() -> bool:
        own.publish_work()
        return own.paused

    eventually(is_given_up)  # never, if the old loop counts as late
    own.close()

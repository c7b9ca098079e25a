"""A worker process answers those who watch live operations."""

from __future__ import annotations

import logging
import os
from types import SimpleNamespace
from typing import Any

import pytest

from notify.bus.hints import Hint
from notify.bus.publisher import publisher
from notify.live.presence import Presence
from notify.metrics import figures
from notify.metrics.log_lines import log_lines


@pytest.fixture
def answers(monkeypatch):
    parts: list[dict[str, Any]] = []
    monkeypatch.setattr(publisher, "publish_part", lambda topic, part: parts.append(part))
    return parts


def worker(*, is_busy: bool = False) -> Any:
    return SimpleNamespace(is_busy=is_busy, database_latency=0.25)


def ask(topic: str = "operations") -> Hint:
    return {"type": "notify.ask", "topic": topic, "process": "another", "holds": 3.5}


def test_it_tells_what_a_process_without_sockets_has(answers):
    presence = Presence(worker(is_busy=True))
    presence.layer.latency = 0.001
    log_lines.emit(logging.makeLogRecord({"name": "notify.x", "levelno": 40, "msg": "Broken"}))
    presence.receive(ask())
    [part] = answers
    assert part["name"].endswith(f":{os.getpid()}")
    assert set(part["figures"]) == {figure.name for figure in figures.OF_WORKER}
    assert part["figures"]["notify_workers_busy"] == 1
    assert part["figures"]["notify_database_latency_seconds"] == 0.25
    assert part["log"][-1]["text"] == "Broken"
    assert "sockets" not in part


def test_it_answers_once_however_many_ask(answers):
    now = SimpleNamespace(s=100.0)
    presence = Presence(worker(), lambda: now.s)
    for _ in range(3):
        presence.receive(ask())
    assert len(answers) == 1
    now.s += 1
    presence.receive(ask())
    assert len(answers) == 2


def test_it_hears_nothing_else(answers):
    presence = Presence(worker())
    presence.receive(ask("history"))
    presence.receive({"type": "notify.work"})
    assert answers == []


@pytest.mark.parametrize(("seconds", "told"), [(3, [0, 1]), (4, [0])])
async def test_one_that_ends_tells_those_who_still_watch(answers, seconds, told):
    now = SimpleNamespace(s=100.0)
    presence = Presence(worker(), lambda: now.s)
    presence.receive(ask())
    now.s += seconds
    await presence.stop()
    assert [one["figures"]["notify_draining"] for one in answers] == told

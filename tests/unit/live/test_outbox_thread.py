from __future__ import annotations

import subprocess
import threading
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notify.kinds import registry
from notify.live import outbox_thread
from notify.live.outbox_thread import OutboxThread, hand_out_due
from notify.live.workers import Workers
from notify.sending.working import Worker
from tests.harness.server import PYTHON, ROOT, environment
from tests.harness.waiting import aeventually, eventually
from tests.unit.outbox.out import declare


class Stand:
    """Stands for `notify.outbox.worker`."""

    def __init__(self) -> None:
        self.running = 0

    def run(self, stop: threading.Event) -> None:
        self.running += 1
        stop.wait()
        self.running -= 1

    def hand_out_due(self) -> int:
        return 3


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    found = Stand()
    monkeypatch.setattr(outbox_thread, "_worker", lambda: found)
    monkeypatch.setattr(registry, "_kinds", {})
    return found


def test_it_runs_beside_until_it_is_stopped(stand: Stand) -> None:
    declare()
    thread = OutboxThread()
    thread.start()
    eventually(lambda: stand.running == 1, what="the thread")
    assert thread.stop(within_s=None)
    assert stand.running == 0
    assert hand_out_due() == 3


def test_one_that_hangs_is_left(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    declare()
    end = threading.Event()
    monkeypatch.setattr(stand, "run", lambda stop: end.wait())
    thread = OutboxThread()
    thread.start()
    assert not thread.stop(within_s=0.01)
    end.set()
    assert thread.stop(within_s=None)


async def test_a_server_with_workers_has_one(stand: Stand, settings: Any) -> None:
    declare()
    for workers in (0, 2):
        settings.NOTIFY_SERVER_WORKERS = workers
        found = Workers()
        found.start()
        if workers:
            await aeventually(lambda: stand.running == 1, what="the thread")
        await found.stop()
        assert stand.running == 0
        await found.close()


def test_without_a_channel_there_is_none(stand: Stand) -> None:
    thread = OutboxThread()
    thread.start()
    assert thread.stop(within_s=None)
    assert hand_out_due() == 0
    assert not [one for one in threading.enumerate() if one.name == "notify-outbox"]


@pytest.mark.django_db
def test_without_a_channel_a_round_of_a_worker_asks_nothing_of_the_outbox(stand: Stand) -> None:
    with CaptureQueriesContext(connection) as queries:
        Worker().do_next()
        hand_out_due()
    assert len(queries) > 0
    ours = ("notify_outboxitem", "notify_message", "notify_reach", "ripening")
    assert not [query for query in queries if any(name in query["sql"] for name in ours)]


LOADED = """
import asyncio, sys
import django; django.setup()
import config.asgi, notify.urls
from django.core.management import call_command
from django.urls import get_resolver
from notify.live.workers import Workers
async def start():
    found = Workers(); found.start(); await found.stop(); await found.close()
asyncio.run(start())
assert get_resolver().url_patterns
call_command("notify_work", "--until-idle")
print([name for name in sys.modules if name.startswith("notify.outbox")])
"""


@pytest.mark.django_db(transaction=True)
def test_without_a_channel_nothing_of_the_outbox_is_imported() -> None:
    env = environment(DJANGO_SETTINGS_MODULE="config.settings")
    done = subprocess.run(
        [PYTHON, "-c", LOADED], env=env, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"

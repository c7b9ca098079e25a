"""What a process tells of itself."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

from notify import metrics
from notify.live import readings
from notify.metrics import figures
from tests.unit.live.fakes import Wire, open_connection, settle


async def test_every_figure_of_a_process_is_told_once_it_is_known(hub):
    hub.layer.latency, hub.sweep.database_asked_at = 0.001, hub.loop.time()
    told = hub.readings.figures()
    assert set(told) == {figure.name for figure in figures.OF_PROCESS}
    assert told["notify_layer_up"] == 1
    assert told["notify_draining"] == 0


async def test_what_is_not_known_yet_is_left_out(hub):
    assert "notify_layer_latency_seconds" not in hub.readings.figures()
    assert "notify_database_latency_seconds" not in hub.readings.figures()


async def test_it_counts_slow_sockets_and_names_the_users_with_most(hub):
    windows = [open_connection(Wire(), user=user, hub=hub) for user in ("1", "2", "2")]
    for one in windows:
        hub.add(one)
    windows[0].queued_bytes += 300 * 1024
    part = hub.readings.part()
    assert part["figures"]["notify_sockets"] == part["sockets"] == 3
    assert part["figures"]["notify_users"] == 2
    assert part["figures"]["notify_slow_sockets"] == 1
    assert part["slow_sockets"] == [("1", 300 * 1024)]
    assert part["most_sockets"] == {"2": 2, "1": 1}
    assert part["name"].endswith(f":{os.getpid()}")


async def test_the_database_is_as_slow_as_the_slowest_of_sweep_and_workers(hub, monkeypatch):
    def told():
        return hub.readings.figures()["notify_database_latency_seconds"]

    monkeypatch.setattr(hub.workers, "_workers", [SimpleNamespace(database_latency=None)])
    monkeypatch.setattr(hub.sweep, "_database_took", 0.3)
    assert told() == 0.3
    slow, quick = SimpleNamespace(database_latency=0.7), SimpleNamespace(database_latency=0.01)
    monkeypatch.setattr(hub.workers, "_workers", [slow, quick])
    assert told() == 0.7
    monkeypatch.setattr(hub.workers, "_workers", [quick])
    assert told() == 0.3


async def test_slow_readers_that_were_closed_are_told(hub):
    metrics.CLOSED.add("4508", 3)
    assert hub.readings.figures()["notify_slow_sockets_closed_recently"] == 3


async def test_a_process_that_drains_says_so(hub):
    await hub.drain()
    assert hub.readings.figures()["notify_draining"] == 1


async def test_busy_workers_are_counted(hub, monkeypatch):
    await settle()
    assert hub.readings.figures()["notify_workers_busy"] == 0
    hub.workers.busy = 1
    assert hub.readings.figures()["notify_workers_busy"] == 1


def test_a_user_who_polls_counts_once_for_a_minute():
    now = SimpleNamespace(s=0.0)
    polling = metrics.Recent(60, lambda: now.s)
    for user in ("1", "2", "1"):
        polling.note(user)
    assert len(polling) == 2
    now.s = 59
    polling.note("1")
    now.s = 61
    assert len(polling) == 1
    now.s = 200
    assert len(polling) == 0


def test_memory_is_unknown_where_the_system_does_not_tell(monkeypatch):
    assert readings.without_sockets()["process_resident_memory_bytes"] > 1024 * 1024
    monkeypatch.setattr(readings, "_STATM", Path("/nowhere"))
    assert readings.without_sockets()["process_resident_memory_bytes"] is None

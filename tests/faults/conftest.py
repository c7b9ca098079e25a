from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from django.db import connections

from tests.conftest import StartServer
from tests.faults import report
from tests.faults.elsewhere import BY_TEST, ON_ANY_SERVER
from tests.faults.verdict import Outcome
from tests.faults.world import SERVER, World
from tests.harness.nginx import BEHIND_NGINX, Nginx
from tests.harness.redis import RedisServer

SEED = int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(10**6))
HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "quick_faults: a fault test that takes seconds")
    config.addinivalue_line("markers", "slow_faults: a fault test of `make faults` only")
    config.addinivalue_line(
        "markers", "needs_serve: about what `manage.py serve` does, and no other"
    )
    config.addinivalue_line("markers", "fault(row, text): its line in docs/faults.md")
    # As a plugin, and not in this file, as it is about tests of other directories too.
    config.pluginmanager.register(Recorder())


def pytest_report_header() -> str:
    return f"FAULT_SEED={SEED}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if SERVER != "serve":
        left_out = [item for item in items if item.get_closest_marker("needs_serve")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    for item in items:
        if HERE in item.path.parents:
            quick = item.get_closest_marker("quick_faults")
            item.add_marker(pytest.mark.postgres)
            if quick is None:
                item.add_marker(pytest.mark.slow_faults)


class Recorder:
    """Keeps what each test of the table has found: to print, and in the file FAULTS_RESULTS."""

    def __init__(self) -> None:
        self._results: dict[str, report.Result] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        outcome = yield
        if not outcome.skipped and (call.when == "call" or outcome.failed):
            result = self._result(item, outcome)
            # Reported last, the test itself has passed even if one of its subtests has failed.
            if result is not None and self._has_held_so_far(result.test):
                self._results[result.test] = result
                if results := os.environ.get("FAULTS_RESULTS"):
                    report.keep(result, Path(results))
        return outcome

    def _has_held_so_far(self, test: str) -> bool:
        return test not in self._results or self._results[test].passed

    def _result(self, item: pytest.Item, outcome: Any) -> report.Result | None:
        failure = outcome.longreprtext[-3000:]
        test, passed, seconds = item.nodeid, bool(outcome.passed), round(outcome.duration, 1)
        named = test.partition("[")[0]
        if SERVER != "serve":  # a line of its own in the table
            test += f" on {SERVER}"
        if fault := item.get_closest_marker("fault"):
            row, text = fault.args
            if "[" in item.name:
                text += f" ({item.name[item.name.index('[') + 1 : -1]})"
            world = getattr(item, "funcargs", {}).get("world")
            counted = asdict(world.outcome if world is not None else Outcome())
            servers = "" if world is None else world.servers_text
            return report.Result(row, text, test, SEED, passed, seconds, servers, counted, failure)
        if named not in BY_TEST:
            return None
        row, text = BY_TEST[named]
        if named in ON_ANY_SERVER:
            text += f" ({SERVER})"
        return report.Result(row, text, test, SEED, passed, seconds, failure=failure)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        counted = [one for one in self._results.values() if one.outcome is not None]
        if counted:
            terminalreporter.section(f"faults, FAULT_SEED={SEED}")
        for one in sorted(counted, key=lambda result: result.row):
            terminalreporter.write_line(
                f"{one.row:3} {'held' if one.passed else 'FAILED':7} {one.fault[:80]:80} "
                f"{Outcome(**one.outcome or {}).line} ({one.seconds:.0f} s)"
            )


@pytest.fixture
def seed() -> int:
    return SEED


@pytest.fixture
def redis_url(own_redis: RedisServer) -> str | None:
    """Of the world's Redis; a test module that wants none, or a dead one, has its own."""
    return own_redis.url


@pytest.fixture
def _connections_back(transactional_db: None) -> Iterator[None]:
    """What a test does to PostgreSQL must not break the emptying of the tables after it."""
    yield
    connections.close_all()


@pytest_asyncio.fixture
async def world(
    tmp_path: Path,
    seed: int,
    start_server: StartServer,
    redis_url: str | None,
    _connections_back: None,
) -> AsyncIterator[World]:
    made = World(tmp_path, seed, start_server, redis_url)
    began = time.monotonic()
    yield made
    await made.end()
    print(f"seed {seed}, {time.monotonic() - began:.1f} s, {made.outcome}")  # noqa: T201


@pytest_asyncio.fixture
async def nginx(world: World, tmp_path: Path) -> AsyncIterator[Nginx]:
    """Before two servers of the world, with connections as in a deployment, and 60 people."""
    await world.people(60)
    await world.serve(2, arguments=["--proxy-headers"], DATABASE_POOL="20", **BEHIND_NGINX)
    directory = tmp_path / "nginx"
    directory.mkdir()
    running = Nginx(directory, [server.port for server in world.servers])
    await asyncio.to_thread(running.start)
    yield running
    await asyncio.gather(*(one.leave() for one in world.followers))
    await asyncio.to_thread(running.stop)


async def follow_through(nginx: Nginx, world: World, count: int) -> None:
    ways = [(nginx.socket_url, nginx.url)]
    await world.follow(count, ways=ways, trust=nginx.trust(), haste=1.0)

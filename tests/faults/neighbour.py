"""Another deployment beside that of a test: a world with a database of its own, in a process.

    DATABASE_URL=… python -m tests.faults.neighbour '{"directory": "…", "users": [1, 2], …}'

It writes where its server is, and how to sign in, to `state.json`; sends until SIGTERM; then
judges, and writes what it found to `outcome.json`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import django
from django.db import connections


@dataclass(frozen=True)
class Plan:
    directory: str
    seed: int
    redis_url: str
    users: list[int]  # the keys: as the test's deployment has them
    sweep: float


async def live(plan: Plan) -> None:
    from tests.faults.crossing import epochs, titles_seen
    from tests.faults.world import World
    from tests.harness.database import orm

    directory, stopping = Path(plan.directory), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    servers: list[Any] = []
    world = World(directory, plan.seed, _starting(directory, servers), plan.redis_url)
    try:
        await orm(_make_missing, plan.users)
        world.users = plan.users
        await world.serve(1, NOTIFY_SWEEP_INTERVAL=str(plan.sweep))
        followers = await world.follow(len(plan.users))
        before = await orm(epochs, plan.users)
        await world.send(rate=10, name="neighbour")
        [server] = world.servers
        state = {
            "url": server.url,
            "socket_url": server.socket_url,
            "cookies": await orm(world.cookies, plan.users),
        }
        _write(directory / "state.json", state)
        await stopping.wait()
        await world.stop_senders()
        try:
            await world.judge()
        except AssertionError as error:
            world.outcome.problems.append(str(error))
        found = {
            "outcome": asdict(world.outcome),
            "median": world.median(followers),
            "titles": sorted(titles_seen(followers)),
            "epochs_kept": await orm(epochs, plan.users) == before,
        }
        _write(directory / "outcome.json", found)
    finally:
        await world.end()
        for one in servers:
            one.stop()


def _make_missing(keys: list[int]) -> None:
    from django.contrib.auth.models import User

    there = set(User.objects.filter(pk__in=keys).values_list("pk", flat=True))
    User.objects.bulk_create(
        User(pk=key, username=f"neighbour-{key}", password="!") for key in keys if key not in there
    )
    User.objects.filter(pk=keys[0]).update(is_superuser=True)


def _starting(directory: Path, servers: list[Any]) -> Any:
    from tests.harness.server import Server, environment

    def start(command: Any, **variables: str) -> Server:
        log = directory / f"neighbour-{len(servers)}.log"
        server = Server(log=log, command=command, env=environment(**variables))
        servers.append(server)
        server.start()
        return server

    return start


def _write(file: Path, what: dict[str, Any]) -> None:
    whole = file.with_suffix(".new")
    whole.write_text(json.dumps(what))
    whole.replace(file)  # so that nobody reads a part


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    try:
        asyncio.run(live(Plan(**json.loads(sys.argv[1]))))
    finally:
        connections.close_all()


if __name__ == "__main__":
    main()

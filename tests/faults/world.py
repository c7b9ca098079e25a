"""Servers, people, clients and senders of one fault test, and the verdict at its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from django.contrib.auth.models import User

from notify.inbox import reading
from notify.models import Batch
from tests.faults.follower import Follower
from tests.faults.verdict import Database, Outcome, Truth, delays, judge
from tests.harness.database import orm
from tests.harness.process import Process
from tests.harness.server import DAPHNE, SERVE, UVICORN, Server, environment
from tests.harness.sessions import session_cookie
from tests.harness.waiting import aeventually, deadline

COMMANDS = {"serve": SERVE, "daphne": DAPHNE[:-1], "uvicorn": UVICORN[:-1]}
# What runs the rows; on another than `serve` those that are marked `needs_serve` are left out.
SERVER = os.environ.get("FAULT_SERVER") or "serve"
SWEEP = 2.0
SETTLE = 60.0  # at most so long, in seconds, for clients to hold what the database has
# The table is written with the deadlines that a row has. Any other run shares its machine with
# whatever else there is, and a row's deadline is three times as long.
STRICT = "FAULTS_RESULTS" in os.environ

# What a process may keep of what it needed while sockets were open: threads of pools and their
# database connections, and memory that the allocator does not return.
SPARE = {"tasks": 10, "files": 40, "threads": 24, "megabytes": 40}


def patience(seconds: float) -> float:
    """For `aeventually`, where a row says how long something may take."""
    return seconds if STRICT or os.environ.get("CI") else 3 * seconds


def contract(seconds: float) -> float:
    """What a figure may be, where a row says it in seconds."""
    return deadline(patience(seconds))


class World:
    """Made by the fixture `world`. Times are in seconds."""

    def __init__(
        self, tmp_path: Path, seed: int, start_server: Callable[..., Server], redis_url: str | None
    ) -> None:
        self.seed = seed
        self.rng = random.Random(seed)  # noqa: S311
        self.redis_url = redis_url
        self.servers: list[Server] = []
        self.users: list[int] = []
        self.followers: list[Follower] = []
        self.senders: list[Process] = []
        self.outcome = Outcome()
        self._tmp = tmp_path
        self._start_server = start_server
        self.logs: list[Path] = []
        self._logs_made = 0
        self.served = 0  # servers that were started
        self._before: dict[int, dict[str, float]] = {}

    @property
    def environment(self) -> dict[str, str]:
        return {} if self.redis_url is None else {"REDIS_URL": self.redis_url}

    # Putting it up

    async def serve(
        self,
        count: int = 1,
        *,
        application: str = "application",
        arguments: Sequence[str] = (),
        tree: Any = None,
        **variables: Any,
    ) -> None:
        """Starts so many servers with an application of tests.faults.asgi, of another tree's code
        if its path is given; other keyword arguments are environment variables."""
        self.served += count
        command = (*COMMANDS[SERVER], *arguments, f"tests.faults.asgi:{application}")
        options = {"command": command, "NOTIFY_SWEEP_INTERVAL": str(SWEEP)}
        options |= self.environment | variables | _of(tree)
        started = [asyncio.to_thread(self._start_server, **options) for _ in range(count)]
        self.servers += await asyncio.gather(*started)
        for server in self.servers[-count:]:
            await self.until_serving(server)

    async def until_serving(self, server: Server) -> None:
        await aeventually(lambda: self._answers(server), 60, what="an answer of the server")
        self._before[server.pid] = await self._resources(server)

    async def _answers(self, server: Server) -> bool:
        try:
            await self.fetch(server, "/readyz")
        except OSError:
            return False
        return True

    async def people(self, count: int) -> None:
        def make() -> list[int]:
            names = (f"user-{len(self.users) + n}" for n in range(count))
            made = User.objects.bulk_create(User(username=name, password="!") for name in names)
            return [user.pk for user in made]

        self.users += await orm(make)

    async def follow(
        self,
        count: int,
        *,
        kind: type[Follower] = Follower,
        ways: Sequence[tuple[str, str]] | None = None,
        users: Sequence[int] | None = None,
        **options: Any,
    ) -> list[Any]:
        """So many clients (of `kind`), over the users in turn; returns when all were told."""
        users = users or self.users
        chosen = [users[n % len(users)] for n in range(count)]
        cookies = await orm(self.cookies, chosen)
        ways = ways or [(server.socket_url, server.url) for server in self.servers]
        made = []
        for user in chosen:
            rng = random.Random(self.rng.random())  # noqa: S311
            made.append(kind(user, ways, cookie=cookies[user], rng=rng, **options))
        self.followers += made
        for start in range(0, len(made), 50):
            lot = made[start : start + 50]
            for follower in lot:
                follower.start()
            await aeventually(lambda lot=lot: all(map(_was_told, lot)), 60, what="being told")
        return made

    @staticmethod
    def cookies(users: Sequence[int]) -> dict[int, str]:
        found = User.objects.in_bulk(set(users))
        return {user: session_cookie(found[user]) for user in set(users)}

    # Sending

    def new_log(self) -> Path:
        self._logs_made += 1  # not by how many there are: some are forgotten
        log = self._tmp / f"sent-{self._logs_made}.jsonl"
        log.touch()
        self.logs.append(log)
        return log

    async def send(self, *, tree: Path | None = None, **plan: Any) -> Process:
        """Starts a process that sends (see sender.py), with another tree's code if one is given;
        returns when it is about to."""
        log = self.new_log()
        number = len(self.senders)
        plan = {"users": self.users, "seed": self.seed + number, "name": f"s{number}"} | plan
        # Without a pool: after an outage of the database it waits longer and longer to look again.
        variables = {"DATABASE_POOL": "0"} | self.environment | plan.pop("variables", {})
        sender = Process(
            [sys.executable, "-m", "tests.faults.sender", json.dumps(plan | {"log": str(log)})],
            log=self._tmp / f"sender-{number}.log",
            env=environment(**variables | ({} if tree is None else {"PYTHONPATH": str(tree)})),
            cwd=tree,
        )
        self.senders.append(sender)
        await asyncio.to_thread(sender.start)
        await aeventually(lambda: '"ready"' in log.read_text(), 60, what="the sender")
        return sender

    async def stop_senders(self, seconds: float = 90) -> None:
        """Lets each end what it is at; those with a count have already ended, or are waited for."""
        for sender in self.senders:
            if sender.alive:
                await asyncio.to_thread(sender.terminate, deadline(seconds))
            assert sender.returncode == 0, sender.log

    async def senders_done(self, seconds: float = 120) -> None:
        for sender in self.senders:
            assert await asyncio.to_thread(sender.wait, deadline(seconds)) == 0, sender.log

    def forget_what_was_sent(self) -> None:
        """Where the database has lost it on purpose."""
        self.logs.clear()

    @property
    def truth(self) -> Truth:
        return Truth.of(self.logs)

    # The verdict

    async def settle(self, seconds: float = SETTLE) -> Database:
        """Waits until nothing is left to do and every client has the version of its inbox, or
        for so long; then reads the database."""
        end = time.monotonic() + deadline(seconds)
        with contextlib.suppress(TimeoutError):
            await aeventually(_all_carried_out, seconds, what="the batches")
        keys = [str(user) for user in self.users]
        while time.monotonic() < end:
            heads = await orm(reading.heads, keys)
            if all(_is_in_step(one, heads) for one in self.followers):
                break
            await asyncio.sleep(0.2)
        return await orm(Database.read, self.users)

    async def judge(self, seconds: float = SETTLE, *, only_arrivals: bool = True) -> Outcome:
        """The common verdict; also kept for docs/faults.md. Asserts that it is good."""
        database = await self.settle(seconds)
        note = self.outcome.note
        outcome = judge(self.truth, database, self.followers, only_arrivals=only_arrivals)
        outcome.note = note
        outcome.problems += [
            f"a client of user {one.user_pk} is away ({dict(one.closes)})"
            for one in self.followers
            if not one.open
        ]
        self.outcome = outcome
        outcome.assert_good()
        await self.judge_servers()
        return outcome

    async def judge_servers(self) -> None:
        """With the clients gone, each server has back what it used for them."""
        for start in range(0, len(self.followers), 100):
            await asyncio.gather(*(one.leave() for one in self.followers[start : start + 100]))
        for server in self.servers:
            if server.alive:
                await self._until_back(server)

    async def note_resources(self) -> None:
        """Each server is to come back to what it has now, when its sockets have gone: what the
        allocator keeps of a first load is no leak, what a second one adds to it is."""
        for server in self.servers:

            async def quiet(server: Server = server) -> bool:
                return (await self._resources(server))["sockets"] == 0

            await aeventually(quiet, 60, what="sockets that are gone")
            self._before[server.pid] = await self._resources(server)

    async def _until_back(self, server: Server) -> None:
        before = self._before[server.pid]
        now: dict[str, float] = {}

        async def back() -> bool:
            nonlocal now
            now = await self._resources(server)
            return now["sockets"] == 0 and all(
                now[name] <= before[name] + spare for name, spare in SPARE.items()
            )

        try:
            await aeventually(back, 60, what="resources that are back")
        except TimeoutError:
            raise AssertionError(f"{server.url} keeps {now}; it began with {before}") from None

    async def _resources(self, server: Server) -> dict[str, float]:
        figures = await self.figures(server)
        process = Path(f"/proc/{server.pid}")
        status = dict(
            line.split(":", 1) for line in (process / "status").read_text().splitlines() if line
        )
        return {
            "tasks": figures["tasks"],
            "sockets": figures["sockets"],
            "files": len(list((process / "fd").iterdir())),
            "threads": int(status["Threads"]),
            "megabytes": int(status["VmRSS"].split()[0]) / 1024,
        }

    # Asking and waiting

    @property
    def servers_text(self) -> str:
        return f"{self.served} × {SERVER}" if self.served else ""  # noqa: RUF001

    async def figures(self, server: Server) -> dict[str, Any]:
        return dict(await self.fetch(server, "/faults/figures/"))

    async def megabytes(self, server: Server) -> float:
        return (await self._resources(server))["megabytes"]

    async def fetch(self, server: Server, path: str, seconds: float = 30) -> Any:
        def get() -> Any:
            with urlopen(f"{server.url}{path}", timeout=deadline(seconds)) as response:  # noqa: S310
                return json.load(response)

        return await asyncio.to_thread(get)

    async def sent(self, notices: int, seconds: float = 90) -> None:
        """Returns once the senders have committed so many more."""
        goal = self.committed + notices
        await aeventually(lambda: self.committed >= goal, seconds, what="notices being sent")

    def p99(self, followers: Sequence[Follower], logs: Sequence[Path] | None = None) -> float:
        """Of the delays of these clients, in seconds; with `logs`, of those senders' notices."""
        return self._percentile(99, followers, logs)

    def median(self, followers: Sequence[Follower], logs: Sequence[Path] | None = None) -> float:
        """As `p99`. Of a few hints that a busy machine gives up it says nothing: those are the
        sweep's."""
        return self._percentile(50, followers, logs)

    def _percentile(
        self, percent: int, followers: Sequence[Follower], logs: Sequence[Path] | None
    ) -> float:
        truth = self.truth if logs is None else Truth.of(logs)
        found = sorted(delays(truth, followers))
        assert found, "nothing was delivered"
        return found[len(found) * percent // 100]

    @property
    def committed(self) -> int:
        return sum(log.read_text().count('"id"') for log in self.logs)

    @property
    def closed(self) -> int:
        """Sockets that were closed under the clients."""
        return sum(one.closes.total() for one in self.followers)

    async def end(self) -> None:
        await asyncio.gather(*(one.leave() for one in self.followers), return_exceptions=True)
        for sender in self.senders:
            await asyncio.to_thread(sender.kill)


def _of(tree: Path | None) -> dict[str, Any]:
    return {} if tree is None else {"cwd": tree, "PYTHONPATH": str(tree)}


def _was_told(follower: Follower) -> bool:
    return follower.epoch is not None or bool(follower.stopped_by) or not follower.apply_frames


def _is_in_step(follower: Follower, heads: dict[str, Any]) -> bool:
    head = heads.get(str(follower.user_pk))
    if head is None or not follower.open:
        return False
    return (follower.epoch, follower.version) == (head.epoch, head.version)


async def _all_carried_out() -> bool:
    waiting = Batch.objects.filter(state__in=[Batch.State.PENDING, Batch.State.RECALLING])
    return not await orm(waiting.exists)

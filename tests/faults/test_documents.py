"""The steps of docs/deployment.md, as they stand there, while clients follow and others send."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User

from notify.models import ApiToken
from tests.faults.layouts import EverythingOnServe, Layout, Split
from tests.faults.world import World, patience
from tests.harness import systemctl
from tests.harness.database import orm
from tests.harness.process import listens
from tests.harness.waiting import aeventually, deadline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_serve]

LAYOUTS = {"the split": Split, "everything on serve": EverythingOnServe}
CLIENTS = (60, 500)
BACK_WITHIN_S = 10.0
BY_REDIS_WITHIN_S = 5.0  # the sweep is due after 10 s


@contextlib.asynccontextmanager
async def deployed(name: str, world: World, directory: Path) -> AsyncIterator[Layout]:
    assert world.redis_url is not None
    layout = await asyncio.to_thread(LAYOUTS[name], directory, world.redis_url)
    with contextlib.ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, systemctl.running(directory, *layout.units))
        await aeventually(lambda: all(map(listens, layout.ports)), 60, what="the first start")
        await asyncio.to_thread(stack.enter_context, layout.nginx)
        async with Browser(layout, world) as browser:
            await aeventually(browser.sees_a_page, 60, what="a page")
        try:
            yield layout
        finally:
            print(handshakes(layout))  # noqa: T201  (pytest shows it with a failure)
            await asyncio.gather(*(one.leave() for one in world.followers))
            await asyncio.to_thread(stack.close)


class Browser:
    """Looks at pages, and sends by one: by a new connection each time, as different people do."""

    def __init__(self, layout: Layout, world: World) -> None:
        self._layout = layout
        self._world = world
        self.statuses: Counter[int] = Counter()
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Browser:
        nginx = self._layout.nginx
        cookies = await orm(self._world.cookies, self._world.users[:1])
        self._http = httpx.AsyncClient(
            base_url=nginx.url,
            verify=nginx.trust(),
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Cookie": cookies[self._world.users[0]]},
            timeout=deadline(30),
        )
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self._http.aclose()

    async def sees_a_page(self) -> bool:
        try:
            return (await self._http.get("/notify/")).status_code == 200
        except httpx.HTTPError:
            return False

    def look_on(self) -> None:
        async def look() -> None:
            while True:
                self.statuses[(await self._http.get("/notify/")).status_code] += 1
                await asyncio.sleep(0.5)

        self._looking = asyncio.create_task(look())

    async def stop(self) -> None:
        """Fails where a page was not had at all."""
        assert self._looking is not None
        self._looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._looking
        self._looking = None
        assert set(self.statuses) == {200}, self.statuses

    async def sends(self, token: str, title: str) -> None:
        """A notice to all, by the HTTP API; returns when each client has it, by Redis."""
        at = time.time()
        answer = await self._http.post(
            "/api/notify/notices/",
            headers={"Authorization": f"Bearer {token}", "Cookie": ""},
            json={"to": {"groups": ["all"]}, "title": title},
        )
        assert answer.status_code == 201, answer.text
        entry = {"id": answer.json()["id"], "to": self._world.users, "at": at, "took": 0}
        self._world.new_log().write_text(json.dumps(entry) + "\n")
        await aeventually(
            lambda: all(title in one.titles_seen for one in self._world.followers),
            patience(BY_REDIS_WITHIN_S),
            what="a notice of a page on every socket",
        )


def a_sender(users: list[int]) -> str:
    """Makes the group `all` of these users; returns the token of a program that may send to it."""
    from django.contrib.auth.models import Group

    group = Group.objects.create(name="all")
    group.user_set.set(users)
    program = User.objects.bulk_create([User(username="program", is_superuser=True)])[0]
    return ApiToken.objects.issue(program, "documents", ["send"])[1]


async def all_back(world: World, seconds: float, what: str) -> float:
    began = time.monotonic()
    try:
        await aeventually(
            lambda: all(one.open for one in world.followers), patience(seconds), what=what
        )
    except TimeoutError as error:
        there = sum(one.open for one in world.followers)
        raise TimeoutError(f"{error}: {there} of {len(world.followers)} are there") from None
    return time.monotonic() - began


def handshakes(layout: Layout) -> Counter[str]:
    """By status; nginx writes them when the socket has ended."""
    return Counter(re.findall(r'/ws/notify/" (\d+) ', layout.nginx.access_log))


def kill_the_busiest_worker(layout: Layout) -> None:
    files = {pid: len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in layout.nginx.workers}
    os.kill(max(files, key=files.__getitem__), signal.SIGKILL)


@pytest.mark.parametrize("clients", CLIENTS)
@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.fault(
    40, "The steps of the documents: both processes restarted, nginx reloaded, a worker killed"
)
async def test_the_steps_of_the_documents_lose_nothing(
    name: str, clients: int, world: World, tmp_path: Path
) -> None:
    directory = tmp_path / "deployed"
    directory.mkdir()
    await world.people(clients)
    token = await orm(a_sender, world.users)
    async with deployed(name, world, directory) as layout, Browser(layout, world) as browser:
        nginx = layout.nginx
        ways = [(nginx.socket_url, nginx.url)]
        # As long as a browser's: with 500 at a time, TLS in one process may take longer than 10 s.
        options: dict[str, Any] = {"trust": nginx.trust(), "haste": 1.0, "dial_timeout": 60.0}
        await world.follow(clients, ways=ways, **options)
        await world.send(rate=10)
        await browser.sends(token, "from a page")

        browser.look_on()
        restarted = await asyncio.to_thread(layout.restart)
        assert restarted.returncode == 0, restarted.stdout + restarted.stderr
        back = await all_back(world, BACK_WITHIN_S, "clients after the restart of both")
        assert layout.killed == ""

        closed = world.closed
        await asyncio.to_thread(nginx.reload)
        await world.sent(10)
        assert world.closed == closed
        await browser.stop()

        await asyncio.to_thread(kill_the_busiest_worker, layout)
        await aeventually(lambda: world.closed > closed, what="sockets of the killed worker")
        again = await all_back(world, BACK_WITHIN_S, "clients of the killed worker")
        await browser.sends(token, "from a page, after all that")
        await world.stop_senders()
        await asyncio.to_thread(
            httpx.get, f"http://localhost:{nginx.plain_port}/ws/notify/?ticket=a-ticket"
        )
        world.outcome.note = f"back {back:.1f} s after the restart, {again:.1f} s after the kill"
        await world.judge(90)
        failed = [line for line in nginx.access_log.splitlines() if re.search(r'" 5\d\d ', line)]
        assert failed == []
        if clients == min(CLIENTS):
            print(await asyncio.to_thread(layout.examine, "program"))  # noqa: T201  (as above)
    for log in nginx.directory.glob("*.log"):
        assert "a-ticket" not in log.read_text()

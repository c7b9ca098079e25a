"""Figures that are watched, of several servers on one Redis."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Permission, User

import notify
from notify.admin import previews
from notify.bus import online
from tests.harness.database import orm
from tests.harness.sessions import session_cookie
from tests.harness.waiting import aeventually
from tests.integration.conftest import client_of

logger = logging.getLogger(__name__)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two_servers(start_server, redis_layer):
    return [start_server(REDIS_URL=redis_layer.url, NOTIFY_SWEEP_INTERVAL="1") for _ in range(2)]


def told(client: Any, topic: str) -> Any:
    frames = [one for one in client.of_type("figures") if one["topic"] == topic]
    return frames[-1]["data"] if frames else None


async def test_operations_are_those_of_all_processes(
    two_servers, ada: User, bob: User, make_user: Callable[..., User]
) -> None:
    root = await orm(make_user, "root", is_superuser=True)
    one, other = two_servers
    async with (
        await orm(client_of, one, root) as watcher,
        await orm(client_of, other, ada) as ada_there,
        await orm(client_of, other, bob),
    ):
        await watcher.send(type="watch", topic="operations")
        await watcher.until(lambda: (told(watcher, "operations") or {}).get("processes") == 2)
        figures = told(watcher, "operations")
        assert (figures["sockets"], figures["users"], figures["layer"]) == (3, 3, "up")
        seen: dict[str, float] = {}

        def both_are_told() -> bool:
            figures = told(watcher, "operations")
            for name in ("notices", "deliveries", "delay_p99"):
                seen[name] = max(seen.get(name, 0), figures[name] or 0)
            return all(seen.values())

        await orm(notify.send, to=[ada, bob], title="Hello")
        await ada_there.until(lambda: ada_there.titles == ["Hello"])
        await watcher.until(both_are_told)


async def test_the_sockets_of_somebody_are_found_on_any_process(
    two_servers, ada: User, bob: User, make_user: Callable[..., User]
) -> None:
    staff = await orm(make_user, "staff")
    may = await orm(Permission.objects.get, codename="view_inbox")
    await orm(staff.user_permissions.add, may)
    one, other = two_servers
    topic = f"person:{ada.pk}"
    async with await orm(client_of, one, staff) as watcher:
        await watcher.send(type="watch", topic=topic)
        await watcher.until(lambda: told(watcher, topic) == [])
        async with (
            await orm(client_of, other, ada),
            await orm(client_of, one, ada),
            await orm(client_of, other, bob),
        ):
            await watcher.until(lambda: len(told(watcher, topic)) == 2)
        await watcher.until(lambda: told(watcher, topic) == [])
        await watcher.send(type="watch", topic="operations")
        assert (await watcher.frame("error"))["code"] == "forbidden"


async def test_ones_own_sockets_of_all_processes_are_listed_and_can_be_closed(
    two_servers, ada: User, bob: User
) -> None:
    one, other = two_servers

    def listed(client: Any) -> dict[str, bool]:
        """By id, whether it is said to be the one that asks."""
        return {entry["id"]: entry["this"] for entry in told(client, "sockets") or []}

    async with (
        await orm(client_of, one, ada) as here,
        await orm(client_of, one, bob),
        await orm(client_of, other, ada) as there,
    ):
        for client in (here, there):
            await client.send(type="watch", topic="sockets")
            await client.until(lambda client=client: len(listed(client)) == 2)
        assert listed(here) == {name: not is_it for name, is_it in listed(there).items()}
        [first] = [name for name, is_it in listed(here).items() if is_it]
        [second] = [name for name, is_it in listed(there).items() if is_it]

        await here.send(type="close_socket", ref="c", id=second)
        await here.frame(lambda frame: frame.get("ref") == "c")
        assert await there.closed() == 4409
        await here.until(lambda: listed(here) == {first: True})
        assert here.open


async def test_the_sockets_of_somebody_are_for_those_who_may_see_inboxes(
    server, ada: User, bob: User
) -> None:
    async with await orm(client_of, server, ada) as client:
        await client.send(type="watch", topic=f"person:{bob.pk}")
        assert (await client.frame("error"))["code"] == "forbidden"
        await client.send(type="watch", topic="person:")
        await client.frame(lambda frame: frame.get("code") == "invalid")


async def test_of_whom_a_notice_would_go_to_those_online_anywhere_are_counted_once(
    two_servers, redis_layer, ada: User, bob: User, make_user: Callable[..., User]
) -> None:
    """Asked by a process without sockets, as of a site under gunicorn."""
    await orm(make_user, "cleo")
    one, other = two_servers

    async def until_told(text: str, to: Any) -> None:
        async def is_told() -> Any:
            online._held.clear()
            return await orm(previews.online_text, to) == text

        await aeventually(is_told, 20, what=text)

    async with await orm(client_of, one, ada), await orm(client_of, other, ada):
        async with await orm(client_of, other, bob):
            await until_told("2 online now", [notify.everyone()])
            await until_told("1 online now", [bob])
        await until_told("0 online now", [bob])
        redis_layer.pause()
        try:
            await until_told("Online status unavailable.", [notify.everyone()])
        finally:
            redis_layer.resume()


@pytest.mark.parametrize("layer", ["pubsub", "core", "none"])
async def test_the_compose_form_is_told_by_its_own_server(
    start_server, redis_server, ada: User, make_user: Callable[..., User], layer: str
) -> None:
    await orm(make_user, "bob")
    root = await orm(make_user, "root", is_superuser=True, is_staff=True)
    urls = {} if layer == "none" else {"REDIS_URL": redis_server.url, "REDIS_LAYER": layer}
    server = await orm(start_server, **urls)
    headers = {"Cookie": f"{await orm(session_cookie, root)}; csrftoken={'c' * 32}"}
    headers |= {"X-CSRFToken": "c" * 32, "Origin": server.url}
    async with (
        await orm(client_of, server, ada),
        httpx.AsyncClient(base_url=server.url, headers=headers) as browser,
    ):

        async def asked(**form: str) -> Any:
            answer = await browser.post("/admin/notify/notice/online/", data=form)
            return answer.json()["text"]

        async def is_told() -> Any:
            return await asked(usernames="ada\nbob") == "1 online now"

        await aeventually(is_told, 20)
        assert await asked() == ""


async def test_ten_who_watch_cost_little(two_servers, make_user: Callable[..., User]) -> None:
    """CPU of each process in a second with ten watchers on each, above that without any."""
    seconds = 5.0
    root = await orm(make_user, "root", is_superuser=True)

    async def used() -> list[float]:
        before = [cpu_s(server.pid) for server in two_servers]
        await asyncio.sleep(seconds)  # time is the subject
        return [cpu_s(one.pid) - was for one, was in zip(two_servers, before, strict=True)]

    async with AsyncExitStack() as stack:
        watchers = [
            await stack.enter_async_context(await orm(client_of, server, root))
            for server in two_servers
            for _ in range(10)
        ]
        idle = await used()
        for one in watchers:
            await one.send(type="watch", topic="operations")
            await one.until(lambda one=one: told(one, "operations"))
        await asyncio.sleep(4)  # the frames with the history are over
        busy = await used()
    shares = [
        (with_them - without) / seconds for with_them, without in zip(busy, idle, strict=True)
    ]
    said = " and ".join(f"{share:.2%}" for share in shares)
    logger.info("Ten who watch cost %s of a core", said)
    assert max(shares) < 0.05, said  # /proc counts in 0.2 % of these five seconds


def cpu_s(pid: int) -> float:
    """The CPU time of a process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

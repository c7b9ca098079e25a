"""Deployments that share a Redis do not meet; the processes of one hear each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connections

import notify
from notify.sql import database
from tests.conftest import StartServer
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.groups import members, until_joined
from tests.harness.postgres import Postgres
from tests.harness.redis import RedisServer
from tests.harness.server import database_url, manage
from tests.harness.waiting import aeventually
from tests.integration.conftest import client_of
from tests.integration.test_figures import told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

OTHER = "notify_another_deployment"
SWEEP = "60"  # what comes sooner came by the layer
AN_INTERVAL_OR_TWO_S = 2.5  # of figures

_MALLORY = """
import json, sys
from django.contrib.auth.models import User
from tests.harness.sessions import session_cookie
user, _ = User.objects.update_or_create(
    pk={key}, defaults={{"username": "mallory", "is_superuser": True}}
)
print("cookie=" + session_cookie(user))
"""


@pytest.fixture
def other_database(postgres_server: Postgres) -> Iterator[Callable[[str], str]]:
    """`other_database(template)`: the URL of another in the same cluster, which is empty, or a
    copy."""

    def run(statement: str) -> None:
        with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as session:
            session.execute(statement)

    def make(template: str = "template1") -> str:
        for connection in connections.all(initialized_only=True):  # a template must not be in use
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]
        run(f"CREATE DATABASE {OTHER} TEMPLATE {template}")
        return postgres_server.url(OTHER)

    yield make
    run(f"DROP DATABASE IF EXISTS {OTHER} WITH (FORCE)")


@pytest.fixture
def copied(ada: User, other_database: Callable[[str], str]) -> str:
    """The URL of a copy of this test's database, in which ada has a notice."""
    notify.send(to=ada, title="Before the copy")
    return other_database(database_url().rpartition("/")[2])


def mallory_in(url: str, key: int, **variables: Any) -> str:
    """The cookie of somebody who may see everything there, and has this key."""
    said = manage(
        "shell", "--no-imports", "-c", _MALLORY.format(key=key), DATABASE_URL=url, **variables
    )
    return said.rpartition("cookie=")[2].strip()


@pytest.mark.parametrize("named", [{}, {"NOTIFY_DEPLOYMENT": "the same"}])
async def test_people_of_another_deployment_are_neither_seen_nor_closed(
    start_server: StartServer,
    own_redis: RedisServer,
    other_database: Callable[[str], str],
    ada: User,
    named: dict[str, str],
) -> None:
    """Another database, another number of Redis, and the same keys of people. With one name for
    both it would be as it was."""
    url = await asyncio.to_thread(other_database, "template1")
    await asyncio.to_thread(manage, "migrate", DATABASE_URL=url)
    cookie = await asyncio.to_thread(mallory_in, url, ada.pk)
    variables = {"NOTIFY_SWEEP_INTERVAL": SWEEP} | named
    number = own_redis.url.replace("/0", "/5")
    mine = await orm(start_server, REDIS_URL=own_redis.url, **variables)
    theirs = await orm(start_server, REDIS_URL=number, DATABASE_URL=url, **variables)
    async with (
        await orm(client_of, mine, ada) as at_home,
        Client(theirs.socket_url, cookie=cookie, origin=theirs.url) as mallory,
    ):
        await at_home.send(type="watch", topic="sockets")
        await at_home.until(lambda: told(at_home, "sockets"))
        adas = next(one["id"] for one in told(at_home, "sockets") if one["this"])
        for topic in ("sockets", "operations", f"person:{ada.pk}"):
            await mallory.send(type="watch", topic=topic)
        if named:
            await mallory.until(lambda: len(told(mallory, "sockets") or ()) == 2)
        await asyncio.sleep(AN_INTERVAL_OR_TWO_S)
        meet = 2 if named else 1
        figures = told(mallory, "operations")
        assert [figures[one] for one in ("sockets", "users", "processes")] == [meet] * 3
        assert len(told(mallory, "sockets")) == len(told(mallory, f"person:{ada.pk}")) == meet
        await mallory.send(type="close_socket", ref="c", id=adas)
        await mallory.frame(lambda frame: frame.get("ref") == "c")
        if named:
            assert await at_home.closed() == 4409
        else:
            await asyncio.sleep(AN_INTERVAL_OR_TWO_S)
            assert at_home.open


async def test_what_the_original_is_sent_is_not_shown_to_the_people_of_its_copy(
    start_server: StartServer, own_redis: RedisServer, copied: str, ada: User
) -> None:
    """Both begin with the same epochs and versions."""
    url = copied
    variables = {"REDIS_URL": own_redis.url, "NOTIFY_SWEEP_INTERVAL": SWEEP}
    original = await orm(start_server, **variables)
    copy = await orm(start_server, DATABASE_URL=url, **variables)
    cookie = await asyncio.to_thread(mallory_in, url, ada.pk)
    async with (
        await orm(client_of, original, ada) as mine,
        Client(copy.socket_url, cookie=cookie, origin=copy.url) as theirs,
    ):
        for client in (mine, theirs):
            await client.until(lambda client=client: client.titles == ["Before the copy"])
        epoch = theirs.epoch
        await until_joined(own_redis, 2)
        for n in range(3):
            await asyncio.to_thread(
                manage, "notify_send", "--to", "ada", "--title", f"{n}", REDIS_URL=own_redis.url
            )
        await mine.until(lambda: mine.titles == ["2", "1", "0", "Before the copy"])
        await theirs.send(type="ping", id=0)
        await theirs.frame("pong")
        assert theirs.titles == ["Before the copy"]
        assert theirs.epoch == epoch
    with psycopg.connect(url) as session:
        [[kept]] = session.execute(
            "SELECT epoch FROM notify_inbox WHERE user_id = %s", [ada.pk]
        ).fetchall()
    assert kept in epoch


async def test_processes_of_one_deployment_hear_each_other_however_they_reach_it(
    start_server: StartServer, tmp_path: Path, postgres_server: Postgres, ada: User, bob: User
) -> None:
    """One by TCP, one by Unix sockets and with another SECRET_KEY."""
    name = database_url().rpartition("/")[2]
    with RedisServer(tmp_path, unix_socket=tmp_path / "r.sock") as redis:
        tcp = await orm(start_server, REDIS_URL=redis.url, NOTIFY_SWEEP_INTERVAL=SWEEP)
        by_sockets: dict[str, Any] = {
            "DATABASE_URL": f"postgres://notify@:{postgres_server.port}/"
            f"{postgres_server.directory}/{name}",
            "REDIS_URL": f"unix://{tmp_path / 'r.sock'}",
            "SECRET_KEY": "a new key of the tests, which is as long as it needs to be, and longer",
        }
        unix = await orm(start_server, NOTIFY_SWEEP_INTERVAL=SWEEP, **by_sockets)
        key = {"SECRET_KEY": by_sockets["SECRET_KEY"]}
        cookie = await asyncio.to_thread(mallory_in, by_sockets["DATABASE_URL"], bob.pk, **key)
        async with (
            await orm(client_of, tcp, ada) as client,
            Client(unix.socket_url, cookie=cookie, origin=unix.url) as there,
        ):
            for one in (client, there):
                await one.frame("inbox")
            await until_joined(redis, 2, processes=2)
            await asyncio.to_thread(
                manage, "notify_send", "--to", "ada", "--title", "by socket", **by_sockets
            )
            await client.until(lambda: client.titles == ["by socket"])
            await asyncio.to_thread(
                manage, "notify_send", "--to", "mallory", "--title", "by TCP", REDIS_URL=redis.url
            )
            await there.until(lambda: there.titles == ["by TCP"])
        assert "down" not in tcp.log + unix.log


async def test_running_processes_follow_when_the_deployment_changes(
    start_server: StartServer, own_redis: RedisServer, ada: User
) -> None:
    servers = [
        await orm(start_server, REDIS_URL=own_redis.url, NOTIFY_SWEEP_INTERVAL="1")
        for _ in range(2)
    ]
    async with await orm(client_of, servers[0], ada) as client:
        await client.frame("inbox")
        await until_joined(own_redis, 1)
        before = await asyncio.to_thread(members, own_redis)
        await asyncio.to_thread(manage, "notify_restored")

        async def moved() -> bool:
            now = await asyncio.to_thread(members, own_redis)
            return len(now) == len(before) and not now.keys() & before.keys()

        await aeventually(moved, 2 * database.FACTS_LIFETIME_S, what="the move to new groups")
        assert client.open

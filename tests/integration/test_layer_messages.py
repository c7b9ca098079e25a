"""What a broadcast costs the channel layer: one message for each process, not for each socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
import redis
from django.contrib.auth.models import User

from notify.bus.groups import EVERY_PROCESS, full_name, user_group
from notify.sql import database
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.groups import until_joined
from tests.harness.server import Server, manage
from tests.harness.sessions import session_cookie
from tests.harness.waiting import aeventually

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

USERS = 300
PROBES = b"asgi__group__notify.probe."


@pytest.fixture
def ear(own_redis) -> Iterator[redis.client.PubSub]:
    """Hears every message that is published on this test's Redis, from now on."""
    with own_redis.client() as client, client.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.psubscribe("*")
        pubsub.get_message(timeout=1)  # the confirmation
        yield pubsub


def group_of_all() -> bytes:
    return f"asgi__group__{full_name(database.facts().deployment, EVERY_PROCESS)}".encode()


def heard(ear: redis.client.PubSub) -> list[bytes]:
    """The channels of what was published, but for the processes' probes of the layer."""
    channels = []
    while message := ear.get_message(timeout=0.2):
        channels.append(message["channel"])
    return [channel for channel in channels if not channel.startswith(PROBES)]


@pytest.fixture
def servers(own_redis, start_server) -> list[Server]:
    return [start_server(REDIS_URL=own_redis.url) for _ in range(2)]


@pytest.fixture
def cookies(transactional_db, hashed_password) -> list[str]:
    """Of as many users who are signed in."""
    users = [User(username=f"user-{n}", password=hashed_password) for n in range(USERS)]
    return [session_cookie(user) for user in User.objects.bulk_create(users)]


@pytest.fixture
def ada(make_user) -> tuple[int, str]:
    """Her key and her cookie."""
    user = make_user("ada")
    return user.pk, session_cookie(user)


@pytest.fixture
def bobs_cookie(make_user) -> str:
    return session_cookie(make_user("bob"))


async def test_a_broadcast_is_one_message_for_each_process_whatever_the_number_of_sockets(
    own_redis, ear, servers, cookies
):
    async with AsyncExitStack() as stack:
        clients = []
        for n, cookie in enumerate(cookies):
            server = servers[n % len(servers)]
            client = Client(server.socket_url, cookie=cookie, origin=server.url)
            clients.append(await stack.enter_async_context(client))
        await aeventually(lambda: all(client.epoch for client in clients), what="every reset")
        await until_joined(own_redis, people=USERS)
        await asyncio.to_thread(heard, ear)

        await asyncio.to_thread(
            manage, "notify_send", "--everyone", "--title", "To all", REDIS_URL=own_redis.url
        )
        await aeventually(
            lambda: all(client.titles == ["To all"] for client in clients), what="every delivery"
        )

        of_all = await orm(group_of_all)
        assert await asyncio.to_thread(heard, ear) == [of_all]
        assert {tuple(client.applied[1:]) for client in clients} == {((0, 1),)}
    with own_redis.client() as client:
        assert dict(client.pubsub_numsub(of_all)) == {of_all: len(servers)}


async def test_a_notice_to_one_user_is_one_message_to_the_processes_that_have_their_sockets(
    own_redis, ear, servers, ada, bobs_cookie
):
    key, cookie = ada
    here, there = servers
    async with AsyncExitStack() as stack:
        clients = []
        for cookie_, server in ((cookie, here), (cookie, here), (bobs_cookie, there)):
            client = Client(server.socket_url, cookie=cookie_, origin=server.url)
            clients.append(await stack.enter_async_context(client))
        deployment = (await orm(database.facts)).deployment
        group = f"asgi__group__{full_name(deployment, user_group(str(key)))}".encode()
        await until_joined(own_redis, people=2)
        await asyncio.to_thread(heard, ear)

        await asyncio.to_thread(
            manage, "notify_send", "--to", "ada", "--title", "To ada", REDIS_URL=own_redis.url
        )
        await aeventually(lambda: [one.titles for one in clients[:2]] == [["To ada"]] * 2)

        assert await asyncio.to_thread(heard, ear) == [group]
        with own_redis.client() as client:
            assert dict(client.pubsub_numsub(group)) == {group: 1}

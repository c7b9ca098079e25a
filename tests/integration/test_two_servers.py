"""Server processes that share Redis and a database: what is sent anywhere is shown everywhere."""

import asyncio
import json
from contextlib import AsyncExitStack
from urllib.request import Request, urlopen

import pytest
from django.contrib.auth.models import Permission, User

import notify
from notify.models import ApiToken, Notice
from tests.conftest import StartServer
from tests.harness.database import orm
from tests.harness.groups import until_joined
from tests.harness.redis import RedisServer
from tests.harness.server import Server, manage
from tests.harness.waiting import aeventually, deadline
from tests.integration.conftest import client_of, shows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

SWEEP = 2.0
# A notice that is shown within this time came by the layer, and not by a sweep.
BY_THE_LAYER = SWEEP / 2


@pytest.fixture(params=["pubsub", "core"])
def servers(
    request: pytest.FixtureRequest, start_server: StartServer, own_redis: RedisServer
) -> list[Server]:
    return [
        start_server(
            REDIS_URL=own_redis.url,
            REDIS_LAYER=request.param,
            NOTIFY_SWEEP_INTERVAL=str(SWEEP),
        )
        for _ in range(2)
    ]


def send_through(server: Server, user: User, title: str, **to: object) -> int:
    """Sends by the HTTP API of this server; the id of the notice."""
    user.user_permissions.add(Permission.objects.get(codename="send_notice"))
    _, plain = ApiToken.objects.issue(user, "robot", ["send"])
    request = Request(  # noqa: S310  an http URL of ours
        f"{server.url}/api/notify/notices/",
        data=json.dumps({"to": to, "title": title}).encode(),
        headers={"Authorization": f"Bearer {plain}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=deadline(10)) as response:  # noqa: S310
        return int(json.load(response)["id"])


async def test_what_is_sent_through_one_is_shown_on_a_socket_of_the_other(
    servers: list[Server], own_redis: RedisServer, ada: User
) -> None:
    async with (
        await orm(client_of, servers[0], ada) as one,
        await orm(client_of, servers[1], ada) as other,
    ):
        await one.frame("inbox")
        await other.frame("inbox")
        await until_joined(own_redis, people=2)
        # From a process that has no server: a command.
        await asyncio.to_thread(
            manage, "notify_send", "--to", "ada", "--title", "from a command",
            REDIS_URL=own_redis.url,
        )  # fmt: skip
        for client in (one, other):
            await client.until(shows(client, "from a command"))
        # Through one server: a mark is pushed to the other.
        notice_id = one.shown[0]["id"]
        await one.mark("read", notice_id)
        await other.until(lambda: other.unread == 0, BY_THE_LAYER)


async def test_with_redis_stopped_all_is_shown_within_a_sweep_and_no_socket_closes(
    servers: list[Server], own_redis: RedisServer, ada: User, bob: User
) -> None:
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(await orm(client_of, server, user))
            for server in servers
            for user in (ada, bob)
        ]
        for client in clients:
            await client.frame("inbox")
        await until_joined(own_redis, people=len(clients))
        own_redis.kill()
        for n in range(3):
            await orm(notify.send, to=[ada, bob], title=str(n))
        for client in clients:
            # The first sweep may be the one that finds out that the layer is down.
            await client.until(shows(client, "2", "1", "0"), SWEEP + 1)
        # New sockets are accepted meanwhile.
        late = await stack.enter_async_context(await orm(client_of, servers[0], ada))
        await late.until(lambda: late.titles == ["2", "1", "0"])
        await orm(notify.send, to=ada, title="3")
        await clients[0].until(lambda: clients[0].titles[0] == "3", SWEEP + 1)
        # By now the layer is known to be down, so a sweep comes every second.
        await orm(notify.send, to=ada, title="4")
        await clients[0].until(lambda: clients[0].titles[0] == "4", 1.5)

        own_redis.start()

        async def pushed() -> bool:
            notice = await orm(send_through, servers[1], ada, "pushed", users=["ada"])
            try:
                await clients[0].until(lambda: notice in clients[0].rows, 0.4)
            except TimeoutError:
                return False
            return True

        await aeventually(pushed, 15, what="a push by the layer")
        assert all(client.open for client in [*clients, late])


async def test_a_broadcast_reaches_every_socket_of_every_process(
    servers: list[Server], own_redis: RedisServer, ada: User, bob: User
) -> None:
    def make_many() -> None:
        User.objects.bulk_create(User(username=f"user-{n}") for n in range(300))

    await orm(make_many)
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(await orm(client_of, server, user))
            for server in servers
            for user in (ada, bob)
        ]
        for client in clients:
            await client.frame("inbox")
        await until_joined(own_redis, people=len(clients), processes=len(servers))
        await asyncio.to_thread(
            manage, "notify_send", "--everyone", "--title", "to all", REDIS_URL=own_redis.url
        )
        for client in clients:
            await client.until(shows(client, "to all"))


async def test_a_big_audience_is_carried_out_by_the_servers(
    start_server: StartServer, own_redis: RedisServer, ada: User
) -> None:
    server = start_server(
        REDIS_URL=own_redis.url, NOTIFY_SWEEP_INTERVAL="60", NOTIFY_BATCH_SIZE="10"
    )

    def make_many() -> None:
        User.objects.bulk_create(User(username=f"user-{n}", is_staff=True) for n in range(55))

    await orm(make_many)
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        notice_id = await orm(send_through, server, ada, "to everyone", everyone=True)
        await client.until(lambda: client.titles == ["to everyone"])

        def status() -> str:
            return str(Notice.objects.get(pk=notice_id).status)

        async def sent() -> bool:
            return await orm(status) == "sent"

        await aeventually(sent, what="the last batch")

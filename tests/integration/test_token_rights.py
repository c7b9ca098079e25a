"""What the socket of an API token may do: what its scope says, whatever its user may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

import notify
from notify.access.tickets import issue_ticket
from notify.models import ApiToken
from tests.conftest import StartServer
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.redis import RedisServer
from tests.harness.server import Server
from tests.integration.conftest import client_of, shows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(transactional_db: None, make_user: Callable[..., User]) -> User:
    return make_user("root", is_superuser=True)


@pytest.fixture
def token(root: User) -> ApiToken:
    return ApiToken.objects.issue(root, "robot", ["inbox"])[0]


async def by_token(server: Server, token: ApiToken) -> Client:
    ticket = await orm(issue_ticket, str(token.user_id), token_id=token.pk)
    return Client(server.socket_url, ticket=ticket)


def figures_of(client: Client) -> list[dict[str, Any]]:
    told = client.of_type("figures")
    return told[-1]["data"] if told else []


async def test_it_has_its_users_inbox(server: Server, root: User, token: ApiToken) -> None:
    async with await by_token(server, token) as robot:
        await robot.frame("inbox")
        notice = await orm(notify.send, to=root, title="Hello")
        await robot.until(shows(robot, "Hello"))
        await robot.mark("read", notice.pk)
        await robot.until(lambda: robot.unread == 0)


@pytest.mark.parametrize("topic", ["operations", "notice:1", "person:1"])
async def test_it_watches_nothing_of_others_though_its_user_may(
    server: Server, root: User, token: ApiToken, topic: str
) -> None:
    async with await orm(client_of, server, root) as window, await by_token(server, token) as robot:
        for client in (window, robot):
            await client.send(type="watch", topic=topic)
        await window.frame("figures")
        assert (await robot.frame("error"))["code"] == "forbidden"
        await robot.send(type="watch", topic="sockets")
        await robot.until(lambda: len(figures_of(robot)) == 2)
        assert {frame["topic"] for frame in robot.of_type("figures")} == {"sockets"}


async def test_it_closes_no_window_of_its_user(server: Server, root: User, token: ApiToken) -> None:
    async with await orm(client_of, server, root) as window, await by_token(server, token) as robot:
        await window.frame("inbox")
        await robot.send(type="watch", topic="sockets")
        await robot.until(lambda: len(figures_of(robot)) == 2)
        for number, one in enumerate(figures_of(robot)):
            await robot.send(type="close_socket", ref=str(number), id=one["id"])
        await robot.until(lambda: len(robot.of_type("error")) == 2)
        assert {one["code"] for one in robot.of_type("error")} == {"forbidden"}
        assert {one["ref"] for one in robot.of_type("error")} == {"0", "1"}
        await window.send(type="ping", id=1)
        await window.frame("pong")
        assert robot.open


async def test_it_closes_no_window_by_being_one_too_many(
    start_server: StartServer, root: User, token: ApiToken
) -> None:
    server = start_server(NOTIFY_SOCKETS_PER_USER="2")
    async with (
        await orm(client_of, server, root) as window,
        await by_token(server, token) as first,
        await by_token(server, token) as second,
    ):
        assert await first.closed() == 4409
        async with await orm(client_of, server, root) as another:  # a window does
            await another.frame("hello")
            assert await window.closed() == 4409
        await second.send(type="ping", id=1)
        await second.frame("pong")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"scopes": ["send"]}, 4403),
        ({"scopes": []}, 4403),
        ({"revoked": timezone.now()}, 4401),
    ],
    ids=["another scope", "no scope", "revoked"],
)
async def test_it_ends_with_the_scope_as_with_the_token(
    start_server: StartServer,
    redis_layer: RedisServer,
    token: ApiToken,
    change: dict[str, Any],
    code: int,
) -> None:
    server = start_server(REDIS_URL=redis_layer.url, NOTIFY_SWEEP_INTERVAL="60")
    unused = await by_token(server, token)
    async with await by_token(server, token) as robot:
        await robot.frame("inbox")
        await robot.send(type="watch", topic="sockets")
        await robot.frame("figures")

        def apply() -> None:
            for name, value in change.items():
                setattr(token, name, value)
            token.save()

        await orm(apply)
        assert await robot.closed(1) == code
    async with unused:  # a ticket that was issued before
        assert await unused.closed() == 4401


async def test_it_ends_when_the_scope_is_taken_away_and_nobody_says_so(
    start_server: StartServer, token: ApiToken
) -> None:
    server = start_server(NOTIFY_SWEEP_INTERVAL="0.2", NOTIFY_SESSION_CHECK_INTERVAL="0.2")
    async with await by_token(server, token) as robot:
        await robot.frame("inbox")
        await orm(ApiToken.objects.update, scopes=["inbox", "send"])
        await robot.send(type="ping", id=1)
        await robot.frame("pong")
        await orm(ApiToken.objects.update, scopes=["send"])
        assert await robot.closed() == 4403

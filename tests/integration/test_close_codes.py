"""Every close code that the server uses, seen by a plain client, with its `bye` before it."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from django.test import RequestFactory
from django.utils import timezone
from websockets.exceptions import InvalidStatus

import notify
from notify.access.tickets import issue_ticket
from notify.models import ApiToken
from notify.sql import database
from tests.conftest import StartServer
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.redis import RedisServer
from tests.harness.server import PYTHON, SERVE, Server
from tests.harness.sessions import new_session
from tests.harness.waiting import aeventually, deadline
from tests.integration.conftest import client_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

SECOND = 1.0  # within which the contract has a session's end close its sockets


async def closes_with(code: int, client: Client, seconds: float = 10) -> dict[str, Any]:
    """The `bye`, which must be the last frame."""
    assert await client.closed(seconds) == code
    bye = client.frames[-1]
    assert (bye["type"], bye["code"]) == ("bye", code)
    assert set(bye) == {"type", "code", "reason", "retry_after"}
    return bye


MALFORMED: dict[str, str | bytes] = {
    "text": "no JSON",
    "NaN": '{"type":"ping","id":NaN}',
    "list": "[]",
    "no type": "{}",
    "binary": b"binary",
    "too long": '{"type":"ping","id":1,"x":"' + "x" * 16 * 1024 + '"}',
    "too deep": '{"type":"ping","id":1,"x":' + "[" * 17 + "]" * 17 + "}",
    "brackets": "[" * 15_000,
}


async def test_4400_malformed(server: Server, ada: User, subtests: pytest.Subtests) -> None:
    for name, message in MALFORMED.items():
        with subtests.test(name):
            async with await orm(client_of, server, ada) as client:
                await client.frame("hello")
                await client.send_raw(message)
                await closes_with(4400, client)


async def test_4400_after_three_errors_within_ten_seconds(server: Server, ada: User) -> None:
    async with await orm(client_of, server, ada) as client:
        for _ in range(5):
            await client.send(type="dance")
        for _ in range(3):
            await client.send(type="ping")
        await closes_with(4400, client)
        codes = [one["code"] for one in client.of_type("error")]
        assert codes == ["unknown_type"] * 5 + ["invalid"] * 3


async def test_4401_when_not_signed_in_and_nothing_else_is_sent(server: Server) -> None:
    for cookie in (None, f"{django_settings.SESSION_COOKIE_NAME}=nonsense"):
        async with Client(server.socket_url, origin=server.url, cookie=cookie) as client:
            await closes_with(4401, client)
            assert len(client.frames) == 1


async def test_4401_for_the_deactivated(server: Server, make_user: Callable[..., User]) -> None:
    gone = await orm(make_user, "gone", is_active=False)
    async with await orm(client_of, server, gone) as client:
        await closes_with(4401, client)


@pytest.fixture
def server_with_redis(start_server: StartServer, redis_layer: RedisServer) -> Server:
    return start_server(REDIS_URL=redis_layer.url, NOTIFY_SWEEP_INTERVAL="60")


async def open_on(server: Server, user: User) -> Client:
    client = await orm(client_of, server, user)
    await client.connect()
    await client.frame("inbox")
    await client.send(type="watch", topic="sockets")
    await client.frame("figures")
    return client


async def test_4401_within_a_second_of_signing_out(server_with_redis: Server, ada: User) -> None:
    browser = Browser()
    await orm(browser.force_login, ada)
    key = browser.cookies[django_settings.SESSION_COOKIE_NAME].value
    mine = Client(
        server_with_redis.socket_url,
        origin=server_with_redis.url,
        cookie=f"{django_settings.SESSION_COOKIE_NAME}={key}",
    )
    await mine.connect()
    await mine.frame("inbox")
    on_the_phone = await open_on(server_with_redis, ada)
    await orm(browser.post, "/accounts/logout/")
    await closes_with(4401, mine, SECOND)
    assert on_the_phone.open
    await on_the_phone.close()
    # The cookie is of no use any more.
    await mine.connect()
    await closes_with(4401, mine)


async def test_4401_within_a_second_of_a_new_password(server_with_redis: Server, ada: User) -> None:
    client = await open_on(server_with_redis, ada)

    def change() -> None:
        ada.set_password("another one")
        ada.save()

    await orm(change)
    await closes_with(4401, client, SECOND)


async def test_4401_within_a_second_of_being_deleted(server_with_redis: Server, ada: User) -> None:
    client = await open_on(server_with_redis, ada)
    await orm(ada.delete)
    await closes_with(4401, client, SECOND)


async def test_4403_within_a_second_of_being_deactivated(
    server_with_redis: Server, ada: User
) -> None:
    client = await open_on(server_with_redis, ada)
    ada.is_active = False
    await orm(ada.save)
    await closes_with(4403, client, SECOND)


async def test_4401_when_the_session_is_removed_behind_our_back(
    start_server: StartServer, ada: User
) -> None:
    server = start_server(NOTIFY_SWEEP_INTERVAL="0.2", NOTIFY_SESSION_CHECK_INTERVAL="0.2")
    client = await open_on(server, ada)
    await orm(Session.objects.all().delete)
    await closes_with(4401, client)


async def test_4401_when_the_session_ended_while_no_hint_could_reach_us(
    start_server: StartServer, own_redis: RedisServer, ada: User
) -> None:
    """Long before all sessions are judged again."""
    server = start_server(REDIS_URL=own_redis.url, NOTIFY_SWEEP_INTERVAL="0.5")
    own_redis.kill()
    client = await orm(client_of, server, ada)
    await client.connect()
    await client.frame("inbox")
    await orm(Session.objects.all().delete)  # and who says so is not heard
    own_redis.start()
    await closes_with(4401, client, 15)


async def test_4401_within_a_second_of_a_known_expiry(server: Server, ada: User) -> None:
    session = await orm(new_session, ada)
    row = await orm(Session.objects.get, session_key=session.session_key)
    life = deadline(2)
    row.expire_date = timezone.now() + timedelta(seconds=life)
    await orm(row.save)
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={session.session_key}"
    async with Client(server.socket_url, origin=server.url, cookie=cookie) as client:
        await client.frame("inbox")
        await closes_with(4401, client, life + SECOND)
        assert timezone.now() >= row.expire_date


async def test_4401_within_a_second_after_the_sign_out_of_a_cookie_session_and_for_good(
    server_with_redis: Server, ada: User
) -> None:
    """The key is of no use after it, though nothing removed the session itself."""
    session = await orm(new_session, ada)
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={session.session_key}"
    client = Client(server_with_redis.socket_url, origin=server_with_redis.url, cookie=cookie)
    await client.connect()
    await client.frame("inbox")
    await client.send(type="watch", topic="sockets")
    await client.frame("figures")
    request = RequestFactory().post("/")
    request.session = session
    await orm(user_logged_out.send, sender=User, request=request, user=ada)
    await closes_with(4401, client, SECOND)
    await client.connect()
    await closes_with(4401, client)


async def test_4409_closes_the_oldest_of_too_many(start_server: StartServer, ada: User) -> None:
    server = start_server(NOTIFY_SOCKETS_PER_USER="2")
    clients = [await open_on(server, ada) for _ in range(3)]
    await closes_with(4409, clients[0])
    for client in clients[1:]:
        assert client.open
        await client.close()


async def test_4500_when_the_server_side_fails(start_server: StartServer, ada: User) -> None:
    command = (PYTHON, "-m", "daphne", "-b", "127.0.0.1", "-p", "{port}")
    server = start_server(command=(*command, "tests.integration.failing_asgi:application"))
    for way in ("raise", "cancel", "stop"):
        async with await orm(client_of, server, ada) as client:
            await client.frame("hello")
            await client.send(type="ping", id=1, way=way)
            await closes_with(4500, client, SECOND)


async def test_4503_while_the_database_is_away(
    start_server: StartServer, ada: User, tmp_path: Path
) -> None:
    server = start_server(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    async with await orm(client_of, server, ada) as client:
        bye = await closes_with(4503, client)
        assert 1 <= bye["retry_after"] <= 10


async def test_4504_when_a_ping_is_not_answered(start_server: StartServer, ada: User) -> None:
    server = start_server(NOTIFY_PING_INTERVAL="0.2", NOTIFY_PING_TIMEOUT="1")
    async with await orm(client_of, server, ada) as answering:
        async with await orm(client_of, server, ada, answer_pings=False) as silent:
            await closes_with(4504, silent)
        assert answering.open


async def test_4507_when_the_process_is_full(start_server: StartServer, ada: User) -> None:
    server = start_server(NOTIFY_SOCKETS_PER_PROCESS="1")
    async with await orm(client_of, server, ada) as first:
        await first.frame("hello")
        async with await orm(client_of, server, ada) as second:
            await closes_with(4507, second)
        assert first.open
    async with await orm(client_of, server, ada) as third:
        await third.frame("hello")


async def test_4507_for_those_that_come_at_once_too(start_server: StartServer, ada: User) -> None:
    server = start_server(NOTIFY_SOCKETS_PER_PROCESS="3")
    clients = [await orm(client_of, server, ada) for _ in range(10)]
    await asyncio.gather(*(client.connect() for client in clients))
    ended = [asyncio.create_task(client.closed()) for client in clients]
    await aeventually(lambda: sum(one.done() for one in ended) == 7)
    assert {one.result() for one in ended if one.done()} == {4507}
    for client in clients:
        await client.close()
    await asyncio.wait(ended)


@pytest.mark.parametrize("behind_proxy", [False, True])
async def test_4507_when_an_address_has_too_many(
    start_server: StartServer, ada: User, behind_proxy: bool
) -> None:
    # Who forwarded it counts only where the server is told that a proxy is in front.
    command = (*SERVE, "--proxy-headers") if behind_proxy else SERVE
    server = start_server(command=command, NOTIFY_SOCKETS_PER_ADDRESS="1")
    from_one, from_other = ({"X-Forwarded-For": f"192.0.2.{n}"} for n in (1, 2))
    async with await orm(client_of, server, ada, headers=from_one) as first:
        await first.frame("hello")
        async with await orm(client_of, server, ada, headers=from_other) as other:
            if behind_proxy:
                await other.frame("hello")
            else:
                await closes_with(4507, other)
        async with await orm(client_of, server, ada, headers=from_one) as second:
            await closes_with(4507, second)


async def test_4508_for_a_slow_reader_and_nothing_is_lost(
    start_server: StartServer, ada: User
) -> None:
    server = start_server(NOTIFY_PING_TIMEOUT="1", NOTIFY_SWEEP_INTERVAL="0.2")

    def send_much() -> None:
        for n in range(100):
            notify.send(to=ada, title=str(n), body="x" * 4000, data={"x": "y" * 4000})

    client = await orm(client_of, server, ada, answer_pings=False)
    async with client:
        await client.frame("inbox")
        await orm(send_much)
        await closes_with(4508, client)
    assert 0 < client.version < 100
    client.answer_pings = True
    async with client:
        await client.until(lambda: client.version == 100)
        assert client.titles == [str(n) for n in range(99, -1, -1)]


async def test_4529_when_being_limited_is_ignored(start_server: StartServer, ada: User) -> None:
    server = start_server(NOTIFY_FRAMES_PER_SECOND="0.1")  # none is allowed again meanwhile
    async with await orm(client_of, server, ada) as client:
        await client.frame("hello")
        for n in range(300):
            await client.send(type="ping", id=n)
        await closes_with(4529, client)
        [error] = client.of_type("error")
        assert error["code"] == "rate_limited"
        assert error["retry_after"] > 0
        assert len(client.of_type("pong")) >= 60


async def test_4601_at_the_maximum_age(start_server: StartServer, ada: User) -> None:
    server = start_server(NOTIFY_MAX_SOCKET_AGE="0.5")
    async with await orm(client_of, server, ada) as client:
        await closes_with(4601, client)


# Tickets


async def test_a_ticket_opens_one_socket_whatever_the_origin(server: Server, ada: User) -> None:
    ticket = await orm(issue_ticket, str(ada.pk))
    async with Client(server.socket_url, ticket=ticket, origin="http://evil.example") as client:
        await client.frame("hello")
    async with Client(server.socket_url, ticket=ticket) as client:
        await closes_with(4401, client)
    in_query = await orm(issue_ticket, str(ada.pk))
    async with Client(server.socket_url, ticket=in_query, ticket_in_query=True) as client:
        await client.frame("hello")


async def test_a_ticket_that_is_tampered_with_or_too_old_opens_none(
    server: Server, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await orm(issue_ticket, str(ada.pk))
    past = await orm(database.now) - timedelta(minutes=2)
    monkeypatch.setattr(database, "now", lambda: past)
    old = await orm(issue_ticket, str(ada.pk))
    monkeypatch.undo()
    for bad in (ticket[:-1] + ("A" if ticket[-1] != "A" else "B"), old, secrets.token_hex(8)):
        async with Client(server.socket_url, ticket=bad) as client:
            await closes_with(4401, client)


async def test_revoking_a_token_ends_the_sockets_of_its_tickets(
    server_with_redis: Server, ada: User
) -> None:
    token, _ = await orm(ApiToken.objects.issue, ada, "robot", ["inbox"])
    ticket = await orm(issue_ticket, str(ada.pk), token_id=token.pk)
    async with Client(server_with_redis.socket_url, ticket=ticket) as client:
        await client.frame("inbox")
        await client.send(type="watch", topic="sockets")
        await client.frame("figures")
        token.revoked = token.created
        await orm(token.save)
        await closes_with(4401, client, SECOND)


async def test_a_ticket_ends_with_the_session_that_it_was_made_in(
    server: Server, ada: User
) -> None:
    session = await orm(new_session, ada)
    ticket = await orm(issue_ticket, str(ada.pk), session_key=session.session_key)
    await orm(Session.objects.all().delete)
    async with Client(server.socket_url, ticket=ticket) as client:
        await closes_with(4401, client)


async def test_no_socket_elsewhere(server: Server) -> None:
    with pytest.raises(InvalidStatus):
        await Client(server.socket_url.replace("/ws/notify/", "/ws/other/")).connect()

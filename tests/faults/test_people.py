"""Sessions that end while Redis is dead: within a minute, their sockets end."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from django.utils import timezone

from notify.access.tickets import issue_ticket
from notify.models import ApiToken
from tests.faults.world import World, contract
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.process import refusing_port
from tests.harness.server import Server

pytestmark = pytest.mark.django_db(transaction=True)

CODES = {
    "signed out": 4401,
    "a new password": 4401,
    "deactivated": 4403,
    "deleted": 4401,
    "the row deleted behind Django's back": 4401,
    "expired": 4401,
    "the token revoked": 4401,
}


@pytest.fixture
def redis_url() -> Iterator[str]:
    """Nobody is there."""
    with refusing_port() as port:
        yield f"redis://127.0.0.1:{port}/0"


def signed_in(user: User) -> tuple[Browser, str]:
    browser = Browser()
    browser.force_login(user)
    return browser, browser.cookies[django_settings.SESSION_COOKIE_NAME].value


@pytest.mark.fault(23, "Sessions that end in seven ways, with Redis dead")
async def test_with_redis_dead_every_socket_of_an_ended_session_closes_within_a_minute(
    world: World,
) -> None:
    await world.people(2 * len(CODES))
    await world.serve(2)
    users = await orm(User.objects.in_bulk, world.users)
    clients: dict[str, list[Client]] = {}
    browsers: dict[str, Browser] = {}
    keys: dict[str, str] = {}
    token = None
    for way, pk in zip(CODES, world.users, strict=False):
        browser, key = await orm(signed_in, users[pk])
        browsers[way], keys[way] = browser, key
        options = {"cookie": f"{django_settings.SESSION_COOKIE_NAME}={key}"}
        clients[way] = []
        for server in world.servers:
            if way == "the token revoked":
                token = (
                    token or (await orm(ApiToken.objects.issue, users[pk], "robot", ["inbox"]))[0]
                )
                options = {"ticket": await orm(issue_ticket, str(pk), token_id=token.pk)}
            clients[way].append(await opened(server, **options))
    staying = await world.follow(len(CODES), users=world.users[len(CODES) :])
    by_way = dict(zip(CODES, (users[pk] for pk in world.users), strict=False))

    def end_all() -> None:
        browsers["signed out"].post("/accounts/logout/")
        changed = by_way["a new password"]
        changed.set_password("another one")
        changed.save()
        by_way["deactivated"].is_active = False
        by_way["deactivated"].save()
        by_way["deleted"].delete()
        Session.objects.filter(pk=keys["the row deleted behind Django's back"]).delete()
        Session.objects.filter(pk=keys["expired"]).update(
            expire_date=timezone.now() + timedelta(seconds=1)
        )
        token.revoked = timezone.now()
        token.save()

    await orm(end_all)
    began = time.monotonic()
    found = {
        way: {await client.closed(60 - (time.monotonic() - began)) for client in several}
        for way, several in clients.items()
    }
    took = time.monotonic() - began
    assert found == {way: {code} for way, code in CODES.items()}
    assert all(one.open for one in staying)
    world.outcome.clients = 3 * len(CODES)
    world.outcome.note = f"all within {took:.0f} s"
    assert took < contract(60)
    await world.judge_servers()


async def opened(server: Server, **options: Any) -> Client:
    client = Client(server.socket_url, origin=server.url, **options)
    await client.connect()
    await client.frame("inbox")
    return client

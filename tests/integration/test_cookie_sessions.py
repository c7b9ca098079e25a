"""A session whose cookie is its content has another cookie after each page."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from django.contrib.auth.models import User

from tests.conftest import PASSWORD, StartServer
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.redis import RedisServer
from tests.harness.server import Server
from tests.harness.waiting import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

SECOND = 1.0  # within which a sign-out closes its sockets


@pytest.fixture
def browsers(server: Server) -> Iterator[list[Browser]]:
    """Two, which share no cookie."""
    with httpx.Client(base_url=server.url) as one, httpx.Client(base_url=server.url) as other:
        yield [Browser(server, one), Browser(server, other)]


@pytest.fixture
def server(start_server: StartServer, redis_layer: RedisServer) -> Server:
    return start_server(
        DJANGO_SETTINGS_MODULE="tests.integration.cookie_sessions",
        REDIS_URL=redis_layer.url,
        NOTIFY_SWEEP_INTERVAL="60",
        NOTIFY_WELCOME="off",
        NOTIFY_NEW_DEVICE="off",
    )


class Browser:
    """Signs in and out by the pages of a server."""

    def __init__(self, server: Server, http: httpx.Client) -> None:
        self._server = server
        self._http = http

    def _post(self, path: str, **fields: str) -> httpx.Response:
        fields["csrfmiddlewaretoken"] = self._http.cookies["csrftoken"]
        return self._http.post(path, data=fields)

    def sign_in(self, user: User) -> None:
        self._http.get("/accounts/login/")
        answer = self._post("/accounts/login/", username=user.username, password=PASSWORD)
        assert answer.status_code == 302

    def visit(self) -> None:
        """Until the cookie is another: its signature has the time in whole seconds."""
        before = self._http.cookies["sessionid"]

        def cookie_is_new() -> bool:
            assert self._http.get("/notify/").status_code == 200
            return self._http.cookies["sessionid"] != before

        eventually(cookie_is_new, what="another cookie")

    def sign_out(self) -> None:
        assert self._post("/accounts/logout/").status_code == 302

    def ticket(self) -> str:
        headers = {"X-CSRFToken": self._http.cookies["csrftoken"]}
        answer = self._http.post("/api/notify/ticket/", headers=headers)
        return str(answer.json()["ticket"])

    def socket(self) -> Client:
        """With the cookie that the browser has now."""
        cookie = f"sessionid={self._http.cookies['sessionid']}"
        return Client(self._server.socket_url, origin=self._server.url, cookie=cookie)


async def open_by(client: Client) -> None:
    """Returns once the server hears what concerns the client's user."""
    await client.connect()
    await client.frame("inbox")
    await client.send(type="watch", topic="sockets")
    await client.frame("figures")


async def test_signing_out_closes_the_sockets_of_all_its_cookies_and_opens_none(
    server: Server, browsers: list[Browser], ada: User
) -> None:
    browser, phone = browsers
    await orm(browser.sign_in, ada)
    await orm(phone.sign_in, ada)
    first, on_the_phone = browser.socket(), phone.socket()
    ticket = await orm(browser.ticket)
    by_ticket = Client(server.socket_url, ticket=await orm(browser.ticket))
    await orm(browser.visit)
    second = browser.socket()
    assert first.cookie != second.cookie
    for client in (first, by_ticket, second, on_the_phone):
        await open_by(client)

    await orm(browser.sign_out)

    for client in (first, by_ticket, second):
        assert await client.closed(SECOND) == 4401
    for client in (first, second, Client(server.socket_url, ticket=ticket)):
        async with client:
            assert await client.closed() == 4401
            assert [frame["type"] for frame in client.frames] == ["bye"]
    assert on_the_phone.open
    await on_the_phone.close()


async def test_who_signs_in_after_somebody_closes_the_sockets_of_that_one(
    browsers: list[Browser], ada: User, bob: User
) -> None:
    browser = browsers[0]
    await orm(browser.sign_in, ada)
    of_ada = browser.socket()
    await open_by(of_ada)
    await orm(browser.visit)

    await orm(browser.sign_in, bob)

    assert await of_ada.closed(SECOND) == 4401
    async with of_ada:
        assert await of_ada.closed() == 4401
    async with browser.socket() as of_bob:
        await of_bob.frame("hello")

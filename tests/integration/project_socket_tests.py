"""What a project's own tests of its sockets look like; test_project_socket_tests.py runs them by
`manage.py test`."""

from __future__ import annotations

from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import TransactionTestCase

import notify
from config.asgi import application
from notify.live.hub import hubs
from tests.harness.sessions import session_cookie


class SocketTest(TransactionTestCase):
    def setUp(self) -> None:
        self.ada = User.objects.create_user("ada")
        self.cookie = session_cookie(self.ada)

    def tearDown(self) -> None:
        assert hubs() == []

    async def connect(self) -> WebsocketCommunicator:
        headers = [
            (b"cookie", self.cookie.encode()),
            (b"origin", b"http://localhost"),
            (b"host", b"localhost"),
        ]
        socket = WebsocketCommunicator(application, "/ws/notify/", headers=headers)
        connected, _ = await socket.connect(timeout=30)
        assert connected
        hello = await socket.receive_json_from(timeout=30)
        assert hello["type"] == "hello"
        return socket

    async def test_hello(self) -> None:
        socket = await self.connect()
        await socket.disconnect()

    async def test_a_notice_arrives(self) -> None:
        socket = await self.connect()
        await notify.asend(to=self.ada, title="Hello")
        await socket.receive_json_from(timeout=30)
        await socket.disconnect()

    async def test_a_socket_that_is_left_open(self) -> None:
        await self.connect()

"""A rolling deployment: the old process lacks a kind that the new one has."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

import notify
from tests.conftest import StartServer
from tests.harness.database import orm
from tests.integration.conftest import client_of

SWEEP = {"NOTIFY_SWEEP_INTERVAL": "0.2"}
AS_SENT = "Order A-7 is on its way"
GERMAN = "Bestellung \u2068A-7\u2069 ist unterwegs"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("silent")
async def test_a_row_of_the_old_process_is_asked_for_again_after_the_next_hello(
    start_server: StartServer, ada: User, demo_kinds: Any
) -> None:
    old, new = start_server(**SWEEP), start_server(**SWEEP, DEBUG="on", DEMO="on")
    async with await orm(client_of, old, ada, query={"language": "de"}) as client:
        await client.frame("inbox")
        await orm(notify.send, demo_kinds.OrderShipped(number="A-7", parcels=2), to=ada)
        await client.until(lambda: client.titles == [AS_SENT])
        assert client.shown[0]["fallback"] is True

        await client.cut()
        client.url, client.origin = new.socket_url, new.url
        await client.connect()
        await client.frame("hello")
        resets = client.resets
        await client.send(type="sync", epoch="none", since=0)
        await client.until(lambda: client.resets > resets)
        assert client.titles == [GERMAN]
        assert "fallback" not in client.shown[0]
        assert (client.unseen, client.unread, client.badge) == (1, 1, 1)

"""The server ends the connection of a coroutine, or of a loop, that lives for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError, connection, connections

import notify
from notify import sending
from tests.harness.postgres import Postgres
from tests.unit.inbox.helpers import counts, deliver, key

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

AWAY = (DatabaseError, InterfaceError)


@pytest.fixture(autouse=True)
def _with_another_connection_afterwards(transactional_db: None) -> Iterator[None]:
    yield
    connection.close()


def drop(postgres_server: Postgres) -> None:
    assert postgres_server.terminate_backends(connection.settings_dict["NAME"])


async def test_a_coroutine_that_sends_goes_on_after_one_failure(
    ada: User, postgres_server: Postgres
) -> None:
    await sync_to_async(connections.close_all)()  # what other tests have left in that thread
    notice = await notify.asend(to=ada.pk, title="one")
    for again in (
        lambda: notify.asend(to=ada.pk, title="again"),
        lambda: notify.asend(to=ada.pk, title="with a key", key="k"),
        lambda: notify.arecall(notice),
    ):
        await sync_to_async(drop)(postgres_server)
        try:
            await again()
        except AWAY:
            await again()
    assert await sync_to_async(counts)(ada) == (2, 2)
    await sync_to_async(connections.close_all)()


@pytest.mark.parametrize(
    "call",
    [
        lambda ada, notice: notify.send(to=ada, title="again"),
        lambda ada, notice: notify.send(to=[ada.pk], title="again", key="k"),
        lambda ada, notice: notify.recall(notice),
        lambda ada, notice: sending.mark(key(ada), "read", ids=[notice.pk]),
        lambda ada, notice: sending.pause(notice),
        lambda ada, notice: sending.carry_out_next(),
    ],
)
def test_so_does_a_loop(
    ada: User, postgres_server: Postgres, call: Callable[[User, Any], Any]
) -> None:
    notice = deliver(ada)
    connection.ensure_connection()
    drop(postgres_server)
    with pytest.raises(AWAY):
        call(ada, notice)
    call(ada, notice)
    assert not connection.errors_occurred

"""With Redis gone the log says so, once."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from django.contrib.auth.models import User

from tests.conftest import StartServer
from tests.harness.database import orm
from tests.harness.redis import RedisServer
from tests.harness.server import SERVE
from tests.harness.waiting import aeventually
from tests.integration.conftest import client_of
from tests.integration.test_two_servers import send_through

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

AWAY_S = 7.0  # longer than the layer is left alone after a failure
BETWEEN_S = 0.1  # notices; a caller of the API may send ten a second


@pytest.mark.parametrize("layer", ["pubsub", "core"])
async def test_the_log_has_a_line_for_the_outage_and_none_for_each_message(
    layer: str, start_server: StartServer, own_redis: RedisServer, ada: User
) -> None:
    server = start_server(
        command=SERVE,
        REDIS_URL=own_redis.url,
        REDIS_LAYER=layer,
        NOTIFY_SWEEP_INTERVAL="0.5",
    )
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        before = len(server.log)
        own_redis.kill()
        end = time.monotonic() + AWAY_S
        sent = 0
        while time.monotonic() < end:
            notice = await orm(send_through, server, ada, f"n{sent}", users=["ada"])
            await client.until(lambda wanted=notice: wanted in client.rows)
            sent += 1
            await asyncio.sleep(BETWEEN_S)
        own_redis.start()
        await aeventually(lambda: "The channel layer is back." in server.log, 20)
        during = server.log[before:]

    assert sent >= 5
    assert "Traceback" not in during
    complaints = [
        line
        for line in re.findall(r"(?:WARNING|ERROR|CRITICAL) .*", during)
        if "The event loop is late" not in line  # of a busy machine
    ]
    assert len(complaints) <= 3, complaints
    assert any("The channel layer is down" in line for line in complaints)

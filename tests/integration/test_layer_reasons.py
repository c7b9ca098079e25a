"""Why Redis does not serve us is told once, in the line that says that the layer is down."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from notify.bus.listener import Listener
from tests.harness.certificate import Certificate
from tests.harness.process import refusing_port
from tests.harness.redis import RedisServer
from tests.harness.waiting import aeventually

pytestmark = pytest.mark.one_database

PUBSUB = "notify.bus.layers.RedisPubSubChannelLayer"
CORE = "channels_redis.core.RedisChannelLayer"


ReasonTold = Callable[[str, Any], Awaitable[str]]


@pytest.fixture
def reason_told(settings: Any, caplog: pytest.LogCaptureFixture) -> ReasonTold:
    """`await reason_told(backend, host)`: the only line of a process with this layer."""

    async def look(backend: str, host: Any) -> str:
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": {"hosts": [host]}}}
        layer = Listener(lambda hint: None, lambda group: None, lambda: None)
        with caplog.at_level(logging.WARNING, logger="notify"):
            layer.start()
            for _ in range(3):
                layer.probe()
                await aeventually(lambda: layer.is_down)
            await layer.stop()
        [line] = [one.getMessage() for one in caplog.records if one.name.startswith("notify")]
        assert "The channel layer is down (" in line
        return line

    return look


@pytest.mark.parametrize("backend", [PUBSUB, CORE])
@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("CONFIG SET requirepass secret", "AuthenticationError"),
        ("CONFIG SET maxclients 1", "max number of clients reached"),
    ],
)
async def test_a_refusal_of_redis(
    reason_told: ReasonTold, own_redis: RedisServer, backend: str, command: str, told: str
) -> None:
    with own_redis.client() as client:
        client.execute_command(*command.split())
        assert told in await reason_told(backend, own_redis.url)


@pytest.mark.parametrize("backend", [PUBSUB, CORE])
async def test_a_wrong_password_which_is_not_told(
    reason_told: ReasonTold, own_redis: RedisServer, backend: str
) -> None:
    with own_redis.client() as client:
        client.config_set("requirepass", "secret")
    url = own_redis.url.replace("//", "//:mistaken@")
    line = await reason_told(backend, url)
    assert "invalid username-password pair" in line
    assert "mistaken" not in line


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        (["CONFIG SET maxmemory 1"], "OutOfMemoryError"),
        (["REPLICAOF 127.0.0.1 1"], "read only replica"),
    ],
)
async def test_a_redis_that_may_not_be_written(
    reason_told: ReasonTold,
    own_redis: RedisServer,
    commands: list[str],
    told: str,
) -> None:
    """Only the core layer writes."""
    with own_redis.client() as client:
        for command in commands:
            client.execute_command(*command.split())
    assert told in await reason_told(CORE, own_redis.url)


@pytest.mark.parametrize("backend", [PUBSUB, CORE])
async def test_a_redis_that_is_not_there(reason_told: ReasonTold, backend: str) -> None:
    with refusing_port() as port:
        line = await reason_told(backend, f"redis://127.0.0.1:{port}")
    assert f"connecting to 127.0.0.1:{port}" in line


@pytest.mark.parametrize("backend", [PUBSUB, CORE])
async def test_a_name_that_nobody_knows(reason_told: ReasonTold, backend: str) -> None:
    line = await reason_told(backend, "redis://nobody.invalid:6379")
    assert "connecting to nobody.invalid:6379" in line


@pytest.mark.parametrize("backend", [PUBSUB, CORE])
async def test_tls_with_a_redis_that_speaks_none(
    reason_told: ReasonTold, own_redis: RedisServer, backend: str
) -> None:
    url = own_redis.url.replace("redis://", "rediss://")
    line = await reason_told(backend, url)
    assert "no answer in time" in line  # it waits for the end of a command


@pytest.mark.parametrize("backend", [PUBSUB, CORE])
async def test_a_url_that_cannot_be_read_is_not_told(reason_told: ReasonTold, backend: str) -> None:
    line = await reason_told(backend, "redis://:sec/ret@127.0.0.1")
    assert "CHANNEL_LAYERS" in line
    assert "sec" not in line


@pytest.mark.parametrize("backend", [PUBSUB, CORE])
async def test_a_certificate_that_is_not_trusted(
    reason_told: ReasonTold, tmp_path: Path, backend: str
) -> None:
    certificate = Certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.path, certificate.key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert "certificate" in await reason_told(backend, f"rediss://127.0.0.1:{port}")

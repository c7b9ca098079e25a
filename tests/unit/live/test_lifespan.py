from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler

from notify.asgi import NotifyApplication
from notify.live.hub import hubs

pytestmark = pytest.mark.django_db(transaction=True)  # for the hub

STARTUP, SHUTDOWN = ("lifespan.startup", "lifespan.shutdown")


class Server:
    """The server's side: starts the application, and shuts it down."""

    def __init__(self, application: Any) -> None:
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.task = asyncio.create_task(
            NotifyApplication(application)(
                {"type": "lifespan", "state": {}}, self._incoming.get, self.answers.put
            )
        )

    async def send(self, type_: str) -> dict[str, Any]:
        """Sends the event, and returns the answer."""
        self._incoming.put_nowait({"type": type_})
        return await asyncio.wait_for(self.answers.get(), 30)

    async def life(self) -> list[str]:
        """Returns both answers. Checks that there is a hub in between."""
        answers = [(await self.send(STARTUP))["type"]]
        assert len(hubs()) == 1
        answers.append((await self.send(SHUTDOWN))["type"])
        await asyncio.wait_for(self.task, 30)
        assert hubs() == []
        return answers


WHOLE = [f"{STARTUP}.complete", f"{SHUTDOWN}.complete"]


async def test_the_wrapped_application_gets_both_events():
    heard = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["type"])
        scope["state"]["pool"] = "open"
        for _ in range(2):
            message = await receive()
            heard.append(message["type"])
            await send({"type": f"{message['type']}.complete"})

    assert await Server(application).life() == WHOLE
    assert heard == ["lifespan", STARTUP, SHUTDOWN]


async def raises_when_it_has_heard(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    raise ValueError(scope["type"])


async def returns(scope: Any, receive: Any, send: Any) -> None:
    return None


async def starts_only(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": f"{STARTUP}.complete"})


@pytest.mark.parametrize(
    "application", [ASGIHandler(), raises_when_it_has_heard, returns, starts_only]
)
async def test_an_application_without_lifespan_works_as_usual(application):
    assert await Server(application).life() == WHOLE


async def test_a_failed_startup_is_passed_on_to_the_server():
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": f"{STARTUP}.failed", "message": "no pool"})

    server = Server(application)
    assert await server.send(STARTUP) == {"type": f"{STARTUP}.failed", "message": "no pool"}
    await asyncio.wait_for(server.task, 30)
    [hub] = hubs()
    await hub.stop()


async def test_a_failure_after_the_answer_is_raised():
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await starts_only(scope, receive, send)
        raise RuntimeError("later")

    server = Server(application)
    await server.send(STARTUP)
    with pytest.raises(RuntimeError, match="later"):
        await asyncio.wait_for(server.task, 30)
    [hub] = hubs()
    await hub.stop()

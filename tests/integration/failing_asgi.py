"""Our application, with a consumer and views that fail in the way that a client asks for."""

import asyncio
import json
import sys
from typing import Any

from channels.exceptions import StopConsumer
from channels.routing import URLRouter
from django.urls import path

from config.asgi import application as real
from notify.live.consumer import NotificationConsumer


class FailingConsumer(NotificationConsumer):
    async def websocket_receive(self, message: dict[str, Any]) -> None:
        way = json.loads(message["text"]).get("way")
        if way is None:
            await super().websocket_receive(message)
        elif way == "raise":
            raise RuntimeError("on purpose")
        elif way == "cancel":
            raise asyncio.CancelledError
        else:
            raise StopConsumer


sockets = URLRouter([path("ws/notify/", FailingConsumer.as_asgi())])


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
    elif scope.get("path") == "/slow/":
        print("slow begins", file=sys.stderr, flush=True)  # noqa: T201
        await asyncio.sleep(2)
        await respond(send, b"slow ends")
    elif scope.get("path") == "/fails-at-once/":
        raise RuntimeError("on purpose")
    elif scope.get("path") == "/fails-half-way/":
        await begin(send)
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("on purpose")
    else:
        await real(scope, receive, send)


async def begin(send: Any) -> None:
    headers = [(b"content-length", b"9")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def respond(send: Any, body: bytes) -> None:
    await begin(send)
    await send({"type": "http.response.body", "body": body})

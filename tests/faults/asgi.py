"""Our application, and beside it what a fault test must see inside the process, or do in it."""

import asyncio
import json
import uuid
from collections import Counter
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.routing import URLRouter
from django.urls import path

from config.asgi import application as real
from notify import send as send_notice
from notify.bus.publisher import publisher
from notify.live.consumer import NotificationConsumer
from notify.live.hub import current_hub

closes: Counter[int] = Counter()  # by the code that the application closed with


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await real(scope, receive, _counting(send))
    elif scope.get("path") == "/faults/figures/":
        await _respond(send, figures())
    elif scope.get("path") == "/faults/slow/":  # as a view of a project may be
        seconds = float(parse_qs(scope["query_string"].decode())["seconds"][0])
        await asyncio.sleep(seconds)
        await _respond(send, {})
    elif scope.get("path") == "/faults/five-sends/":
        user = int(parse_qs(scope["query_string"].decode())["user"][0])
        await database_sync_to_async(_send_five, thread_sensitive=False)(user)
        await _respond(send, {})
    else:
        await real(scope, receive, send)


def figures() -> dict[str, Any]:
    """What must be back where it was when the sockets are gone."""
    hub = current_hub()
    layer = hub.layer
    return {
        "tasks": len(asyncio.all_tasks()),
        "sockets": len(hub.sockets.all()),
        "users": len(hub.sockets.users),
        "groups": len(layer._membership._wanted),
        "joined": len(layer._membership._joined),
        "moving": len(layer._membership._moving),
        "hub_tasks": len(hub.background),
        "layer_down": layer.is_down,
        "publish_failures": publisher.failures,
        "closes": dict(closes),
    }


class FailingConsumer(NotificationConsumer):
    """Fails in the way that its client asks for."""

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        way = json.loads(message["text"]).get("way")
        if way == "raise":
            raise RuntimeError("on purpose")
        if way == "cancel":
            raise asyncio.CancelledError
        if way == "stop":
            raise StopConsumer
        await super().websocket_receive(message)


_failing = URLRouter([path("ws/notify/", FailingConsumer.as_asgi())])


async def failing_application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await _failing(scope, receive, _counting(send))
    else:
        await application(scope, receive, send)


def _counting(send: Any) -> Any:
    async def counted(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            closes[message.get("code", 1000)] += 1
        await send(message)

    return counted


def _send_five(user: int) -> None:
    for _ in range(5):
        send_notice(to=user, title=f"one of five: {uuid.uuid4()}")


async def _respond(send: Any, content: Any) -> None:
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

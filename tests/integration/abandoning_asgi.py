"""A project's own socket, whose application leaves in the way that the query string asks for:
`supervised` in NotifyApplication, `bare` without it."""

import asyncio
import os
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

from django.core.asgi import get_asgi_application

http = get_asgi_application()

from notify.asgi import NotifyApplication  # noqa: E402  as in any asgi.py


async def socket(scope: Any, receive: Any, send: Any) -> None:
    when, how = scope["query_string"].decode().split("-")
    assert (await receive())["type"] == "websocket.connect"
    if when == "open":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
    if how == "raise":
        raise RuntimeError("on purpose")
    if how == "cancel":
        raise asyncio.CancelledError
    if how == "close":
        await send({"type": "websocket.close", "code": 4321})


supervised = NotifyApplication(http, socket)


async def bare(scope: Any, receive: Any, send: Any) -> None:
    await (socket if scope["type"] == "websocket" else http)(scope, receive, send)

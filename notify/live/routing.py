"""Where the socket is served."""

from __future__ import annotations

from typing import Any

from django.urls import path

from notify.live.consumers import NotificationConsumer
from notify.live.hub import current_hub
from notify.live.missing_scripts import MissingScripts
from notify.live.supervision import SupervisedSockets

SOCKET_PATH = "ws/notify/"
websocket_urlpatterns = [path(SOCKET_PATH, NotificationConsumer.as_asgi())]


class NotifyApplication:
    """An ASGI application: the socket at /ws/notify/, `http` for requests, and `websocket`, if
    there is one, for the project's other sockets (a URLRouter, say), which are supervised.

    It starts the hub at the first request of any kind, so that a server with no socket open
    carries out batches too. A project that would rather have one router puts
    `websocket_urlpatterns` into its own instead.
    """

    def __init__(self, http: Any, websocket: Any = None) -> None:
        self._http = MissingScripts(http)
        self._websocket = SupervisedSockets(websocket) if websocket is not None else None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        current_hub()
        if scope["type"] != "websocket":
            await self._http(scope, receive, send)
        elif scope["path"].removeprefix(scope.get("root_path", "")) == f"/{SOCKET_PATH}":
            await NotificationConsumer()(scope, receive, send)
        elif self._websocket is not None:
            await self._websocket(scope, receive, send)
        else:
            await send({"type": "websocket.close"})


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            current_hub()
        else:
            await current_hub().stop()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return

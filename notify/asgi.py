"""What an ASGI server serves: `NotifyApplication(get_asgi_application())`."""

from __future__ import annotations

import json
import logging
import time
from typing import Any
from urllib.parse import unquote

from django.core.handlers.asgi import get_script_prefix

from notify import conf
from notify.live.consumer import NotificationConsumer
from notify.live.hub import current_hub
from notify.live.lifespan import Lifespan
from notify.live.socket_path import ROUTE, socket_path
from notify.live.supervision import SupervisedSockets
from notify.protocol import SUBPROTOCOL
from notify.web.missing_scripts import MissingScripts

logger = logging.getLogger("notify.sockets")

QUIET_S = 60.0  # between two lines of the log about a path that is not ours
MAX_LENGTH = 200  # of what a client wrote, in the log


class NotifyApplication:
    """An ASGI application: the socket at its path (`live/socket_path.py`), `http` for requests and
    for the lifespan, and `websocket`, if there is one, for the project's other sockets (a
    URLRouter, say), which are supervised.

    It starts the hub at the first request of any kind, so that a server with no socket open
    carries out batches too.
    """

    def __init__(self, http: Any, websocket: Any = None) -> None:
        self._http = MissingScripts(http)
        self._websocket = SupervisedSockets(websocket) if websocket is not None else None
        self._told_of_path_at = -QUIET_S

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await Lifespan(receive, send).run(self._http.application, scope)
            return
        current_hub()
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http" and _is_at_our_path(scope):
            await _ask_for_an_upgrade(send)
        else:
            await self._http(scope, receive, send)

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        if _is_at_our_path(scope):
            await NotificationConsumer()(scope, receive, send)
        elif self._websocket is None or SUBPROTOCOL in scope.get("subprotocols", ()):
            self._tell_of_path(scope)
            await send({"type": "websocket.close"})
        else:
            await self._websocket(scope, receive, send)

    def _tell_of_path(self, scope: Any) -> None:
        """In one line, and not for each of many handshakes."""
        if time.monotonic() - self._told_of_path_at < QUIET_S:
            return
        self._told_of_path_at = time.monotonic()
        script_name = get_script_prefix(scope)
        logger.warning(
            "No socket at %s: it is at %s here. A prefix that a proxy adds is told by "
            "FORCE_SCRIPT_NAME or the server's --root-path; NOTIFY_SOCKET_PATH is another path.",
            json.dumps(scope["path"][:MAX_LENGTH]),
            socket_path(script_name),
        )


def _is_at_our_path(scope: Any) -> bool:
    """Whether a proxy has left the script name on the path, or taken it off. The URLconf is asked
    for no other path: where it cannot be imported, Django is to say so."""
    if conf.current().socket_path is None and not scope["path"].endswith(f"/{ROUTE}"):
        return False
    script_name = get_script_prefix(scope).rstrip("/")
    ours = unquote(socket_path(script_name))
    found: str = scope["path"]
    return found.removeprefix(script_name) == ours.removeprefix(script_name)


async def _ask_for_an_upgrade(send: Any) -> None:
    """To a plain request (RFC 9110, 15.5.22): so it can be seen, by a page too, that the path leads
    here, and that a proxy has dropped the upgrade."""
    headers = [(b"content-type", b"text/plain"), (b"upgrade", b"websocket")]
    headers += [(b"connection", b"upgrade"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 426, "headers": headers})
    await send({"type": "http.response.body", "body": b"A WebSocket is served here.\n"})

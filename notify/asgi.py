"""The ASGI application: `NotifyApplication(get_asgi_application())`."""

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

LOG_INTERVAL_S = 60.0  # between two log lines about a wrong path
MAX_LOGGED_PATH = 200  # characters


class NotifyApplication:
    """Serves notify's socket at its path, and hands all other connections on.

    The first connection of any kind starts the hub, so that a server without open sockets carries
    out batches too.

    Args:
        http: The ASGI application for HTTP requests and the lifespan, such as
            `get_asgi_application()`.
        websocket: The ASGI application for the project's other sockets, such as a `URLRouter`.
            A socket that it leaves open when it returns or raises is closed. Without it, a
            WebSocket at any other path is refused.
    """

    def __init__(self, http: Any, websocket: Any = None) -> None:
        self._http = MissingScripts(http)
        self._websocket = SupervisedSockets(websocket) if websocket is not None else None
        self._path_logged_at = -LOG_INTERVAL_S

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await Lifespan(receive, send).run(self._http.application, scope)
            return
        current_hub()
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http" and _is_at_socket_path(scope):
            await _require_upgrade(send)
        else:
            await self._http(scope, receive, send)

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        if _is_at_socket_path(scope):
            await NotificationConsumer()(scope, receive, send)
        elif self._websocket is None or SUBPROTOCOL in scope.get("subprotocols", ()):
            self._log_path(scope)
            await send({"type": "websocket.close"})
        else:
            await self._websocket(scope, receive, send)

    def _log_path(self, scope: Any) -> None:
        """Logs a wrong path, at most once a minute."""
        if time.monotonic() - self._path_logged_at < LOG_INTERVAL_S:
            return
        self._path_logged_at = time.monotonic()
        script_name = get_script_prefix(scope)
        logger.warning(
            "No socket at %s: it is at %s here. If a proxy adds a prefix, set FORCE_SCRIPT_NAME or "
            "the server's --root-path; to serve another path, set NOTIFY_SOCKET_PATH.",
            json.dumps(scope["path"][:MAX_LOGGED_PATH]),
            socket_path(script_name),
        )


def _is_at_socket_path(scope: Any) -> bool:
    """Whether the path is the socket's; a proxy may have removed the script name from it.

    For a path that cannot be the socket's, the URLconf is not imported: if that fails, Django
    reports it better.
    """
    if conf.current().socket_path is None and not scope["path"].endswith(f"/{ROUTE}"):
        return False
    script_name = get_script_prefix(scope).rstrip("/")
    expected = unquote(socket_path(script_name))
    path: str = scope["path"]
    return path.removeprefix(script_name) == expected.removeprefix(script_name)


async def _require_upgrade(send: Any) -> None:
    """Answers a plain request with 426 (RFC 9110, 15.5.22).

    This shows people and pages that the path leads here and that a proxy dropped the upgrade.
    """
    headers = [(b"content-type", b"text/plain"), (b"upgrade", b"websocket")]
    headers += [(b"connection", b"upgrade"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 426, "headers": headers})
    await send({"type": "http.response.body", "body": b"A WebSocket is served here.\n"})

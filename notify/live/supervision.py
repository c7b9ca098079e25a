"""Closes a WebSocket when its application ends, on any ASGI server.

Servers differ in what they do with a WebSocket whose application has returned, raised or was
cancelled. Daphne leaves it open if the application returned, and nobody reads it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from notify.protocol import Code

logger = logging.getLogger(__name__)


class SupervisedSockets:
    """ASGI middleware: closes a WebSocket that the application leaves open.

    A socket that was accepted is closed with 4500; a handshake that was not is refused with 403.
    Other scopes than `websocket` are passed on unchanged.

    Args:
        application: any ASGI application.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            await self._application(scope, receive, send)
            return
        socket = _Socket(receive, send)
        try:
            await self._application(scope, socket.receive, socket.send)
        except asyncio.CancelledError:
            await socket.end()
            raise
        except Exception:
            logger.exception("The application of a WebSocket failed.")
        await socket.end()


class _Socket:
    """Stands between the server and the application, and knows whether the socket is open."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive = receive
        self._send = send
        self._over = False
        self._accepted = False

    async def receive(self) -> Any:
        message = await self._receive()
        self._over |= message["type"] == "websocket.disconnect"
        return message

    async def send(self, message: Any) -> None:
        self._accepted |= message["type"] == "websocket.accept"
        self._over |= message["type"] in {"websocket.close", "websocket.http.response.start"}
        await self._send(message)

    async def end(self) -> None:
        if self._over:
            return
        closing: dict[str, Any] = {"type": "websocket.close"}
        if self._accepted:
            closing |= {"code": int(Code.INTERNAL_ERROR), "reason": "internal error"}
        try:
            await self._send(closing)
        except Exception as error:
            logger.debug("The socket was gone before it could be closed: %r", error)

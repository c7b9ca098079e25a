"""ASGI lifespan: starts and stops the hub, and passes lifespan on to the wrapped application."""

from __future__ import annotations

import logging
from typing import Any

from notify.live.hub import current_hub

logger = logging.getLogger(__name__)

STARTUP = "lifespan.startup"
SHUTDOWN = "lifespan.shutdown"
THE_END = {f"{STARTUP}.failed", f"{SHUTDOWN}.complete", f"{SHUTDOWN}.failed"}


class Lifespan:
    """Stands between the server and the application. An application that does not support lifespan,
    such as Django's, raises or returns; then this class answers in its place."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive = receive
        self._send = send
        self._unanswered: str | None = None
        self._answered = False
        self._over = False

    async def run(self, application: Any, scope: Any) -> None:
        try:
            await application(scope, self.receive, self.send)
        except Exception as error:
            if self._answered:
                raise
            logger.debug("The application does not support lifespan: %r", error)
        while not self._over:
            event = self._unanswered or (await self.receive())["type"]
            await self.send({"type": f"{event}.complete"})

    async def receive(self) -> Any:
        message = await self._receive()
        self._unanswered = message["type"]
        if message["type"] == STARTUP:
            current_hub()
        elif message["type"] == SHUTDOWN:
            await current_hub().stop()
        return message

    async def send(self, message: Any) -> None:
        self._answered, self._unanswered = True, None
        self._over = message["type"] in THE_END
        await self._send(message)

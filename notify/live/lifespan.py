"""The lifespan of a server's process (ASGI), for the hub and for the application inside."""

from __future__ import annotations

import logging
from typing import Any

from notify.live.hub import current_hub

logger = logging.getLogger(__name__)

STARTUP = "lifespan.startup"
SHUTDOWN = "lifespan.shutdown"
THE_END = {f"{STARTUP}.failed", f"{SHUTDOWN}.complete", f"{SHUTDOWN}.failed"}


class Lifespan:
    """Starts and stops the hub with the process, between the server and an application that hears
    of both. One that takes no lifespan, as Django does not, raises or returns; what it has not
    answered is answered here."""

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
            logger.debug("The application takes no lifespan: %r", error)
        while not self._over:
            asked = self._unanswered or (await self.receive())["type"]
            await self.send({"type": f"{asked}.complete"})

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

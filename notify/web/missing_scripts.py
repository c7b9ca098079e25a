"""Tells where nobody serves notify's scripts: the page then has a bell that is dead, and nothing of
ours runs in it that could say so."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import get_script_prefix

logger = logging.getLogger(__name__)

NOT_FOUND = 404
QUIET_S = 60.0  # between two lines of the log
MAX_LENGTH = 200  # of what a client wrote
TOLD = (
    "notify's scripts are missing: %s was answered with 404. If no page is live, nobody serves "
    "them: `manage.py runserver` does by itself; elsewhere run `manage.py collectstatic`, and have "
    "the files served (docs/embedding.md, Run)."
)


class MissingScripts:
    """ASGI middleware: where the application answers 404 to a script of ours, there is a line in
    the log, and with DEBUG one in the browser's console: the answer is then a script that writes
    it. Any policy that allows the missing script allows this one."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self._told_at = -QUIET_S

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].endswith(".js"):
            await self.application(scope, receive, send)
            return
        is_replaced = False

        async def watch(message: Any) -> None:
            nonlocal is_replaced
            if message.get("status") == NOT_FOUND and _is_ours(scope):
                said = TOLD % json.dumps(scope["path"][:MAX_LENGTH])
                self._log(said)
                is_replaced = settings.DEBUG and scope["method"] == "GET"
                if is_replaced:
                    await _answer(said, send)
            if not is_replaced:
                await send(message)

        await self.application(scope, receive, watch)

    def _log(self, said: str) -> None:
        if time.monotonic() - self._told_at >= QUIET_S:
            self._told_at = time.monotonic()
            logger.warning("%s", said)


def _is_ours(scope: Any) -> bool:
    """Asked once the application has answered: a relative STATIC_URL gets the script name when it
    is first read, and keeps it for the life of the process."""
    script_name = get_script_prefix(scope).rstrip("/")
    ours = f"{settings.STATIC_URL}notify/".removeprefix(script_name)
    return bool(scope["path"].removeprefix(script_name).startswith(ours))


async def _answer(said: str, send: Any) -> None:
    """Not by 404: a browser runs nothing of that."""
    script = f"console.error({json.dumps(said)});".encode()
    headers = [(b"content-type", b"text/javascript"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": script})

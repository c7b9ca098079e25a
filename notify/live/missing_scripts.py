"""Tells where nobody serves notify's scripts: the page then has a bell that is dead, and nothing of
ours runs in it that could say so."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)

NOT_FOUND = 404
TOLD = (
    "notify's scripts are missing: {path} was answered with 404, so nothing in the page is live. "
    "`manage.py runserver` serves static files by itself; elsewhere run `manage.py collectstatic`, "
    "and have them served (docs/embedding.md, Run)."
)


class MissingScripts:
    """ASGI middleware: where the application answers 404 to a script of ours, there is one line in
    the log, and with DEBUG one in the browser's console: the answer is then a script that writes
    it. Any policy that allows the missing script allows this one."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self._is_logged = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if not (path.startswith(f"{settings.STATIC_URL}notify/") and path.endswith(".js")):
            await self.application(scope, receive, send)
            return
        is_replaced = False

        async def watch(message: Any) -> None:
            nonlocal is_replaced
            if message.get("status") == NOT_FOUND:
                self._log(path)
                is_replaced = settings.DEBUG and scope["method"] == "GET"
                if is_replaced:
                    await _answer(path, send)
            if not is_replaced:
                await send(message)

        await self.application(scope, receive, watch)

    def _log(self, path: str) -> None:
        if not self._is_logged:
            self._is_logged = True
            logger.warning(TOLD.format(path=path))


async def _answer(path: str, send: Any) -> None:
    """Not by 404: a browser runs nothing of that."""
    script = f"console.error({json.dumps(TOLD.format(path=path))});".encode()
    headers = [(b"content-type", b"text/javascript"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": script})

"""Reports missing scripts: without them the bell on a page does not work, and no code of ours runs
there that could report it."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import get_script_prefix

logger = logging.getLogger(__name__)

NOT_FOUND = 404
LOG_INTERVAL_S = 60.0
MAX_PATH_LENGTH = 200  # in the log: clients choose it
MESSAGE = (
    "notify's scripts are missing: %s returned 404. If pages get no live updates, nothing serves "
    "the files: `manage.py runserver` does so by itself; elsewhere run `manage.py collectstatic` "
    "and have the files served (docs/embedding.md, Run)."
)


class MissingScripts:
    """ASGI middleware that logs a 404 for a script of ours. With DEBUG it answers by a script that
    writes the same line to the browser's console; a content security policy that allows the missing
    script allows this one."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self._logged_at = -LOG_INTERVAL_S

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].endswith(".js"):
            await self.application(scope, receive, send)
            return
        is_replaced = False

        async def watch(message: Any) -> None:
            nonlocal is_replaced
            if message.get("status") == NOT_FOUND and _is_ours(scope):
                text = MESSAGE % json.dumps(scope["path"][:MAX_PATH_LENGTH])
                self._log(text)
                is_replaced = settings.DEBUG and scope["method"] == "GET"
                if is_replaced:
                    await _answer(text, send)
            if not is_replaced:
                await send(message)

        await self.application(scope, receive, watch)

    def _log(self, text: str) -> None:
        if time.monotonic() - self._logged_at >= LOG_INTERVAL_S:
            self._logged_at = time.monotonic()
            logger.warning("%s", text)


def _is_ours(scope: Any) -> bool:
    """Called only after the application has answered: a relative STATIC_URL gets the script name
    when it is first read, and keeps it for the life of the process."""
    script_name = get_script_prefix(scope).rstrip("/")
    ours = f"{settings.STATIC_URL}notify/".removeprefix(script_name)
    return bool(scope["path"].removeprefix(script_name).startswith(ours))


async def _answer(text: str, send: Any) -> None:
    """Answers with 200, because browsers do not run a script that comes with 404."""
    script = f"console.error({json.dumps(text)});".encode()
    headers = [(b"content-type", b"text/javascript"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": script})

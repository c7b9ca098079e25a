"""An application that has a lifespan, inside of ours: it says what it hears."""

from __future__ import annotations

import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from notify.asgi import NotifyApplication  # noqa: E402  as in any asgi.py


async def inner(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    _say(scope["type"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _live(receive: Any, send: Any) -> None:
    message = {"type": ""}
    while message["type"] != "lifespan.shutdown":
        message = await receive()
        _say(message["type"])
        await send({"type": f"{message['type']}.complete"})


def _say(what: str) -> None:
    sys.stderr.write(f"inner heard {what}\n")


application = NotifyApplication(inner)

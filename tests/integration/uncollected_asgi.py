"""The project without a garbage collector, and at `/left/` how many objects of each kind there are:
`tests/integration/test_serve.py`."""

import gc
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from config.asgi import application as project

gc.disable()
KINDS = {
    "notify.live.commands.Commands",
    "notify.live.consumer.NotificationConsumer",
    "notify.serve.protocol.BoundedProtocol",
    "twisted.web.http.HTTPChannel",
}


async def application(
    scope: dict[str, Any], receive: Callable[..., Any], send: Callable[[Any], Awaitable[None]]
) -> None:
    if scope["type"] != "http" or scope["path"] != "/left/":
        await project(scope, receive, send)
        return
    kinds = Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())
    left = json.dumps({kind: kinds[kind] for kind in KINDS})
    headers = [(b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": left.encode()})

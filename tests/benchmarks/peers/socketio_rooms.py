"""python-socketio: clients enter a room, another process emits to it through Redis.

https://python-socketio.readthedocs.io/en/stable/server.html, "Rooms" and "Emitting from external
processes", as an ASGI application on uvicorn with uvloop.
"""

import os
from typing import Any

import socketio

ROOM = "everyone"
EVENT = "notification"

sio = socketio.AsyncServer(
    async_mode="asgi",
    client_manager=socketio.AsyncRedisManager(os.environ["REDIS_URL"]),
    ping_interval=int(os.environ.get("PING_INTERVAL", "25")),
)
app = socketio.ASGIApp(sio)


@sio.event
async def connect(sid: str, environ: dict[str, Any]) -> None:
    await sio.enter_room(sid, ROOM)

"""python-socketio: clients enter a room, another process emits to it through Redis.

https://python-socketio.readthedocs.io/en/stable/server.html, "Rooms" and "Emitting from external
processes", as an ASGI application on uvicorn with uvloop.
"""

import os
from collections.abc import Iterator
from typing import Any

import socketio

from tests.benchmarks.peers.counting import Count

ROOM = "everyone"
EVENT = "notification"

count = Count()


class Manager(socketio.AsyncRedisManager):
    def get_participants(self, namespace: str, room: str | None) -> Iterator[tuple[str, str]]:
        """Those whom an emit goes to, which are counted."""
        for participant in super().get_participants(namespace, room):
            count.delivered += 1
            yield participant


sio = socketio.AsyncServer(
    async_mode="asgi",
    client_manager=Manager(os.environ["REDIS_URL"]),
    ping_interval=int(os.environ.get("PING_INTERVAL", "25")),
)
app = socketio.ASGIApp(sio)


@sio.event
async def connect(sid: str, environ: dict[str, Any]) -> None:
    await sio.enter_room(sid, ROOM)

"""Emits notifications to the room, as "Emitting from external processes" shows."""

import os
import time
from typing import Any

import socketio

from tests.benchmarks.payload import notification
from tests.benchmarks.peers.socketio_rooms import EVENT, ROOM
from tests.benchmarks.remote import answer


def main() -> None:
    manager = socketio.RedisManager(os.environ["REDIS_URL"], write_only=True)

    def send(numbers: list[int]) -> dict[str, Any]:
        called = time.monotonic()
        for n in numbers:
            manager.emit(EVENT, notification(n), room=ROOM)
        return {"called": called}

    answer({"send": send})


if __name__ == "__main__":
    main()

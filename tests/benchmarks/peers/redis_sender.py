"""Publishes notifications on Redis, for the peer of `websockets.broadcast`."""

import json
import os
import time
from typing import Any

import redis

from tests.benchmarks.payload import notification
from tests.benchmarks.peers.websockets_broadcast import CHANNEL
from tests.benchmarks.remote import answer


def main() -> None:
    client = redis.Redis.from_url(os.environ["REDIS_URL"])

    def send(numbers: list[int]) -> dict[str, Any]:
        called = time.monotonic()
        for n in numbers:
            client.publish(CHANNEL, json.dumps(notification(n), separators=(",", ":")))
        return {"called": called}

    answer({"send": send})


if __name__ == "__main__":
    main()

"""The groups of the channel layer that server processes are in, as their Redis knows them."""

from __future__ import annotations

import asyncio
from collections import Counter

from notify.bus.groups import EVERY_PROCESS
from tests.harness.redis import RedisServer
from tests.harness.waiting import eventually


def members(redis: RedisServer) -> Counter[str]:
    """How many processes are in each group of a deployment, by its full name; on either layer."""
    found: Counter[str] = Counter()
    with redis.client() as client:
        # RedisPubSubChannelLayer subscribes to a channel per group, RedisChannelLayer keeps a set.
        if channels := client.pubsub_channels("asgi__group__notify.*"):
            for channel, count in client.pubsub_numsub(*channels):
                found[channel.decode().removeprefix("asgi__group__")] += count
        for key in client.scan_iter("asgi:group:notify.*"):
            found[key.decode().removeprefix("asgi:group:")] += client.zcard(key)
    return Counter({name: n for name, n in found.items() if not name.startswith("notify.probe.")})


async def until_joined(redis: RedisServer, people: int, processes: int | None = None) -> None:
    """Waits until the processes hear what is sent to their people.

    A socket gets its first frames before its process has joined the user's group. A hint sent in
    between is not heard, but healed.

    Args:
        people: how many users the processes have sockets of, counted in each process.
        processes: how many processes are to be in the group of all; None does not look.
    """

    def joined() -> bool:
        found = members(redis)
        of_people = sum(n for name, n in found.items() if ".user." in name)
        of_all = [n for name, n in found.items() if name.endswith(f".{EVERY_PROCESS}")]
        return of_people == people and (processes is None or of_all == [processes])

    await asyncio.to_thread(eventually, joined, what=f"{people} memberships of people")

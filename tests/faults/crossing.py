"""What shows that one deployment has heard of another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from notify.inbox import reading
from tests.faults.follower import Follower
from tests.harness.client import Client


def epochs(users: Sequence[int]) -> dict[str, str]:
    heads = reading.heads([str(user) for user in users])
    return {user: str(head.epoch) for user, head in heads.items()}


def titles_seen(followers: Iterable[Follower]) -> set[str]:
    """Also of what was taken back from the screen since."""
    return {title for one in followers for title in one.titles_seen}


async def largest(client: Client, topic: str, seconds: float) -> Any:
    """The longest list, or the most of each figure, that a watcher is told in so long."""
    await client.send(type="watch", topic=topic)
    await asyncio.sleep(seconds)
    await client.send(type="unwatch", topic=topic)
    told = [
        frame["data"]
        for frame in client.of_type("figures")
        if frame["topic"] == topic and frame["data"] is not None
    ]
    assert told, topic
    if isinstance(told[0], list):
        return max(told, key=len)
    return {name: max(one[name] for one in told) for name in ("processes", "sockets", "users")}

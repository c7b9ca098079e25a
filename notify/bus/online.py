"""Who is online: which users have an open socket, in all server processes.

A process that wants to know asks once over the channel layer, in a group of its own. Each server
process answers with its users; of more than `MAX_KEYS`, with a sample. Whether a user is in the
sample depends on nothing but their key, so samples of several processes fit together.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from channels.layers import get_channel_layer

from notify import conf
from notify.bus.groups import full_name
from notify.bus.publisher import publisher
from notify.sql import database

logger = logging.getLogger(__name__)

TOPIC = "present"
MAX_KEYS = 5000
ANSWER_WITHIN_S = 1.0
HOLDS_S = 2.0  # an answer, for whoever asks next in this process

_held: list[tuple[float, Online | None]] = []  # the last answer, and when it came


class Online(NamedTuple):
    """Users (`str(pk)`) with an open socket: all, or those in a random share of all."""

    users: frozenset[str]
    share: float = 1.0

    def part(self) -> dict[str, Any]:
        """As a process answers; plain JSON."""
        return {"users": list(self.users), "share": self.share}


def sample(users: Iterable[str], share: float = 1.0) -> Online:
    """At most `MAX_KEYS` of these users, of whom no more than `share` are wanted."""
    chosen = frozenset(users)
    while True:
        if share < 1:
            chosen = frozenset(user for user in chosen if _place(user) < share)
        if len(chosen) <= MAX_KEYS:
            return Online(chosen, share)
        share /= 2


def online() -> Online | None:
    """Who is online. Takes a second, and must not be called in an event loop.

    Returns:
        None where no server process has answered: they are gone, or the channel layer is down.
    """
    if not _held or time.monotonic() - _held[0][0] >= HOLDS_S:
        found = _ask()
        _held[:] = [(time.monotonic(), found)]
    return _held[0][1]


def _ask() -> Online | None:
    try:
        database.facts()  # the publisher goes by what was read last
        parts = publisher.run(_answers(str(database.deployment())), 3 * ANSWER_WITHIN_S)
    except Exception as error:  # of any channel layer
        logger.warning("Who is online is unknown: %r", error)
        return None
    return _merged(parts) if parts else None


async def _answers(deployment: str) -> list[Any]:
    layer: Any = get_channel_layer(conf.current().channel_layer)
    if layer is None:
        return []
    parts: list[Any] = []
    group = f"answers.{uuid.uuid4().hex}"
    channel = await layer.new_channel()
    await layer.group_add(full_name(deployment, group), channel)
    try:
        publisher.publish_question(TOPIC, group)
        async with asyncio.timeout(ANSWER_WITHIN_S):
            while True:
                parts.append((await layer.receive(channel))["part"])
    except TimeoutError:
        return parts
    finally:
        await layer.group_discard(full_name(deployment, group), channel)


def _merged(parts: Sequence[dict[str, Any]]) -> Online:
    share = min(part["share"] for part in parts)
    return sample((user for part in parts for user in part["users"]), share)


def _place(user: str) -> float:
    """From 0 to 1, evenly spread."""
    return zlib.crc32(user.encode()) / 2**32

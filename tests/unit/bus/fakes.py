"""A channel layer in memory that a test can slow down, and a process that listens to it."""

from __future__ import annotations

import asyncio
from typing import Any

from channels.layers import InMemoryChannelLayer

from notify.bus.groups import full_name
from notify.bus.hints import VERSION
from notify.bus.listener import Listener

OURS, OTHERS = "0123456789abcdef", "fedcba9876543210"


def hint(kind: str, **fields: Any) -> dict[str, Any]:
    """A hint of another process of this deployment."""
    return {"type": kind, "origin": "x", "deployment": OURS, "v": VERSION} | fields


class SlowLayer(InMemoryChannelLayer):
    """Joins wait for the `gate`; while `deaf`, every message is lost, to `lost`."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.deaf = False
        self.lost: list[tuple[str, dict[str, Any]]] = []

    async def group_add(self, group: str, channel: str) -> None:
        await self.gate.wait()
        await super().group_add(group, channel)

    async def receive(self, channel: str) -> Any:
        message = await super().receive(channel)
        if message.get("garbage"):
            raise ValueError("Unpack failed")
        return message.get("not a dict", message)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if self.deaf:
            self.lost.append((group, message))
        else:
            await super().group_send(group, message)


class Process:
    """A Listener, and what it reported."""

    def __init__(self, backend: SlowLayer) -> None:
        self.backend = backend
        self.hints: list[Any] = []
        self.joined: list[str] = []
        self.backs = 0
        self.layer = Listener(self.hints.append, self.joined.append, self._back)

    def _back(self) -> None:
        self.backs += 1

    def members(self, group: str, deployment: str = OURS) -> int:
        return len(self.backend.groups.get(full_name(deployment, group), {}))

    async def hear(self, group: str, message: Any, deployment: str = OURS) -> None:
        """Sends this to the group."""
        await self.backend.group_send(full_name(deployment, group), message)

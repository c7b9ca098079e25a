"""The groups of the channel layer that this process is in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

MAX_CONCURRENT_MOVES = 8  # the core layer opens a connection to Redis for each, and keeps it


class Membership:
    """Joins and leaves groups until the process is in those that are wanted.

    Groups have their names on the layer here. A single task per group moves it, so a late leave
    cannot undo a join. Until `is_ready()`, only the probe's group is joined: thousands of others
    would fail one by one.

    `call(method, group, channel)` calls the layer and returns whether it succeeded.
    """

    def __init__(
        self,
        probe_group: str,
        call: Callable[[str, str, str], Awaitable[bool]],
        is_ready: Callable[[], bool],
        joined: Callable[[str], None],
    ) -> None:
        self._probe_group = probe_group
        self._call = call
        self._is_ready = is_ready
        self._joined_callback = joined
        self._channel: str | None = None
        self._wanted = {probe_group}
        self._joined: set[str] = set()
        self._left_behind: set[str] = set()  # joined before the layer went down
        self._moving: dict[str, asyncio.Task[None]] = {}
        self._moves = asyncio.Semaphore(MAX_CONCURRENT_MOVES)

    def begin(self, channel: str) -> None:
        """Joins all wanted groups with this channel."""
        self._channel = channel
        self.join_missing()

    def want(self, group: str) -> None:
        self._wanted.add(group)
        self._move(group)

    def unwant(self, group: str) -> None:
        self._wanted.discard(group)
        self._move(group)

    def want_only(self, groups: Iterable[str]) -> None:
        """Joins these groups and leaves all others but the probe's."""
        self._wanted = {*groups, self._probe_group}
        self._move_all()

    def join_missing(self) -> None:
        """Tries again to join what could not be joined."""
        for group in self._wanted - self._joined:
            self._move(group)

    def note_down(self) -> None:
        """The layer is down. The core layer keeps groups in Redis, which may have lost them."""
        self._left_behind |= self._joined
        self._joined.clear()

    def note_back(self) -> None:
        """The layer is back: joins all groups again, and leaves those no longer wanted."""
        self._joined |= self._left_behind - self._wanted
        self._left_behind.clear()
        self._move_all()

    async def stop(self) -> None:
        for task in self._moving.values():
            task.cancel()
        await asyncio.gather(*self._moving.values(), return_exceptions=True)

    async def leave_all(self) -> None:
        """After `stop`: leaves every group."""
        if self._channel is not None:
            await asyncio.gather(*(self._leave(group, self._channel) for group in self._joined))

    async def _leave(self, group: str, channel: str) -> None:
        async with self._moves:
            await self._call("group_discard", group, channel)

    def _move_all(self) -> None:
        for group in self._joined ^ self._wanted:
            self._move(group)

    def _move(self, group: str) -> None:
        if group != self._probe_group and not self._is_ready():
            return
        if group not in self._moving and self._channel is not None:
            task = asyncio.get_running_loop().create_task(self._move_group(group, self._channel))
            self._moving[group] = task

    async def _move_group(self, group: str, channel: str) -> None:
        try:
            if group == self._probe_group:  # first, as without it the layer counts as down
                await self._move_where_wanted(group, channel)
                return
            async with self._moves:
                if self._is_ready():
                    await self._move_where_wanted(group, channel)
        finally:
            del self._moving[group]

    async def _move_where_wanted(self, group: str, channel: str) -> None:
        while (group in self._wanted) != (group in self._joined):
            if group in self._wanted:
                if not await self._call("group_add", group, channel):
                    return  # tried again after the next missed probe
                self._joined.add(group)
                self._joined_callback(group)
            else:
                self._joined.discard(group)
                await self._call("group_discard", group, channel)

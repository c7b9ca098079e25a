"""The sockets of a server process and everything that serves them: its parts, start and end.

Hints reach the hub once per process, whatever the number of sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from weakref import WeakKeyDictionary

from notify import conf, protocol
from notify.access import authentication, handshake
from notify.bus import online
from notify.bus.groups import user_group
from notify.bus.hints import Hint
from notify.bus.listener import Listener
from notify.bus.publisher import publisher
from notify.live.background import Background
from notify.live.catching_up import CatchingUp
from notify.live.comparison import Comparison
from notify.live.connection import Connection
from notify.live.delivery import Delivery
from notify.live.feeds import HISTORY, ONLINE, OPERATIONS
from notify.live.figures import Figures
from notify.live.frame_writer import ABORT_AFTER_S
from notify.live.heartbeat import Heartbeat
from notify.live.history import History
from notify.live.loader import Loader
from notify.live.locales import Locales
from notify.live.parts import Parts
from notify.live.pool import DatabasePool
from notify.live.pruning import Pruning
from notify.live.readings import Readings
from notify.live.revalidation import Revalidation
from notify.live.sockets import Sockets
from notify.live.startup_checks import log_checks
from notify.live.sweep import Sweep
from notify.live.watchdog import Watchdog
from notify.live.workers import Workers
from notify.protocol import Code

DRAIN_SPREAD_S = 0.005  # for each socket
DRAIN_SPREAD_MAX_S = 25.0
CALL_LIMIT_S = 10.0

_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def current_hub() -> Hub:
    """The hub of the running loop. Starts it at the first call."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub(loop)
        hub.start()
    return hub


def hubs() -> list[Hub]:
    """The hubs of this process: at most one, except in tests."""
    return list(_hubs.values())


class Hub:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.sockets = Sockets()
        self.pool = DatabasePool(conf.current().database_threads, "notify-database", CALL_LIMIT_S)
        self.background = background = Background(loop)
        self.heartbeat = Heartbeat(loop.time, loop.call_at)
        self.layer = Listener(self.receive, self._joined, self._layer_is_back)
        self.catching_up = CatchingUp(self.pool, background, loop.call_later, self.heartbeat.ask_on)
        note_gap = self.catching_up.note_gap
        self.delivery = Delivery(self.sockets.by_user, loop.call_soon, note_gap)
        self.comparison = Comparison(self.sockets, self.pool, background, note_gap)
        self.revalidation = Revalidation(self.sockets, self.pool, background)
        self.workers = Workers()
        self.pruning = Pruning(loop.time, background.spawn)
        self.sweep = Sweep(
            loop,
            self.sockets,
            self.pool,
            self.layer,
            comparison=self.comparison,
            revalidation=self.revalidation,
            workers=self.workers,
            pruning=self.pruning,
        )
        self.history = History(loop, self.sockets)
        self.readings = Readings(
            self.sockets,
            self.layer,
            self.sweep,
            self.workers,
            history=self.history,
            is_draining=lambda: self.draining,
        )
        of_process = {
            OPERATIONS: self.readings.part,
            HISTORY: self.history.part,
            ONLINE: lambda: {"users": len(self.sockets.by_user)},
            online.TOPIC: lambda: online.sample(self.sockets.by_user).part(),
        }
        self.parts = Parts(self.sockets, self.layer, loop.time, of_process)
        self.figures = Figures(self.parts, self.pool, background, loop)
        self.locale_of = Locales(self.pool, background.spawn).of_socket
        self._identities = Loader(self.pool, authentication.identify, background.spawn)
        self._watchdog = Watchdog(loop)
        self._life: asyncio.Task[None] | None = None
        self._users_by_group: dict[str, str] = {}
        self._drained: asyncio.Event | None = None  # set when the last socket is gone
        # What consumers call, without a call in between. These bound methods are made once, not
        # for each socket.
        self.spawn = background.spawn
        self.flush_soon = self.delivery.flush_soon
        self.is_full = self.sockets.is_full
        self.close_socket = self.sockets.close
        self.begin = self.catching_up.begin
        self.resync = self.catching_up.resync
        self.catch_up = self.catching_up.note_gap

    # The life of the process

    def start(self) -> None:
        publisher.attach(self.loop, self.receive)
        self.layer.start()
        self.sweep.start()
        self.spawn(self.sweep.find_deployment())
        self.workers.start()
        self.history.start()
        self._watchdog.start()
        self._life = self.loop.create_task(self._live())
        self.spawn(log_checks(self.pool))

    async def _live(self) -> None:
        """Runs until it is cancelled: by `stop`, or because the loop ends. The loop of a test does,
        and its database is deleted next."""
        try:
            await asyncio.Event().wait()
        finally:
            publisher.detach(self.loop)
            await asyncio.gather(self.workers.close(), self.pruning.close())
            await self.pool.close()
            self._watchdog.stop()
            _hubs.pop(self.loop, None)

    @property
    def draining(self) -> bool:
        return self._drained is not None

    async def drain(self) -> None:
        """Closes all sockets with 4503 and accepts no more. Returns when all are gone, or after two
        seconds. `retry_after` spreads the clients, so that they do not all come back at once."""
        if self._drained is None:
            self._drained = asyncio.Event()
            self.parts.publish_end()
            connections = self.sockets.all()
            spread = min(DRAIN_SPREAD_MAX_S, DRAIN_SPREAD_S * len(connections))
            for connection in connections:
                retry_after = round(random.uniform(0, spread), 3)  # noqa: S311
                connection.close(Code.RESTARTING, "the server restarts", retry_after)
        if self.sockets.by_user:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2 * ABORT_AFTER_S):
                    await self._drained.wait()

    async def stop(self) -> None:
        """Drains, and releases everything that the hub holds."""
        await self.drain()
        publisher.detach(self.loop)
        self.pruning.stop()
        await asyncio.gather(self.sweep.stop(), self.workers.stop())
        await self.layer.stop()
        self.heartbeat.stop()
        self.history.stop()
        self.figures.stop()
        await self.background.stop()
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)

    # Sockets come and go

    @property
    def size(self) -> int:
        return len(self.sockets)

    async def identify(self, scope: handshake.Scope) -> authentication.Identity | None:
        """Whose handshake this is; None if nobody is signed in."""
        return await self._identities.load(scope)

    def add(self, connection: Connection) -> None:
        """Adds the socket before its inbox is read, so that it misses nothing: changes that are
        offered until then are noted."""
        if self.sockets.add(connection):
            group = user_group(connection.user)
            self._users_by_group[group] = connection.user
            self.layer.join(group)
        self.revalidation.soon(connection.user)
        self.heartbeat.add(connection)

    def remove(self, connection: Connection) -> None:
        connection.forget()
        self.figures.forget(connection)
        self.catching_up.forget(connection)
        if self.sockets.remove(connection):
            group = user_group(connection.user)
            self._users_by_group.pop(group, None)
            self.layer.leave(group)
            self.parts.publish_gone(connection.user)
        if self._drained is not None and not self.sockets.by_user:
            self._drained.set()

    # The channel layer

    def receive(self, hint: Hint) -> None:
        """Takes one hint, from the layer or from this process."""
        match hint["type"]:
            case "notify.change":
                self.delivery.take(hint)
            case "notify.work":
                self.workers.wake()
            case "notify.session":
                self.spawn(self.revalidation.run(self.sockets.of_user(hint["user"])))
            case "notify.preferences":
                text = protocol.preferences(hint["changed"])
                for connection in self.sockets.of_user(hint["user"]):
                    connection.write(text)
            case "notify.ask":
                self.parts.answer(hint)
            case "notify.part":
                self.parts.take(hint)
            case "notify.close":
                self.sockets.close(hint["user"], hint["socket"])

    def _joined(self, group: str) -> None:
        user = self._users_by_group.get(group)
        if user is not None:
            self.comparison.soon(user)
            self.revalidation.soon(user)

    def _layer_is_back(self) -> None:
        """Hints may be lost. `_joined` is called for each group once it is joined again."""
        self.spawn(self.comparison.run(self.sockets.users))
        self.revalidation.all_later()

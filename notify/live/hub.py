"""The one object in a server process that knows its open sockets.

Hints come in once per process, whatever the number of sockets. Each socket gets a change that
follows what is queued for it, drops one that it has, and reads the database where something
between is missing. First load, reconnect, gap and live push are all the same `inbox` frame.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

from django import db
from django.conf import settings
from django.core.checks import CheckMessage, Tags
from django.core.checks.registry import registry

from notify import conf, metrics, protocol
from notify.access import authentication, handshake
from notify.bus import hints
from notify.bus.groups import user_group
from notify.bus.hints import ChangeHint, Hint
from notify.bus.listener import Listener
from notify.bus.publisher import PAUSE_AFTER_FAILURE_S, publisher
from notify.changes import Cursor, Reading
from notify.inbox import reading
from notify.live import broadcast
from notify.live.connection import ABORT_AFTER_S, HOLD_ABOVE_BYTES, Connection
from notify.live.figures import Figures
from notify.live.heartbeat import Heartbeat
from notify.live.loader import Loader
from notify.live.pool import DatabasePool
from notify.live.sweep import Sweep
from notify.live.watchdog import Watchdog
from notify.protocol import Code

logger = logging.getLogger(__name__)

DRAIN_SPREAD_S = 0.005  # for each socket
DRAIN_SPREAD_MAX_S = 25.0
CALL_LIMIT_S = 10.0
JUDGE_WAIT_S = 0.5  # a session's end closes its sockets within a second
RESYNC_EVERY_S = 1.0  # rows that a socket asks for cost more than its asking
GAP_WAIT_S = 0.05  # what is missing may be under way, in another order

_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def current_hub() -> Hub:
    """The hub of the running loop, started when it is first asked for."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub(loop)
        hub.start()
    return hub


def hubs() -> list[Hub]:
    """Those of this process, of which there is one at the most, unless it is a test."""
    return list(_hubs.values())


class Hub:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.pool = DatabasePool(conf.current().database_threads, "notify-database", CALL_LIMIT_S)
        self._identities = Loader(self.pool, authentication.identify, self.spawn)
        self._readings = Loader(self.pool, reading.changes, self.spawn)
        self.heartbeat = Heartbeat(loop.time, loop.call_at)
        self.layer = Listener(self.receive, self._joined, self._layer_is_back)
        self.sweep = Sweep(self)
        self.figures = Figures(self)
        self._watchdog = Watchdog(loop)
        self._life: asyncio.Task[None] | None = None
        # What the process can hold, where the server that it runs in knows; None: no limit.
        self.socket_limit: int | None = None
        self._by_user: dict[str, tuple[Connection, ...]] = {}
        self._users_by_group: dict[str, str] = {}
        self._size = 0
        self._addresses: Counter[str] = Counter()  # sockets by the client's address
        self._unflushed: list[Connection] = []
        self.flush_soon = self._flush_soon  # one bound method for all sockets, not one for each
        self._gaps: dict[Connection, str] = {}  # and what noticed that something is missing
        self._resynced: set[Connection] = set()  # those that asked for rows, a moment ago
        self._unchecked: set[str] = set()  # users whose group was joined a moment ago
        self._unjudged: set[str] = set()  # and those who have a new socket
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._drained: asyncio.Event | None = None  # set when the last socket has gone

    @property
    def draining(self) -> bool:
        return self._drained is not None

    async def drain(self) -> None:
        """Closes every socket with 4503 and takes no more; returns when all are gone, or after
        two seconds. `retry_after` spreads the clients, so that they do not all come back at once.
        """
        if self._drained is None:
            self._drained = asyncio.Event()
            connections = self.connections()
            spread = min(DRAIN_SPREAD_MAX_S, DRAIN_SPREAD_S * len(connections))
            for connection in connections:
                retry_after = round(random.uniform(0, spread), 3)  # noqa: S311
                connection.close(Code.RESTARTING, "the server restarts", retry_after)
        if self._by_user:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2 * ABORT_AFTER_S):
                    await self._drained.wait()

    def start(self) -> None:
        publisher.attach(self.loop, self.receive)
        self.layer.start()
        self.sweep.start()
        self._watchdog.start()
        self._life = self.loop.create_task(self._live())
        self.spawn(self._log_checks())

    async def _live(self) -> None:
        """Until it is cancelled: by `stop`, or because the loop ends, as a test's does, whose
        database is to be deleted next."""
        try:
            await asyncio.Event().wait()
        finally:
            publisher.detach(self.loop)
            await self.sweep.close()
            await self.pool.close()
            self._watchdog.stop()
            _hubs.pop(self.loop, None)

    async def _log_checks(self) -> None:
        """No server runs Django's checks, and which server it is only the process itself knows;
        `serve` has set the limit by now."""
        if settings.DEBUG:
            return
        for check in registry.get_checks(include_deployment_checks=True):
            if "notify" in check.tags:
                await self._log_check(check)

    async def _log_check(self, check: Callable[..., Iterable[CheckMessage]]) -> None:
        """Those of the database go to its threads. Others may import the URLconf, and with it the
        project, which takes its time or fails: that keeps neither those threads nor the loop."""
        asks_database = Tags.database in check.tags  # type: ignore[attr-defined]  # registry's
        run = self.pool.run if asks_database else asyncio.to_thread
        try:
            messages = await run(check, app_configs=None, databases=list(db.connections))
        except db.Error as error:
            logger.info("The database is away, and %s left out: %r", check.__name__, error)
        except Exception as error:
            logger.warning("%s failed: %r", check.__name__, error, exc_info=True)
        else:
            for found in messages:
                if not found.is_silenced():
                    logger.log(found.level, "%s: %s %s", found.id, found.msg, found.hint)

    async def stop(self) -> None:
        """Drains, and gives back all that the hub holds."""
        await self.drain()
        publisher.detach(self.loop)
        await self.sweep.stop()
        await self.layer.stop()
        self.heartbeat.stop()
        for timer in self._timers.values():
            timer.cancel()
        self.figures.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)

    # The table of sockets

    def connections(self) -> list[Connection]:
        return [one for several in self._by_user.values() for one in several]

    def of_user(self, user: str) -> tuple[Connection, ...]:
        return self._by_user.get(user, ())

    @property
    def users(self) -> list[str]:
        return list(self._by_user)

    @property
    def size(self) -> int:
        """How many sockets are open."""
        return self._size

    def is_full(self, address: str) -> bool:
        """Whether this process, or this address, may have no more sockets."""
        settings = conf.current()
        most = settings.sockets_per_process or self.socket_limit
        most_of_address = settings.sockets_per_address
        return (most is not None and self._size >= most) or (
            most_of_address is not None and self._addresses[address] >= most_of_address
        )

    def add(self, connection: Connection) -> None:
        """From here on the socket misses nothing: what is offered before it was told is noted."""
        user = connection.user
        self._size += 1
        self._addresses[connection.address] += 1
        of_user = self._by_user[user] = (*self._by_user.get(user, ()), connection)
        if len(of_user) == 1:
            group = user_group(user)
            self._users_by_group[group] = user
            self.layer.join(group)
        self._judge_soon(user)
        self.heartbeat.add(connection)
        self._keep_to_limit(connection, [one for one in of_user if one.closing is None])

    def _keep_to_limit(self, newest: Connection, of_user: list[Connection]) -> None:
        if len(of_user) <= conf.current().sockets_per_user:
            return
        if newest.identity.by_token:  # it takes no window from its user
            of_user = [one for one in of_user if one.identity.by_token]
        of_user[0].close(Code.TOO_MANY_SOCKETS, "too many sockets of this user")

    def remove(self, connection: Connection) -> None:
        connection.forget()
        self.figures.forget(connection)
        self._gaps.pop(connection, None)
        self._resynced.discard(connection)
        self._size -= 1
        self._addresses[connection.address] -= 1
        if not self._addresses[connection.address]:
            del self._addresses[connection.address]
        of_user = self._by_user.get(connection.user, ())
        if connection in of_user:
            staying = tuple(one for one in of_user if one is not connection)
            if staying:
                self._by_user[connection.user] = staying
            else:
                del self._by_user[connection.user]
                group = user_group(connection.user)
                self._users_by_group.pop(group, None)
                self.layer.leave(group)
        if self._drained is not None and not self._by_user:
            self._drained.set()

    def _flush_soon(self, connection: Connection) -> None:
        """Has the connection flushed when all that came in this turn of the loop is queued."""
        self._to_be_flushed().append(connection)

    def _to_be_flushed(self) -> list[Connection]:
        """Whoever is added to it is flushed at the end of this turn of the loop."""
        if not self._unflushed:
            self.loop.call_soon(self._flush)
        return self._unflushed

    def _flush(self) -> None:
        unflushed, self._unflushed = self._unflushed, []
        broadcast.flush(unflushed)

    # Hints

    def receive(self, hint: Hint) -> None:
        """Takes one hint, of the layer or of this process."""
        match hint["type"]:
            case "notify.change":
                self._take_change(hint)
            case "notify.work":
                self.sweep.wake_workers()
            case "notify.session":
                self.spawn(self.sweep.revalidate(self.of_user(hint["user"])))
            case "notify.ask":
                self.figures.asked(hint)
            case "notify.part":
                self.figures.told(hint)
            case "notify.close":
                self.close_socket(hint["user"], hint["socket"])

    def _take_change(self, hint: ChangeHint) -> None:
        at, rows, told = hints.read_change(hint)
        unflushed = self._to_be_flushed()
        waiting = len(unflushed)
        others = broadcast.offer(told, self._by_user, at, unflushed)
        written = len(unflushed) - waiting
        for connection, one in others:
            before = connection.queued_bytes
            if not connection.offer(protocol.change_frame(one), has_rows=rows.are_known):
                self._note_gap(connection, "hint")
            elif connection.queued_bytes > before:
                written += 1
                if connection.unconfirmed_since is None:
                    connection.unconfirmed_since = at
        if written:
            metrics.DELIVERIES.add("layer" if hints.came_by_layer(hint) else "process", written)
            # After the writers, which were started just now: the last one's delay, for all.
            self.loop.call_soon(self._note_written, at, written)

    def _note_written(self, at: float, sockets: int) -> None:
        metrics.WRITE_DELAY.observe(max(0.0, time.time() - at), sockets)

    def close_socket(self, user: str, socket_id: str) -> bool:
        """Closes this socket of the user's if it is here; whether it is."""
        for connection in self.of_user(user):
            if connection.id == socket_id:
                connection.close(Code.TOO_MANY_SOCKETS, "closed from another of your windows")
                return True
        return False

    def _joined(self, group: str) -> None:
        # Hints of a moment ago did not reach us yet, so look once whether there were any.
        user = self._users_by_group.get(group)
        if user is not None:
            self._unchecked.add(user)
            self._later("check", self._check_joined)
            self._judge_soon(user)

    async def _check_joined(self) -> None:
        users, self._unchecked = self._unchecked, set()
        await self.sweep.compare(users)

    def _judge_soon(self, user: str) -> None:
        """What ended between a handshake's judgement and the socket's place here, or before the
        user's group was joined, was told to others only."""
        self._unjudged.add(user)
        self._later("judge", self._judge, JUDGE_WAIT_S)

    async def _judge(self) -> None:
        users, self._unjudged = self._unjudged, set()
        await self.sweep.revalidate(chain.from_iterable(map(self.of_user, users)))

    def _layer_is_back(self) -> None:
        """Its groups are joined anew, each with a look; but others may still be sparing it."""
        self.spawn(self.sweep.compare(self.users))
        self._later("judge all", self._judge_all, PAUSE_AFTER_FAILURE_S + JUDGE_WAIT_S)

    async def _judge_all(self) -> None:
        await self.sweep.revalidate(self.connections())

    # Catching up

    async def identify(self, scope: handshake.Scope) -> authentication.Identity | None:
        """Whose handshake this is; None where nobody is signed in."""
        return await self._identities.load(scope)

    async def begin(self, connection: Connection, cursor: Cursor | None) -> None:
        """Tells a socket where its inbox is, and what it has missed."""
        found = await self._readings.load((connection.user, cursor))
        if found is None:
            connection.close(Code.NOT_SIGNED_IN, "this user does not exist")
            return
        settings = conf.current()
        # The interval and timeout tell the client what to expect; see "Client rules".
        connection.write(
            protocol.hello(
                authentication.public_user_id(connection.user),
                found,
                settings.ping_interval,
                settings.ping_timeout,
            )
        )
        if found.reset or found.since != found.version:
            await self._tell(connection, found, "connect")
        else:
            connection.queued = Cursor(found.epoch, found.version)
        self._note_news(connection)

    def resync(self, connection: Connection, cursor: Cursor | None) -> None:
        """The client says that it holds this: answers with all that it lacks, at once. Rows it gets
        once a second, and then for the last that it has said."""
        self.spawn(self._resync(connection, cursor))

    async def _resync(self, connection: Connection, cursor: Cursor | None) -> None:
        if connection.catching_up or connection in self._resynced:
            connection.asked = [cursor]  # answered after what is being read, or was a moment ago
            return
        await self._catch_up([connection], {connection: cursor}, {connection: "client"})
        self.heartbeat.ask_on(connection)

    def _note_resync(self, connection: Connection) -> None:
        self._resynced.add(connection)
        self.loop.call_later(RESYNC_EVERY_S, self._may_resync, connection)

    def _may_resync(self, connection: Connection) -> None:
        if connection in self._resynced:  # else it is gone
            self._resynced.discard(connection)
            self._answer_asked(connection)

    def _answer_asked(self, connection: Connection) -> None:
        while connection.asked:
            self.resync(connection, connection.asked.pop())

    def catch_up(self, connection: Connection, noticed_by: str) -> None:
        """The socket is behind: reads what it lacks, a moment later."""
        self._note_gap(connection, noticed_by)

    def _note_gap(self, connection: Connection, noticed_by: str) -> None:
        self._gaps.setdefault(connection, noticed_by)
        self._later("gaps", self._heal_gaps, GAP_WAIT_S)

    async def _heal_gaps(self) -> None:
        behind, self._gaps = self._gaps, {}
        ready = [one for one in behind if one.queued and not one.catching_up and not one.held]
        for start in range(0, len(ready), reading.USERS_PER_QUERY):
            lot = ready[start : start + reading.USERS_PER_QUERY]
            await self._catch_up(lot, {one: one.queued for one in lot}, behind)

    async def _catch_up(
        self,
        connections: list[Connection],
        cursors: dict[Connection, Cursor | None],
        noticed_by: dict[Connection, str],
    ) -> None:
        """Reads in one query what these sockets lack after their cursors, and tells them."""
        for connection in connections:
            connection.catching_up = True
        try:
            wanted = [(one.user, cursors[one]) for one in connections]
            readings = map(self._readings.load, wanted)
            found = await asyncio.gather(*readings, return_exceptions=True)
            for connection, one in zip(connections, found, strict=True):
                if isinstance(one, BaseException):  # the next sweep tries again
                    logger.warning("A socket could not catch up: %r", one)
                elif one is not None and connection.closing is None:
                    metrics.GAPS.add(noticed_by[connection])
                    if noticed_by[connection] == "client" and (one.reset or one.rows):
                        self._note_resync(connection)
                    await self._tell(connection, one, noticed_by[connection])
        finally:
            for connection in connections:
                connection.catching_up = False
                self._note_news(connection)
                self._answer_asked(connection)

    async def _tell(self, connection: Connection, found: Reading, way: str) -> None:
        frames = protocol.frames_of(found)
        if frames is None:
            [anew] = await self.pool.run(reading.resets, [connection.user])
            frames = protocol.frames_of(anew) if anew is not None else None
        for frame in frames or ():
            connection.queue(frame)
            metrics.DELIVERIES.add(way)
            if connection.unacknowledged_bytes > HOLD_ABOVE_BYTES:
                connection.held = True  # the rest when the client has confirmed some
                return

    def _note_news(self, connection: Connection) -> None:
        """What was offered while the socket was being told: is it among what it was told?"""
        news, connection.news = connection.news, None
        if news is not None and connection.is_behind(news.epoch, news.since):
            self._note_gap(connection, "hint")

    # Tasks

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs it as a task of the hub's; a failure is logged, and healed by the next sweep."""
        task = self.loop.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _later(
        self, name: str, work: Callable[[], Coroutine[Any, Any, None]], delay: float = GAP_WAIT_S
    ) -> None:
        if name in self._timers:
            return

        def run() -> None:
            del self._timers[name]
            self.spawn(work())

        self._timers[name] = self.loop.call_later(delay, run)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:
        logger.warning("The hub could not do a part of its work: %r", error, exc_info=True)

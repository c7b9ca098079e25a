"""Pings all sockets of this process from one timing wheel, without a task for each.

The server drives the heartbeat, because browsers throttle the timers of hidden tabs to one a
minute but do not throttle `onmessage`. If a ping is not answered within `ping_timeout`, the socket
is closed with 4504, or with 4508 if more than 256 KiB are unacknowledged, too.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from math import ceil

from notify import conf, protocol
from notify.live.connection import (
    CLOSE_ABOVE_BYTES,
    PING_ABOVE_BYTES,
    Connection,
    SentPing,
)
from notify.protocol import Code

JITTER = 0.1  # share of the interval: sockets opened together are not pinged together
SLOTS_PER_SECOND = 32  # everything due in one slot is done at its end, in one turn of the loop


def _random_numbers() -> Iterator[int]:
    """Endless numbers of 16 bits. Reads 2,048 of them from the kernel at a time, because each read
    costs a twenty-fifth of an idle socket's CPU (docs/performance.md)."""
    while True:
        yield from memoryview(secrets.token_bytes(4096)).cast("H")


class Heartbeat:
    """`clock` is monotonic, in seconds; `call_at` calls back at a time of that clock; `spread`
    returns random numbers from 0 to 1."""

    def __init__(
        self,
        clock: Callable[[], float],
        call_at: Callable[[float, Callable[[], None]], asyncio.TimerHandle],
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._call_at = call_at
        self._spread = spread
        # Ascending, but unpredictable: a pong acknowledges what was sent before its ping, and a
        # client must not be able to answer a ping that it has not read.
        self._ids = (n << 16 | unguessable for n, unguessable in zip(count(1), _random_numbers()))
        # By slot: the socket, and the id of the ping whose deadline this is; None if the next ping
        # is due. In a heap of all sockets each push and pop would touch a dozen others.
        self._wheel: dict[int, list[tuple[Connection, int | None]]] = {}
        self._slots: list[int] = []  # a heap
        self._timer: asyncio.TimerHandle | None = None
        self._settings = conf.current()

    def add(self, connection: Connection) -> None:
        interval = self._settings.ping_interval
        if interval is not None:
            self._schedule(self._next_beat(interval), connection)

    def ping(self, connection: Connection) -> None:
        """Pings now, independent of the interval."""
        cursor = connection.queued
        if cursor is None or connection.closing is not None:
            return
        id_, now = next(self._ids), self._clock()
        connection.note_ping(id_, cursor, now)
        connection.write(protocol.ping(id_, cursor))
        if self._settings.ping_timeout is not None:
            self._schedule(now + self._settings.ping_timeout, connection, id_)

    def answered(self, connection: Connection, pong: protocol.Pong) -> SentPing | None:
        """Takes a pong. Returns the ping that it answers; None if no such ping is open."""
        return connection.acknowledge(pong, self._clock())

    def fell_behind(self, connection: Connection) -> None:
        """Pings to learn what the client has; closes the socket if far too much is
        unacknowledged."""
        if connection.unacknowledged_bytes > CLOSE_ABOVE_BYTES:
            connection.close(Code.SLOW_READER, "slow reader")
        elif not connection.pings:
            self.ping(connection)

    def ask_on(self, connection: Connection) -> None:
        """Pings again if a pong did not acknowledge enough, because it answered an early ping.
        Otherwise a held client would get nothing until the next ping is due."""
        if connection.held or connection.unacknowledged_bytes > PING_ABOVE_BYTES:
            self.fell_behind(connection)

    def advance(self) -> None:
        """Does everything that is due now."""
        now = self._clock() * SLOTS_PER_SECOND
        try:
            while self._slots and self._slots[0] <= now:
                for connection, id_ in self._wheel.pop(heappop(self._slots)):
                    if id_ is None:
                        self._beat(connection)
                    else:
                        self._check_deadline(connection, id_)
        finally:
            self._set_timer()

    def stop(self) -> None:
        self._wheel.clear()
        self._slots.clear()
        self._set_timer()

    def _beat(self, connection: Connection) -> None:
        if connection.closing is None and self._settings.ping_interval is not None:
            self.ping(connection)
            self._schedule(self._next_beat(self._settings.ping_interval), connection)

    def _check_deadline(self, connection: Connection, id_: int) -> None:
        if id_ not in connection.pings:
            return
        if connection.unacknowledged_bytes > PING_ABOVE_BYTES:
            connection.close(Code.SLOW_READER, "slow reader")
        else:
            connection.close(Code.PING_TIMEOUT, "no pong in time")

    def _next_beat(self, interval: float) -> float:
        return self._clock() + interval * (1 + JITTER * (2 * self._spread() - 1))

    def _schedule(self, when: float, connection: Connection, id_: int | None = None) -> None:
        slot = ceil(when * SLOTS_PER_SECOND)
        due = self._wheel.get(slot)
        if due is None:
            due = self._wheel[slot] = []
            heappush(self._slots, slot)
            if self._slots[0] == slot:
                self._set_timer()
        due.append((connection, id_))

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._slots:
            self._timer = self._call_at(self._slots[0] / SLOTS_PER_SECOND, self.advance)

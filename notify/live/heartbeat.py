"""One ping wheel a process, not a task a socket.

The server drives the heartbeat, because browsers slow the timers of hidden tabs to one a minute
but do not slow `onmessage`. A ping that is not answered within `ping_timeout` closes the socket
with 4504; with 4508 where the client also has more than 256 KiB to confirm.
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

JITTER = 0.1  # of the interval, so that sockets opened together are not pinged together
SLOTS_A_SECOND = 32  # what is due in one slot is done at its end, in one turn of the loop


def _random_numbers() -> Iterator[int]:
    """Of 16 bits, without end; the kernel is asked for 2,048 at a time, as each asking costs a
    twenty-fifth of an idle socket's CPU (docs/performance.md)."""
    while True:
        yield from memoryview(secrets.token_bytes(4096)).cast("H")


class Heartbeat:
    """`clock` is in seconds and never goes back; `call_at` calls back at such a time; `spread`
    gives numbers from 0 to 1."""

    def __init__(
        self,
        clock: Callable[[], float],
        call_at: Callable[[float, Callable[[], None]], asyncio.TimerHandle],
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._call_at = call_at
        self._spread = spread
        # Rising, and nobody's to guess: a pong acknowledges what was sent before its ping, and a
        # client that has not read it must not say so.
        self._ids = (n << 16 | unguessable for n, unguessable in zip(count(1), _random_numbers()))
        # By slot: whose, and which ping has its deadline; None where the next is to be sent. In a
        # heap of all sockets each push and pop would touch a dozen others.
        self._wheel: dict[int, list[tuple[Connection, int | None]]] = {}
        self._slots: list[int] = []  # a heap
        self._timer: asyncio.TimerHandle | None = None
        self._settings = conf.current()

    def add(self, connection: Connection) -> None:
        interval = self._settings.ping_interval
        if interval is not None:
            self._at(self._next(interval), connection)

    def ping(self, connection: Connection) -> None:
        """Pings now, whatever the wheel says."""
        if connection.queued is None or connection.closing is not None:
            return
        id_, now = next(self._ids), self._clock()
        connection.pings[id_] = SentPing(now, connection.queued_bytes, connection.queued)
        connection.write(protocol.ping(id_, connection.queued))
        if self._settings.ping_timeout is not None:
            self._at(now + self._settings.ping_timeout, connection, id_)

    def answered(self, connection: Connection, pong: protocol.Pong) -> SentPing | None:
        """Takes a pong; the ping that it answers, or None for one that was never sent."""
        sent = connection.pings.get(pong.id)
        if sent is None:
            return None
        for id_ in [id_ for id_ in connection.pings if id_ <= pong.id]:
            del connection.pings[id_]
        connection.latency = self._clock() - sent.at
        connection.acknowledged_bytes = max(connection.acknowledged_bytes, sent.queued_bytes)
        return sent

    def fell_behind(self, connection: Connection) -> None:
        """Asks the client how far it is; gives up one that owes far too much."""
        if connection.unacknowledged_bytes > CLOSE_ABOVE_BYTES:
            connection.close(Code.SLOW_READER, "slow reader")
        elif not connection.pings:
            self.ping(connection)

    def ask_on(self, connection: Connection) -> None:
        """Asks again where a pong did not confirm enough, as it answered a ping of before. Else a
        client that is held would hear nothing until the next one is due."""
        if connection.held or connection.unacknowledged_bytes > PING_ABOVE_BYTES:
            self.fell_behind(connection)

    def advance(self) -> None:
        """Does all that is due now."""
        now = self._clock() * SLOTS_A_SECOND
        try:
            while self._slots and self._slots[0] <= now:
                for connection, id_ in self._wheel.pop(heappop(self._slots)):
                    if id_ is None:
                        self._beat(connection)
                    else:
                        self._judge(connection, id_)
        finally:
            self._wind()

    def stop(self) -> None:
        self._wheel.clear()
        self._slots.clear()
        self._wind()

    def _beat(self, connection: Connection) -> None:
        if connection.closing is None and self._settings.ping_interval is not None:
            self.ping(connection)
            self._at(self._next(self._settings.ping_interval), connection)

    def _judge(self, connection: Connection, id_: int) -> None:
        if id_ not in connection.pings:
            return
        if connection.unacknowledged_bytes > PING_ABOVE_BYTES:
            connection.close(Code.SLOW_READER, "slow reader")
        else:
            connection.close(Code.PING_TIMEOUT, "no pong in time")

    def _next(self, interval: float) -> float:
        return self._clock() + interval * (1 + JITTER * (2 * self._spread() - 1))

    def _at(self, when: float, connection: Connection, id_: int | None = None) -> None:
        slot = ceil(when * SLOTS_A_SECOND)
        due = self._wheel.get(slot)
        if due is None:
            due = self._wheel[slot] = []
            heappush(self._slots, slot)
            if self._slots[0] == slot:
                self._wind()
        due.append((connection, id_))

    def _wind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._slots:
            self._timer = self._call_at(self._slots[0] / SLOTS_A_SECOND, self.advance)

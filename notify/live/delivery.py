"""Brings the change in a hint to the sockets of its users, and flushes them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from notify import metrics, protocol
from notify.bus import hints
from notify.bus.hints import ChangeHint
from notify.live import broadcast
from notify.live.connection import Connection


class Delivery:
    """`sockets` are all open ones, by user. `call_soon` is the event loop's. `note_gap` is called
    for a socket that something is missing for, with what noticed it."""

    def __init__(
        self,
        sockets: Mapping[str, tuple[Connection, ...]],
        call_soon: Callable[..., Any],
        note_gap: Callable[[Connection, str], None],
    ) -> None:
        self._sockets = sockets
        self._call_soon = call_soon
        self._note_gap = note_gap
        self._unflushed: list[Connection] = []

    def take(self, hint: ChangeHint) -> None:
        """Queues the change for each socket whose queue ends where the change begins."""
        at, rows, steps = hints.read_change(hint)
        unflushed = self._to_be_flushed()
        unflushed_before = len(unflushed)
        # One frame for each language that somebody reads here, however many they are.
        rows_in = cache(partial(hints.rows_in, hint)) if hint.get("params") else None
        others = broadcast.offer(steps, self._sockets, at, unflushed, rows_in)
        written = len(unflushed) - unflushed_before
        for connection, step in others:
            bytes_before = connection.queued_bytes
            if not connection.offer(protocol.change_frame(step), has_rows=rows.are_known):
                self._note_gap(connection, "hint")
            elif connection.queued_bytes > bytes_before:
                written += 1
                if connection.unconfirmed_since is None:
                    connection.note_unconfirmed(at)
        if written:
            metrics.DELIVERIES.add("layer" if hints.came_by_layer(hint) else "process", written)
            # Runs after the writers that were started just now: the delay of the last one, for all.
            self._call_soon(_note_written, at, written)

    def flush_soon(self, connection: Connection) -> None:
        """Flushes the socket at the end of this turn of the loop, when everything that comes in
        the turn is queued."""
        self._to_be_flushed().append(connection)

    def _to_be_flushed(self) -> list[Connection]:
        """The sockets that are flushed at the end of this turn of the loop."""
        if not self._unflushed:
            self._call_soon(self._flush)
        return self._unflushed

    def _flush(self) -> None:
        unflushed, self._unflushed = self._unflushed, []
        broadcast.flush(unflushed)


def _note_written(at: float, sockets: int) -> None:
    metrics.WRITE_DELAY.observe(max(0.0, time.time() - at), sockets)

"""The fast path of a hint with one notice: one loop offers it to its sockets, another writes it.

Nearly all sockets are in the usual state when a notice comes: everything before it was queued, the
queue is empty, and their last frame was written completely. The general path takes a dozen calls
and a frame object for each of them. Here the recipient's part of the hint is queued as it came,
and one template makes all frames: docs/performance.md has the gain.

Sockets in another state, and hints of several notices or of changed rows, take the general path:
`Connection.offer` and `Connection.flush`. It also writes what was queued here if
`NOTIFY_DIRECT_WRITES` is off or the server is not `manage.py serve`. Both paths send the same bytes
(tests/unit/live/test_broadcast.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from notify.changes import Locale
from notify.live.connection import PING_ABOVE_BYTES, Connection
from notify.live.direct import frame
from notify.protocol import Rows, UserChange

logger = logging.getLogger(__name__)


def offer(
    steps: Iterable[UserChange],
    sockets: Mapping[str, tuple[Connection, ...]],
    at: float,
    unflushed: list[Connection],
    rows_in: Callable[[Locale], Rows] | None = None,
) -> list[tuple[Connection, UserChange]]:
    """Queues each step for those sockets of its user whose queue is empty and ends where the step
    begins, and adds them to `unflushed`.

    Assigns to the attributes of a Connection itself: a method would be one more call for each.

    Args:
        steps: of one hint.
        sockets: all open ones, by user.
        at: when the change was committed (seconds, wall clock).
        unflushed: sockets that will be flushed at the end of this turn of the loop.
        rows_in: the rows as a socket's locale has them, where that makes a difference.

    Returns:
        The other sockets, each with the step for its `Connection.offer`.
    """
    others = []
    for step in steps:
        user, epoch, start, to, _, _, _, rows = step
        for connection in sockets.get(user, ()):
            if rows_in is not None:
                rows = rows_in(connection.locale)
                step = (*step[:-1], rows)  # noqa: PLW2901
            queued_bytes = connection.queued_bytes + rows.size
            if (
                connection.queued_version == start
                and to == start + 1  # else the hint comes from another version of notify
                and connection.queued_epoch == epoch
                and not connection.outbox
                and not connection.catching_up
                and not connection.held
                and connection.closing is None
                and queued_bytes - connection.acknowledged_bytes <= PING_ABOVE_BYTES
                and rows.template
            ):
                connection.queued_version = to
                connection.queued_bytes = queued_bytes
                connection.outbox = (step,)
                if connection.unconfirmed_since is None:
                    connection.unconfirmed_since = at
                unflushed.append(connection)
            else:
                others.append((connection, step))
    return others


def flush(unflushed: Iterable[Connection]) -> None:
    """Writes what is queued for these sockets: a single notice straight into the transport if that
    is free, else by `Connection.flush`. Aborts a socket that cannot be written to, and goes on."""
    for connection in unflushed:
        outbox, direct = connection.outbox, connection.direct
        try:
            # An ended socket has an empty outbox, and a closing one has `bye` in it. If the direct
            # writer is free, its socket is open, and no task writes to it.
            if (
                direct is not None
                and direct.is_free
                and len(outbox) == 1
                and isinstance(step := outbox[0], tuple)
            ):
                _, epoch, start, to, unseen, unread, badge, rows = step
                data = rows.template % (epoch.encode(), start, to, unseen, unread, badge, to, to)
                connection.outbox = ()
                direct.send(frame(data))
            else:
                connection.flush()
        except Exception:
            logger.exception("Socket %s cannot be written to, and is aborted.", connection.id)
            connection.abort()

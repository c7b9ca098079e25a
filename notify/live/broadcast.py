"""The fast path of one notice: offered in one loop to its sockets, written in another.

Nearly all sockets are in the usual state when a notice comes: they were told all that was before
it, nothing waits for them, and their last frame went out whole. The plain way is a dozen calls and
a frame of its own for each. Here the recipient's part of the hint waits as it came, and one
template makes the frames of all: docs/performance.md has what that is worth.

All else goes the plain way, by `Connection.offer` and `Connection.flush`: sockets in another state,
hints of several notices or of rows that changed; and what was offered here is written by it where
`NOTIFY_DIRECT_WRITES` is off, or the server is no `manage.py serve`. The bytes are the same
(tests/unit/live/test_broadcast.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from notify.live.connection import PING_ABOVE_BYTES, Connection
from notify.live.direct import frame
from notify.protocol import UserChange

logger = logging.getLogger(__name__)


def offer(
    hint: Iterable[UserChange],
    sockets: Mapping[str, tuple[Connection, ...]],
    at: float,
    unflushed: list[Connection],
) -> list[tuple[Connection, UserChange]]:
    """`Connection.offer` for what follows the last that was queued, and waits alone: such sockets
    are added to the `unflushed`. Returns the others, each with what it is to be offered."""
    others = []
    for told in hint:
        user, epoch, start, to, _, _, rows = told
        for connection in sockets.get(user, ()):
            queued_bytes = connection.queued_bytes + rows.size
            if (
                connection.queued_version == start
                and to == start + 1  # or another version of us made the hint
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
                connection.outbox = (told,)
                if connection.unconfirmed_since is None:
                    connection.unconfirmed_since = at
                unflushed.append(connection)
            else:
                others.append((connection, told))
    return others


def flush(unflushed: Iterable[Connection]) -> None:
    """Writes what waits for these; first looks whether that is one notice, and nothing is before
    it on the transport. Whoever cannot be written to is cut off, and nobody waits for them."""
    for connection in unflushed:
        outbox, direct = connection.outbox, connection.direct
        try:
            # Who is ended has no outbox, and who is closing has `bye` in it. A free writer's socket
            # is open, so that no task writes to it.
            if (
                direct is not None
                and direct.is_free
                and len(outbox) == 1
                and isinstance(told := outbox[0], tuple)
            ):
                _, epoch, start, to, unseen, unread, rows = told
                data = rows.template % (epoch.encode(), start, to, unseen, unread, to, to)
                connection.outbox = ()
                direct.send(frame(data))
            else:
                connection.flush()
        except Exception:
            logger.exception("Socket %s cannot be written to, and is cut off.", connection.id)
            connection.abort()

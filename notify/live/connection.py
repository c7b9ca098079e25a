"""One open socket as the hub sees it: what was queued for it, and what its client acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from notify import protocol
from notify.access.authentication import Identity
from notify.changes import Cursor, Locale
from notify.live.direct import DirectWriter
from notify.live.frame_writer import FrameWriter, Send

PING_ABOVE_BYTES = 256 * 1024  # unacknowledged: ping at once, to learn what the client has
HOLD_ABOVE_BYTES = 512 * 1024  # unacknowledged: leave further changes in the database
CLOSE_ABOVE_BYTES = 1024 * 1024


class SentPing(NamedTuple):
    at: float  # loop time, in seconds
    queued_bytes: int  # before it
    cursor: Cursor  # the end of what was queued before it


class Connection(FrameWriter):
    """Runs in the event loop. `fell_behind` is called with each frame that is queued while more
    than 256 KiB are unacknowledged. See `FrameWriter` for `lost` and `flush_soon`.

    Only its own methods assign to its attributes, except for `broadcast.offer`, which saves a
    call for each socket.
    """

    __slots__ = (
        "_fell_behind",
        "acknowledged",
        "acknowledged_bytes",
        "address",
        "catching_up",
        "device",
        "held",
        "identity",
        "latency",
        "locale",
        "news",
        "opened_at",
        "pings",
        "postponed",
        "queued_bytes",
        "queued_epoch",
        "queued_version",
        "unconfirmed_since",
        "watched",
        "written_acknowledgement",
    )

    def __init__(
        self,
        identity: Identity,
        send: Send,
        locale: Locale,
        *,
        lost: Callable[[], None],
        fell_behind: Callable[[Connection], None],
        flush_soon: Callable[[Connection], None],
        loop: asyncio.AbstractEventLoop,
        direct: DirectWriter | None = None,
        address: str = "",
        device: str = "",
    ) -> None:
        super().__init__(send, lost=lost, flush_soon=flush_soon, loop=loop, direct=direct)
        self.identity = identity
        self.locale = locale
        self.address = address
        self.device = device
        self.opened_at = loop.time()
        # The end of what was queued (see `queued`), as two attributes, which take less memory.
        self.queued_epoch: str | None = None
        self.queued_version = 0
        # Its rows are being read: changes that are offered meanwhile are only noted.
        self.catching_up = False
        self.news: Cursor | None = None  # the end of the newest of those
        # The cursor of the last `sync` that has to wait, in a list because it may be None.
        self.postponed: list[Cursor | None] = []
        # Too much is unacknowledged: new changes stay in the database until a pong comes.
        self.held = False
        self.watched: frozenset[str] = frozenset()  # topics of figures
        self.latency: float | None = None  # of the last pong, in seconds
        self.acknowledged: Cursor | None = None
        # When the oldest unacknowledged change was committed (seconds, wall clock).
        self.unconfirmed_since: float | None = None
        self.written_acknowledgement: Cursor | None = None  # as far as the database knows
        self.queued_bytes = 0  # of all frames that were ever queued
        self.acknowledged_bytes = 0
        self.pings: dict[int, SentPing] = {}  # without an answer yet, by id
        self._fell_behind = fell_behind

    @property
    def user(self) -> str:
        return self.identity.user

    @property
    def queued(self) -> Cursor | None:
        """The end of what was queued; None until the socket knows where its inbox is."""
        return None if self.queued_epoch is None else Cursor(self.queued_epoch, self.queued_version)

    @property
    def unacknowledged_bytes(self) -> int:
        return self.queued_bytes - self.acknowledged_bytes

    # Changes of the inbox

    def start_at(self, cursor: Cursor) -> None:
        """The client holds everything up to this cursor."""
        self.queued_epoch, self.queued_version = cursor

    def offer(self, frame: protocol.InboxFrame, *, has_rows: bool = True) -> bool:
        """Queues a change if it begins where the queue ends.

        Returns False for a gap: something before the change is missing, or its rows are.
        """
        epoch, since = self.queued_epoch, self.queued_version
        if epoch is None or self.catching_up:
            self._note_news(Cursor(frame.epoch, frame.to))
            return True
        is_same_epoch = frame.epoch == epoch
        if is_same_epoch and frame.to <= since:
            return True
        if self.held:
            return True
        if not is_same_epoch or frame.start != since or not has_rows:
            return False
        if self.queued_bytes - self.acknowledged_bytes > HOLD_ABOVE_BYTES:
            self.held = True
        else:
            self.queue(frame)
        return True

    def _note_news(self, end: Cursor) -> None:
        news = self.news
        if news is None or news.epoch != end.epoch or news.since < end.since:
            self.news = end

    def is_behind(self, epoch: str, version: int) -> bool:
        """Whether the inbox has more than was queued."""
        if self.queued_epoch is None:
            return False
        return self.queued_epoch != epoch or self.queued_version < version

    def begin_catch_up(self) -> None:
        """Its rows are about to be read from the database."""
        self.catching_up = True

    def end_catch_up(self) -> bool:
        """What was read is queued. Returns whether a change that was offered meanwhile is still
        missing."""
        self.catching_up = False
        news, self.news = self.news, None
        return news is not None and self.is_behind(news.epoch, news.since)

    def postpone_sync(self, cursor: Cursor | None) -> None:
        """Keeps the cursor of the client's last `sync`, to be answered later."""
        self.postponed = [cursor]

    def take_postponed_sync(self) -> list[Cursor | None]:
        """Returns that cursor, in a list that is empty if there is none, and forgets it."""
        postponed, self.postponed = self.postponed, []
        return postponed

    def hold(self) -> None:
        """Leaves new changes in the database until the client has acknowledged some."""
        self.held = True

    def release(self) -> None:
        self.held = False

    # What the client acknowledges

    def note_ping(self, id_: int, cursor: Cursor, at: float) -> None:
        """A ping is about to be queued. `at` is in seconds of the loop's clock."""
        self.pings[id_] = SentPing(at, self.queued_bytes, cursor)

    def acknowledge(self, pong: protocol.Pong, at: float) -> SentPing | None:
        """Takes a pong, which also answers all earlier pings.

        Returns the ping that it answers; None if no such ping is open.
        """
        sent = self.pings.get(pong.id)
        if sent is None:
            return None
        for id_ in [id_ for id_ in self.pings if id_ <= pong.id]:
            del self.pings[id_]
        self.latency = at - sent.at
        self.acknowledged_bytes = max(self.acknowledged_bytes, sent.queued_bytes)
        if pong.cursor.epoch == sent.cursor.epoch:
            self.acknowledged = pong.cursor
        return sent

    def note_unconfirmed(self, at: float) -> None:
        """A change was queued after the client had confirmed all others. `at` is when it was
        committed (seconds, wall clock)."""
        self.unconfirmed_since = at

    def confirm(self) -> None:
        """The client has applied everything that was queued."""
        self.unconfirmed_since = None

    def unwritten_acknowledgement(self) -> int:
        """The version that the client has applied and the database does not know of yet; else 0."""
        acknowledged = self.acknowledged
        if acknowledged is None or acknowledged.epoch != self.queued_epoch:
            return 0
        written = self.written_acknowledgement
        known = written.since if written and written.epoch == acknowledged.epoch else 0
        since = min(acknowledged.since, self.queued_version)  # it cannot have more than was queued
        return since if since > known else 0

    def note_written_acknowledgement(self, version: int) -> None:
        """The database knows that this user's clients have applied this version."""
        self.written_acknowledgement = Cursor(self.queued_epoch or "", version)

    # Figures

    def watch(self, topic: str) -> None:
        self.watched |= {topic}

    def unwatch(self, topic: str) -> None:
        self.watched -= {topic}

    # Queueing

    def queue(self, frame: protocol.InboxFrame) -> None:
        """Queues a frame, joined with the last one in the queue if the two are contiguous."""
        if self.queued_epoch != frame.epoch:  # else the hint's copy of it is freed with the hint
            self.queued_epoch = frame.epoch
        self.queued_version = frame.to
        if self.outbox:
            last = self.outbox[-1]
            if isinstance(last, tuple):
                last = protocol.change_frame(last)
            if isinstance(last, protocol.InboxFrame) and last.joins(frame):
                self.outbox = (*self.outbox[:-1], last.join(frame))
                self._count(frame.size)
                return
        self._append(frame, frame.size)

    def write(self, text: str) -> None:
        """Queues a frame of another type."""
        self._append(text, len(text))

    def _append(self, frame: str | protocol.InboxFrame, size: int) -> None:
        if self.closing is None:
            if not self.outbox:
                self._flush_soon(self)
            self.outbox += (frame,)
            self._count(size)

    def _count(self, size: int) -> None:
        self.queued_bytes += size
        if self.queued_bytes - self.acknowledged_bytes > PING_ABOVE_BYTES:
            self._fell_behind(self)

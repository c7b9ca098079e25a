"""The frames of one client, and what each of them does."""

from __future__ import annotations

import logging
import re
import time

from notify import conf, metrics, protocol
from notify.bus.publisher import publisher
from notify.changes import Cursor
from notify.live import events
from notify.live.connection import HOLD_ABOVE_BYTES, Connection
from notify.live.hub import Hub
from notify.live.mark_queue import MarkQueue
from notify.live.token_bucket import TokenBucket
from notify.protocol import Code, Error, Refused

logger = logging.getLogger(__name__)

MAX_ERRORS, ERROR_WINDOW_S = 3, 10.0
CLOSES_PER_SECOND, CLOSES_BURST = 1, 20  # of sockets that are not in this process
_SOCKET_ID = re.compile("[0-9a-f]{16}").fullmatch  # `Connection.id`
_LOOKS_LIKE_PONG = re.compile(rb'\s*\{\s*"type"\s*:\s*"pong"').match


class Commands:
    """Carries out a client's frames within its rate limit."""

    __slots__ = (
        "_bucket",
        "_closes",
        "_connection",
        "_error_times",
        "_hub",
        "_marks",
        "_refused_frames",
    )

    def __init__(self, hub: Hub, connection: Connection) -> None:
        self._hub = hub
        self._connection = connection
        self._marks = MarkQueue(hub, connection)
        settings = conf.current()
        self._bucket = TokenBucket(settings.frames_per_second, settings.frames_burst, hub.loop.time)
        self._closes: TokenBucket | None = None  # most sockets never close another
        self._error_times: list[float] = []  # of the latest MAX_ERRORS, in loop time
        self._refused_frames = 0  # in a row, by the rate limit

    def stop(self) -> None:
        """Gives up the marks that are queued."""
        self._marks.stop()

    def hear_pong(self, payload: bytes) -> bool:
        """Takes a pong before it gets into the ASGI queue: there are thousands a minute, and the
        frames in the queue do not affect them.

        Args:
            payload: The payload of a text frame.

        Returns:
            Whether it was taken. Any other frame goes through the queue.
        """
        if self._connection.closing is not None:
            return False
        pong = protocol.fast_parse_pong(payload)
        if pong is None and not _LOOKS_LIKE_PONG(payload):
            return False
        try:
            self.take(payload.decode(), pong)
        except Exception:  # the server could not handle it
            logger.exception("A pong could not be handled.")
            self._connection.close(Code.INTERNAL_ERROR, "internal error")
        return True

    def take(self, text: str, parsed: protocol.ClientFrame | None = None) -> None:
        """Carries out a frame, or answers it by an error, or closes the socket.

        Args:
            text: The frame.
            parsed: The same frame, if it has been parsed.
        """
        if wait := self._bucket.take():
            self._limit(wait)
            return
        self._refused_frames = 0
        try:
            self._carry_out(parsed or protocol.parse(text))
        except protocol.Malformed as error:
            self._connection.close(Code.MALFORMED, str(error))
        except Refused as refused:
            self._answer_error(refused)

    def _limit(self, wait: float) -> None:
        connection = self._connection
        self._refused_frames += 1
        metrics.FRAMES_REFUSED.add(Error.RATE_LIMITED)
        if self._refused_frames == 1:
            metrics.LIMITS.add("frames")
            events.log("limit", what="frames", id=connection.id, user=connection.user)
            refused = Refused(
                Error.RATE_LIMITED, "too many frames", retry_after=max(0.1, round(wait, 1))
            )
            connection.write(protocol.error(refused))
        elif self._refused_frames > conf.current().frames_burst:
            connection.close(Code.TOO_MANY_FRAMES, "too many frames")

    def _answer_error(self, refused: Refused) -> None:
        metrics.FRAMES_REFUSED.add(refused.code)
        self._connection.write(protocol.error(refused))
        if refused.code in {Error.RATE_LIMITED, Error.UNKNOWN_TYPE, Error.UNAVAILABLE}:
            return
        now = self._hub.loop.time()
        self._error_times = [*self._error_times, now][-MAX_ERRORS:]
        if len(self._error_times) == MAX_ERRORS and now - self._error_times[0] <= ERROR_WINDOW_S:
            self._connection.close(Code.MALFORMED, "too many refused frames")

    def _carry_out(self, frame: protocol.ClientFrame) -> None:
        connection = self._connection
        match frame:
            case protocol.Pong():
                self._take_pong(connection, frame)
            case protocol.Ping():
                connection.write(protocol.pong(frame.id))
            case protocol.Sync():
                self._hub.resync(connection, frame.cursor)
            case protocol.MarkIds() | protocol.MarkThrough() | protocol.Undo() | protocol.Opened():
                self._marks.put(frame)
            case protocol.CloseSocket():
                self._close_socket(frame)
            case protocol.Watch():
                self._hub.figures.watch(connection, frame.topic, self._answer_error)
            case protocol.Unwatch():
                self._hub.figures.unwatch(connection, frame.topic)

    def _take_pong(self, connection: Connection, pong: protocol.Pong) -> None:
        sent = self._hub.heartbeat.answered(connection, pong)
        if sent is None:
            return
        self._note_pong(connection, pong)
        if pong.cursor.epoch != sent.cursor.epoch or pong.cursor.since < sent.cursor.since:
            self._hub.resync(connection, pong.cursor)
            return
        if connection.held and connection.unacknowledged_bytes <= HOLD_ABOVE_BYTES:
            connection.release()
            self._hub.catch_up(connection, "resumed")
        self._hub.heartbeat.ask_on(connection)

    def _note_pong(self, connection: Connection, pong: protocol.Pong) -> None:
        if connection.latency is not None:
            metrics.LATENCY.observe(connection.latency)
        since = connection.unconfirmed_since
        if since is not None and pong.cursor == connection.queued:
            metrics.ACKNOWLEDGE_DELAY.observe(max(0.0, time.time() - since))
            connection.confirm()

    def _close_socket(self, frame: protocol.CloseSocket) -> None:
        connection = self._connection
        if connection.identity.by_token:
            raise Refused(
                Error.FORBIDDEN, "an API token may not close its user's sockets", ref=frame.ref
            )
        if not self._hub.close_socket(connection.user, frame.id) and _SOCKET_ID(frame.id):
            self._close_elsewhere(frame)
        queued = connection.queued or Cursor("", 0)
        connection.write(protocol.done(frame.ref, queued.since))

    def _close_elsewhere(self, frame: protocol.CloseSocket) -> None:
        """Has another process close the socket, if it is there."""
        if self._closes is None:
            self._closes = TokenBucket(CLOSES_PER_SECOND, CLOSES_BURST, self._hub.loop.time)
        if wait := self._closes.take():
            raise Refused(
                Error.RATE_LIMITED,
                "too many requests to close sockets",
                ref=frame.ref,
                retry_after=max(0.1, round(wait, 1)),
            )
        publisher.publish_close(self._connection.user, frame.id)

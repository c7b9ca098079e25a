"""Daphne, as `manage.py serve` runs it: all of Daphne's options, and what a production week needs.

- SIGTERM drains: the port is closed, every socket is told 4503, requests under way end, and the
  process exits within 30 s; a second SIGTERM ends it at once.
- What waits is bounded: frames of 64 KiB, 64 of them waiting to be handled, sockets within the
  limit of file descriptors, bodies of requests.
- An application that fails ends its own connection and nothing else. (Daphne's supervisor ends
  for the life of the process when an HTTP view fails in the middle of its response.)

By subclassing, without a fork. The names of Daphne, Twisted and autobahn that are touched here and
are not public have a contract test each, in tests/unit/serve/test_server_contract.py.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from autobahn.websocket.types import ConnectionDeny
from daphne.cli import CommandLineInterface
from daphne.http_protocol import WebRequest
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from twisted.internet import defer
from twisted.internet import reactor as _reactor
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import connectionDone

from notify.live.direct import DirectWriter
from notify.live.hub import current_hub
from notify.protocol import Code
from notify.serve.proxy_headers import ProxyHeaders, expected_by_settings
from notify.serve.requests import MAX_BODY_BYTES, BoundedFactory

logger = logging.getLogger(__name__)
reactor: Any = _reactor

MAX_MESSAGE_BYTES = 64 * 1024
MAX_WAITING_FRAMES = 64
MAX_OTHER_FRAMES_A_SECOND = 100  # than text and binary ones that begin a message
BACKLOG = 4096  # connections that wait to be accepted; the kernel's somaxconn may be lower
HANDSHAKE_S = 30  # for thousands that come at once; nginx cuts off who is slow to say anything
NEVER_S = 10**9
DRAIN_S = 25.0  # for requests under way; with all else it must stay below the next
EXIT_WITHIN_S = 29.0  # of the signal, whatever does not end
ROUND_S = 10.0  # between two looks at all connections
FILES_FOR_OTHER_USE = 200  # descriptors that are not sockets: database, Redis, logs
# New objects until the garbage collector looks at them, and how often it then looks at the older
# and at the oldest ones, too (from Python 3.14 on it decides the last by itself). Python's own are
# 700 (2,000 from 3.13 on), 10, 10. A notice to 8,000 sockets makes 16,000 that live a moment, and
# the collector took 40 % of the CPU of a delivery with its looks at them and at all that the
# sockets consist of; to look through all that 10,000 consist of takes 0.7 s, in which nobody is
# served (docs/performance.md). A closed socket leaves it nothing: what would hold itself, or be
# held, is let go of below and in `Connection.forget`.
COLLECT = (20_000, 5, 50)
TEXT, MASKED = 0x81, 0x80  # RFC 6455, 5.2: FIN and opcode 1; the bit beside the length
TEXT_OR_BINARY = (1, 2)  # opcodes; with one of them a message begins


def _short_text(data: bytes) -> bytes | None:
    """The payload, where the data is one whole text frame of a client and nothing else: not
    fragmented, no extension (RSV), masked, of 1 to 125 bytes. ASCII only, which needs no check of
    its UTF-8. RFC 6455, 5.2 and 5.3."""
    size = len(data) - 6  # before it: two bytes, and the mask of four
    if not 0 < size < 126 or data[0] != TEXT or data[1] != MASKED | size:
        return None
    mask = (data[2:6] * 32)[:size]
    masked = int.from_bytes(data[6:], "big")
    payload = (masked ^ int.from_bytes(mask, "big")).to_bytes(size, "big")
    return payload if payload.isascii() else None


class BoundedProtocol(WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    """A socket whose client cannot fill the memory with frames that wait to be handled."""

    maxMessagePayloadSize: int  # noqa: N815  autobahn's
    # Is given each text frame first; takes it if it says so. See `DirectWriter.hear_first`.
    first_hearer: Callable[[bytes], bool] | None = None
    # Writes past autobahn, and has to look whether it still may where that writes, or closes.
    direct_writer: DirectWriter | None = None
    _state: int | None = None
    _others = 0  # frames, in this second of the monotonic clock
    _counted_in = 0

    @property
    def state(self) -> int | None:
        return self._state

    @state.setter
    def state(self, state: int) -> None:
        self._state = state
        self._look_again()

    def sendData(self, *args: Any, **options: Any) -> None:  # noqa: N802  autobahn's
        self._look_again()
        super().sendData(*args, **options)

    def _look_again(self) -> None:
        if self.direct_writer is not None:
            self.direct_writer.is_free = False

    def read_without_context(self) -> None:
        """Twisted reads in a context that names the reader to its log: a twentieth of the CPU of
        10,000 idle sockets (docs/performance.md). From here on the event loop calls what is in it,
        until the transport stops reading. TLS and the like are no readers themselves."""
        if self.transport in reactor._readers:
            asyncio.get_running_loop().add_reader(
                self.transport.fileno(), reactor._readOrWrite, self.transport, True
            )

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  Twisted's
        """A pong is short and comes alone. It is read here, in 2 µs where autobahn takes 15, 500
        times a second for 10,000 idle sockets (docs/performance.md); all else goes the usual way.
        Left out with it are autobahn's statistics and the timer of its own pings, unused here."""
        hearer = self.first_hearer
        if hearer is not None and self._is_between_frames():
            payload = _short_text(data)
            if payload is not None and hearer(payload):
                return
        if self.state == self.STATE_CONNECTING and hasattr(self, "handshake_deferred"):
            self._refuse_handshake()
        else:
            super().dataReceived(data)

    def _refuse_handshake(self) -> None:
        """Its client does not wait for the answer, as it must (RFC 6455, 4.1). Autobahn would keep
        what comes for later, or take it for another handshake."""
        deny: Any = ConnectionDeny  # autobahn has no types
        self.handshake_deferred.errback(deny(400, "A client waits for the answer."))
        del self.handshake_deferred
        self.server.protocol_disconnected(self)  # the application is not listened to any more

    def onConnect(self, request: Any) -> Any:  # noqa: N802  autobahn's
        """A subprotocol is an ASCII token (RFC 6455, 4.1); Daphne fails at any other text."""
        if not request.headers.get("sec-websocket-protocol", "").isascii():
            deny: Any = ConnectionDeny  # autobahn has no types
            raise deny(400, "Sec-WebSocket-Protocol must be ASCII.")
        return super().onConnect(request)

    def failHandshake(self, reason: str, *args: Any, **options: Any) -> None:  # noqa: N802
        """The reason is logged, and may repeat an address; autobahn's, as those around it."""
        super().failHandshake(reason.partition("?")[0], *args, **options)

    def _is_between_frames(self) -> bool:
        """Open, with nothing begun: no frame, no fragmented message, no byte of a header."""
        return (
            self.state == self.STATE_OPEN
            and self.current_frame is None
            and not self.inside_message
            and not self.data
        )

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803  autobahn's
        if self.first_hearer is not None and not isBinary and self.first_hearer(payload):
            return
        if self.application_queue.qsize() >= MAX_WAITING_FRAMES:
            self._cut_off("sends faster than its frames are handled")
        else:
            super().onMessage(payload, isBinary)

    def onFrameBegin(self) -> None:  # noqa: N802  autobahn's
        """Bounds what no other limit counts, as it is no message: pings, which are answered,
        pongs, and the pieces of a message, which may be empty."""
        if self.current_frame.opcode not in TEXT_OR_BINARY:
            second = int(time.monotonic())
            if second != self._counted_in:
                self._counted_in, self._others = second, 0
            self._others += 1
            if self._others > MAX_OTHER_FRAMES_A_SECOND:
                self._cut_off("sends more pings, or smaller pieces, than any client needs")
                return
        super().onFrameBegin()

    def _cut_off(self, what: str) -> None:
        logger.warning("A client %s; it is cut off.", what)
        self.muted = True
        self.wasNotCleanReason = what
        self.dropConnection(abort=True)  # what has come already is not read any more
        # A muted socket tells its application nothing, so that it is told here.
        self.application_queue.put_nowait({"type": "websocket.disconnect", "code": 1006})

    def sendMessage(self, payload: bytes, *args: Any, **options: Any) -> None:  # noqa: N802
        """Autobahn bounds what is sent as it does what is received; ours is for clients only."""
        if self.muted:  # cut off, of which the application hears when it has read all before it
            return
        bound: int = self.factory.maxMessagePayloadSize
        self.maxMessagePayloadSize = 0
        try:
            super().sendMessage(payload, *args, **options)
        finally:
            self.maxMessagePayloadSize = bound

    def onClose(self, *args: Any) -> None:  # noqa: N802  autobahn's
        """Daphne sets `server` in `onConnect`; a malformed handshake fails before that."""
        if hasattr(self, "server"):
            super().onClose(*args)

    def connectionLost(self, reason: Any = connectionDone) -> None:  # noqa: N802  Twisted's
        super().connectionLost(reason)
        self.is_closed.addCallback(_forget)  # or its result is this protocol, and holds it

    def end_without_application(self) -> None:
        """Closes with 4500 what the application left open; what it has not accepted, with 500."""
        if hasattr(self, "handshake_deferred"):
            self.handle_exception(None)
        elif self.state == self.STATE_OPEN:
            self.serverClose(int(Code.INTERNAL_ERROR))


def _forget(_: object) -> None:
    """As the last callback of a Deferred: it has no result."""


def _with_backlog(endpoint: str) -> str:
    """Twisted has 50 connections wait to be accepted. Thousands come at once where a server has
    been restarted, and who finds no place tries again after 1, 3, 7 s and so on."""
    kind = endpoint.partition(":")[0]
    if kind in {"tcp", "ssl", "unix"} and "backlog=" not in endpoint:
        return f"{endpoint}:backlog={BACKLOG}"
    return endpoint


def _configured(factory: Any) -> type[Any]:
    """The factory's protocol with the factory's options as attributes of the class.

    Autobahn copies all thirty to each socket and formats them for a debug message that nobody
    reads: a tenth of the CPU and of the memory of a connect (docs/performance.md).
    """
    options = {name: getattr(factory, name) for name in factory.protocol.CONFIG_ATTRS}
    # An option that is a function must not become a method.
    static = {name: staticmethod(one) if callable(one) else one for name, one in options.items()}
    return type(factory.protocol.__name__, (factory.protocol,), {**static, "CONFIG_ATTRS": ()})


def _exit() -> None:
    logger.error("Not ended %g s after the signal: exiting all the same.", EXIT_WITHIN_S)
    os._exit(128 + signal.SIGTERM)


def _collect_more_rarely() -> None:
    """Unless whoever runs this has set a higher threshold, or 0, which is never."""
    if 0 < gc.get_threshold()[0] < COLLECT[0]:
        gc.set_threshold(*COLLECT)


class DrainingServer(Server):  # type: ignore[misc]  # as above
    """Daphne's server with an orderly end, for connections and for the process."""

    proxy_headers = ProxyHeaders()
    proxy_forwarded_address_header: str | None

    def __init__(
        self,
        *,
        endpoints: Sequence[str] = (),
        max_body_bytes: int = MAX_BODY_BYTES,
        **options: Any,
    ) -> None:
        # Daphne's own handlers stop at once; its protocol pings are ours to send, as JSON.
        options |= {"signal_handlers": False, "ping_interval": NEVER_S}
        super().__init__(**options, endpoints=[_with_backlog(one) for one in endpoints])
        self.max_body_bytes = max_body_bytes
        self.proxy_headers = ProxyHeaders(
            self.proxy_forwarded_address_header,
            self.proxy_forwarded_port_header,
            self.proxy_forwarded_proto_header,
        )
        self.proxy_forwarded_address_header = None  # Daphne would take what the client wrote first
        self._stopping = False

    def run(self) -> None:
        # Before the port opens: who sees it open may send a signal.
        for number in (signal.SIGTERM, signal.SIGINT):
            reactor._asyncioEventloop.add_signal_handler(number, self._stop_or_die)
        reactor.callWhenRunning(self._started)
        super().run()

    @property
    def http_factory(self) -> Any:
        return self._http_factory

    @http_factory.setter
    def http_factory(self, factory: Any) -> None:
        self._http_factory = BoundedFactory(self)

    @property
    def ws_factory(self) -> Any:
        return self._ws_factory

    @ws_factory.setter
    def ws_factory(self, factory: Any) -> None:
        factory.protocol = BoundedProtocol
        factory.setProtocolOptions(versions=[13])  # RFC 6455; autobahn knows its drafts too
        self._ws_factory = factory

    def _started(self) -> None:
        asyncio.get_event_loop().call_soon(self._limit_sockets)
        _collect_more_rarely()
        reactor.callLater(ROUND_S, self._look_at_all)
        self.ws_factory.protocol = _configured(self.ws_factory)

    def _limit_sockets(self) -> None:
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        hub = current_hub()
        hub.sockets.limit = max(1, files - FILES_FOR_OTHER_USE)

    def log_action(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        """For the access log: without the query string, which a ticket may be in."""
        path = str(details.get("path", "")).partition("?")[0]
        super().log_action(protocol, action, details | {"path": path})

    # Applications

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] == "websocket" and ISSLTransport.providedBy(protocol.transport):
            scope["scheme"] = "wss"  # which Daphne leaves out, and the check of the origin needs
        self.proxy_headers.apply(protocol, scope)
        queue = super().create_application(protocol, scope)
        application = self.connections.get(protocol, {}).get("application_instance")
        if application is not None:
            application.add_done_callback(partial(self._application_ended, protocol))
        return queue

    def _application_ended(self, protocol: Any, application: asyncio.Future[None]) -> None:
        """At once, and so that Daphne's own checker finds nothing left that could fail in it."""
        details = self.connections.get(protocol)
        if details is not None:
            details.pop("application_instance", None)
        error = None if application.cancelled() else application.exception()
        if error is not None:
            logger.error("Exception inside application: %s", error, exc_info=error)
        if details is None or "disconnected" in details:
            self.connections.pop(protocol, None)
            return
        if isinstance(protocol, BoundedProtocol):
            protocol.end_without_application()
        elif error is not None:
            self._end(protocol, error)

    def _end(self, request: Any, error: BaseException) -> None:
        try:
            request.handle_exception(error)
        except ValueError:  # the response has begun: all that is left is to cut it off
            request.transport.abortConnection()

    # Daphne goes through all connections each second, for what ended, and every other second, for
    # what takes too long: a quarter of the CPU of 10,000 idle sockets (docs/performance.md). What
    # ended has been seen to above, and the limits of time are 10 s to a day: it may take longer.

    def _look_at_all(self) -> None:
        reactor.callLater(ROUND_S, self._look_at_all)
        super().application_checker()
        super().timeout_checker()

    def protocol_disconnected(self, protocol: Any) -> None:
        """What has no application, or none any more, is forgotten at once. Of a refused handshake
        that comes before the socket's end."""
        details = self.connections.get(protocol)
        if details is None:
            return
        if "application_instance" in details:
            super().protocol_disconnected(protocol)
            return
        if isinstance(protocol, WebRequest) and protocol.transport is None:  # it is a socket now
            protocol.channel.requests.clear()  # or the two hold each other
        del self.connections[protocol]

    def application_checker(self) -> None:
        """Called by Daphne's own, to go on: it need not."""

    def timeout_checker(self) -> None:
        """As above."""

    # The end

    def _stop_or_die(self) -> None:
        if self._stopping:
            os._exit(128 + signal.SIGTERM)
        self._stopping = True
        logger.info("Draining.")
        # A thread, as threads that wait for a database that does not answer hold up the end of the
        # interpreter, too.
        timer = threading.Timer(EXIT_WITHIN_S, _exit)
        timer.daemon = True
        reactor.stop()
        timer.start()

    def kill_all_applications(self) -> Any:
        """What the reactor waits for before it ends."""
        loop = asyncio.get_event_loop()
        return defer.Deferred.fromFuture(loop.create_task(self._drain()))

    async def _drain(self) -> None:
        try:
            for listener in self.listeners:
                listener.addCallback(lambda port: port.stopListening())
            hub = current_hub()
            await hub.drain()
            await self._wait_for_applications()
            await hub.stop()
        except Exception:
            logger.exception("The drain failed; ending all the same.")

    async def _wait_for_applications(self) -> None:
        under_way = self._applications()
        if not under_way:
            return
        _, rest = await asyncio.wait(under_way, timeout=DRAIN_S)
        for application in rest:
            application.cancel()
        if rest:
            logger.warning("%d applications did not end in time and were cancelled.", len(rest))
            await asyncio.wait(rest, timeout=1)

    def _applications(self) -> list[asyncio.Future[None]]:
        found = (details.get("application_instance") for details in self.connections.values())
        return [one for one in found if one is not None and not one.done()]


class ServeCommand(CommandLineInterface):  # type: ignore[misc]  # as above
    """Daphne's command line with our server and our bounds."""

    def __init__(self) -> None:
        super().__init__()
        self.parser.prog = "manage.py serve"
        self.parser.set_defaults(
            websocket_connect_timeout=HANDSHAKE_S,
            websocket_max_message_size=MAX_MESSAGE_BYTES,
            websocket_max_frame_size=MAX_MESSAGE_BYTES,
        )
        self.parser.add_argument(
            "--http-max-body-size",
            type=int,
            default=MAX_BODY_BYTES,
            help="Maximum size of the body of a request, in bytes; a larger one is answered with "
            "413. Raise it where the project takes larger files.",
        )
        for action in self.parser._actions:
            if action.dest == "proxy_headers":
                action.help = (
                    "Believe the headers of the proxy before this process: the last address of "
                    "X-Forwarded-For, X-Forwarded-Port, X-Forwarded-Proto. The proxy must "
                    "overwrite them. Without this option they are dropped."
                )
            # The application is the project's; Daphne has it as a required argument.
            if action.dest == "application":
                action.nargs = "?"
                action.default = ":".join(settings.ASGI_APPLICATION.rsplit(".", 1))

    def run(self, args: list[str]) -> None:
        said = self.parser.parse_args(args)
        if not said.proxy_headers and (names := expected_by_settings()):
            logger.warning(
                "%s expects a proxy, but without --proxy-headers this process believes none: what "
                "Forwarded and X-Forwarded-… say is dropped. Behind a proxy that overwrites them, "
                "add --proxy-headers.",
                " and ".join(names),
            )
        self.server_class = partial(DrainingServer, max_body_bytes=said.http_max_body_size)
        super().run(args)

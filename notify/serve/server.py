"""Daphne as `manage.py serve` runs it: with all of Daphne's options, and with an orderly end.

- SIGTERM drains: the port is closed, every socket gets 4503, requests in progress finish, and the
  process exits within 30 s. A second SIGTERM ends it at once.
- Everything queued is bounded: frames of 64 KiB, 64 frames that are not handled yet, the number of
  sockets by the limit of file descriptors, request bodies.
- An application that fails ends only its own connection. (Daphne's supervisor stops for the life
  of the process when an HTTP view fails in the middle of its response.)

All this by subclassing, without a fork. The names of Daphne, Twisted and autobahn that this package
uses and that are not public have a contract test each, in
tests/unit/serve/test_server_contract.py.
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
from collections.abc import Sequence
from functools import partial
from typing import Any

from daphne.http_protocol import WebRequest
from daphne.server import Server
from twisted.internet import defer
from twisted.internet import reactor as _reactor
from twisted.internet.interfaces import ISSLTransport

from notify.live.hub import current_hub
from notify.serve.protocol import BoundedProtocol, configured_protocol
from notify.serve.proxy_headers import ProxyHeaders
from notify.serve.requests import MAX_BODY_BYTES, BoundedFactory

logger = logging.getLogger(__name__)
reactor: Any = _reactor

BACKLOG = 4096  # connections not yet accepted; the kernel's somaxconn may be lower
NEVER_S = 10**9
DRAIN_TIMEOUT_S = 25.0  # for requests in progress; with all other steps, less than the next
EXIT_TIMEOUT_S = 29.0  # after the signal, whatever has not ended
CHECK_INTERVAL_S = 10.0  # between two checks of all connections
RESERVED_FILES = 200  # descriptors that are not sockets: database, Redis, logs
# The thresholds of the garbage collector's three generations (Python 3.14 ignores the last).
# Python's own are 700 (2,000 from 3.13 on), 10, 10. A notice to 8,000 sockets makes 16,000
# short-lived objects, and collections took 40 % of the CPU of a delivery; a full collection with
# 10,000 sockets takes 0.7 s, in which no client is served (docs/performance.md). A closed socket
# leaves no cycles to collect: they are broken below, in protocol.py and in `Connection.forget`.
GC_THRESHOLDS = (20_000, 5, 50)


class DrainingServer(Server):  # type: ignore[misc]  # daphne has no types
    """Daphne's server with an orderly end for connections and for the process."""

    proxy_headers = ProxyHeaders()
    proxy_forwarded_address_header: str | None

    def __init__(
        self,
        *,
        endpoints: Sequence[str] = (),
        max_body_bytes: int = MAX_BODY_BYTES,
        **options: Any,
    ) -> None:
        # Daphne's own signal handlers stop at once. Pings are JSON frames, sent by the heartbeat.
        options |= {"signal_handlers": False, "ping_interval": NEVER_S}
        super().__init__(**options, endpoints=[_with_backlog(one) for one in endpoints])
        self.max_body_bytes = max_body_bytes
        self.proxy_headers = ProxyHeaders(
            self.proxy_forwarded_address_header,
            self.proxy_forwarded_port_header,
            self.proxy_forwarded_proto_header,
        )
        self.proxy_forwarded_address_header = None  # Daphne would take the first, a client's
        self.is_stopping = False

    def run(self) -> None:
        # Before the port opens: a signal may come as soon as it is open.
        for number in (signal.SIGTERM, signal.SIGINT):
            reactor._asyncioEventloop.add_signal_handler(number, self._stop_or_exit)
        reactor.callWhenRunning(self._on_start)
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
        factory.setProtocolOptions(versions=[13])  # RFC 6455; autobahn accepts drafts too
        self._ws_factory = factory

    def listen_success(self, port: Any) -> Any:
        """Returns the port, for `_drain`; Daphne's result is None."""
        super().listen_success(port)
        return port

    def _on_start(self) -> None:
        asyncio.get_event_loop().call_soon(self._limit_sockets)
        _raise_gc_thresholds()
        reactor.callLater(CHECK_INTERVAL_S, self._check_connections)
        self.ws_factory.protocol = configured_protocol(self.ws_factory)

    def _limit_sockets(self) -> None:
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        hub = current_hub()
        hub.sockets.limit = max(1, files - RESERVED_FILES)

    def log_action(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        """Logs without the query string, which may contain a ticket."""
        path = str(details.get("path", "")).partition("?")[0]
        super().log_action(protocol, action, details | {"path": path})

    # Applications

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] == "websocket" and ISSLTransport.providedBy(protocol.transport):
            scope["scheme"] = "wss"  # Daphne omits it, and the check of the origin needs it
        self.proxy_headers.apply(protocol, scope)
        queue = super().create_application(protocol, scope)
        application = self.connections.get(protocol, {}).get("application_instance")
        if application is not None:
            application.add_done_callback(partial(self._application_ended, protocol))
        return queue

    def _application_ended(self, protocol: Any, application: asyncio.Future[None]) -> None:
        """Ends the connection at once, and leaves nothing to Daphne's own checker, which could
        fail at it."""
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
            self._fail_request(protocol, error)

    def _fail_request(self, request: Any, error: BaseException) -> None:
        try:
            request.handle_exception(error)
        except ValueError:  # the response has begun and can only be aborted
            request.transport.abortConnection()

    # Daphne checks all connections every second for ended applications and every two seconds for
    # timeouts: a quarter of the CPU of 10,000 idle sockets (docs/performance.md). Here the ends of
    # applications are handled above, and timeouts are 10 s to a day: less often is enough.

    def _check_connections(self) -> None:
        reactor.callLater(CHECK_INTERVAL_S, self._check_connections)
        super().application_checker()
        super().timeout_checker()

    def protocol_disconnected(self, protocol: Any) -> None:
        """Removes a connection without a running application at once. For a refused handshake this
        is called before the socket ends."""
        details = self.connections.get(protocol)
        if details is None:
            return
        if "application_instance" in details:
            super().protocol_disconnected(protocol)
            return
        if isinstance(protocol, WebRequest) and protocol.transport is None:  # upgraded to a socket
            protocol.channel.requests.clear()  # breaks their reference cycle
        del self.connections[protocol]

    def application_checker(self) -> None:
        """Does nothing, although Daphne schedules it: `_check_connections` calls the original."""

    def timeout_checker(self) -> None:
        """Does nothing, as above."""

    # The end

    def _stop_or_exit(self) -> None:
        if self.is_stopping:
            os._exit(128 + signal.SIGTERM)
        self.is_stopping = True
        logger.info("Draining.")
        # In a thread: threads that wait for a database that does not answer would delay the end
        # of the interpreter too.
        timer = threading.Timer(EXIT_TIMEOUT_S, _exit)
        timer.daemon = True
        reactor.stop()
        timer.start()

    def kill_all_applications(self) -> Any:
        """The reactor waits for the result before it ends."""
        loop = asyncio.get_event_loop()
        return defer.Deferred.fromFuture(loop.create_task(self._drain()))

    async def _drain(self) -> None:
        try:
            for listener in self.listeners:
                listener.addCallback(lambda port: port and port.stopListening())
            hub = current_hub()
            await hub.drain()
            end = time.monotonic() + DRAIN_TIMEOUT_S
            await self._wait_for_applications(end)
            await hub.stop()
            await self._wait_for_applications(end)  # of requests on connections that were idle
        except Exception:
            logger.exception("The drain failed; exiting anyway.")

    async def _wait_for_applications(self, end: float) -> None:
        while (running := self._running_applications()) and time.monotonic() < end:
            await asyncio.wait(running, timeout=end - time.monotonic())
        for application in running:
            application.cancel()
        if running:
            logger.warning("%d applications did not end in time and were cancelled.", len(running))
            await asyncio.wait(running, timeout=1)

    def _running_applications(self) -> list[asyncio.Future[None]]:
        found = (details.get("application_instance") for details in self.connections.values())
        return [one for one in found if one is not None and not one.done()]


def _with_backlog(endpoint: str) -> str:
    """Raises Twisted's backlog of 50. After a restart thousands of clients connect at once, and
    those that do not fit retry after 1, 3, 7 s and so on."""
    kind = endpoint.partition(":")[0]
    if kind in {"tcp", "ssl", "unix"} and "backlog=" not in endpoint:
        return f"{endpoint}:backlog={BACKLOG}"
    return endpoint


def _raise_gc_thresholds() -> None:
    """Unless the threshold is already higher, or 0, which turns the collector off."""
    if 0 < gc.get_threshold()[0] < GC_THRESHOLDS[0]:
        gc.set_threshold(*GC_THRESHOLDS)


def _exit() -> None:
    logger.error("The drain has not ended %g s after the signal; exiting anyway.", EXIT_TIMEOUT_S)
    os._exit(128 + signal.SIGTERM)

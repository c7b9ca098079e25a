"""The names of Daphne, Twisted and autobahn that notify/serve and notify/live/direct.py use and
that are not public. Where one of these tests fails, an upgrade changed the name: read the new code
before you change the test."""

import asyncio
import inspect
import re
from functools import partial
from typing import Any

import autobahn.websocket.protocol
from daphne.cli import CommandLineInterface
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.tcp import Connection
from twisted.internet.tcp import Server as TcpServer
from twisted.internet.testing import MemoryReactorClock
from twisted.protocols.basic import LineReceiver
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.web.http import HTTPChannel, Request

from notify.live.direct import STATE_OPEN, DirectWriter
from notify.serve.protocol import BoundedProtocol, configured_protocol
from notify.serve.requests import BoundedRequest
from tests.unit.serve.daphnes import PING, frame
from tests.unit.serve.test_protocol import Socket


def test_the_server_makes_its_websocket_factory_in_run_and_reads_the_protocol_from_it() -> None:
    assert "self.ws_factory = WebSocketFactory(" in inspect.getsource(Server.run)
    assert WebSocketFactory.protocol is WebSocketProtocol


def test_the_server_makes_its_http_factory_in_run_and_listens_with_what_it_reads_from_it() -> None:
    source = inspect.getsource(Server.run)
    assert "self.http_factory = HTTPFactory(self)" in source
    assert "ep.listen(self.http_factory)" in source
    assert "protocol.requestFactory = WebRequest" in inspect.getsource(HTTPFactory.buildProtocol)


def test_twisted_tells_a_request_the_length_of_its_body_and_then_its_pieces() -> None:
    source = inspect.getsource(HTTPChannel.allHeadersReceived)
    asked, told = "req.gotLength(self.length)", "self._send100Continue()"
    assert 0 < source.index(asked) < source.index('getRawHeaders(b"Expect")') < source.index(told)
    assert "handleContentChunk" in inspect.getsource(HTTPChannel)
    assert "self.content.write(data)" in inspect.getsource(Request.handleContentChunk)
    assert "self.dataReceived = self.lineReceived = " in inspect.getsource(
        HTTPChannel.lineReceived
    ), "Twisted itself no longer has a channel drop what comes by its attribute"


def test_a_request_can_be_told_to_parse_no_form() -> None:
    assert "and self._parsePOSTFormSubmission" in inspect.getsource(Request.requestReceived)
    assert "http.Request.__init__(self, *args, **kwargs)" in inspect.getsource(WebRequest)
    assert "self.args" not in inspect.getsource(WebRequest)


def test_no_header_is_read_before_process_and_a_handshake_is_made_of_its_headers() -> None:
    source = inspect.getsource(WebRequest.process)
    assert source.count("self.requestHeaders.getAllRawHeaders()") == 3
    assert 'name.lower() == b"daphne-root-path"' in source
    assert "super().process()" in inspect.getsource(BoundedRequest.process)


def test_daphne_logs_the_address_that_its_protocol_has_when_it_logs() -> None:
    for source in (WebRequest.handle_reply, WebSocketProtocol.onOpen):
        assert '"%s:%s" % tuple(self.client_addr)' in inspect.getsource(source)
    for source in (WebRequest.process, WebSocketProtocol.onConnect):
        assert "if self.server.proxy_forwarded_address_header:" in inspect.getsource(source)


def test_data_after_a_request_is_in_the_line_buffer_of_its_channel() -> None:
    assert issubclass(HTTPChannel, LineReceiver)
    source = inspect.getsource(LineReceiver.dataReceived)
    assert "line, self._buffer = self._buffer.split(self.delimiter, 1)" in source


def test_a_channel_closes_its_connection_after_the_response_if_it_is_not_persistent() -> None:
    source = inspect.getsource(HTTPChannel.requestDone)
    assert re.search(r"if self\.persistent:.*else:.*self\.loseConnection\(\)", source, re.DOTALL)
    received = inspect.getsource(HTTPChannel.allHeadersReceived)
    assert "self.persistent = self.checkPersistence(" in received


def test_twisted_writes_its_access_log_through_the_factory() -> None:
    assert "self.channel.factory.log(self)" in inspect.getsource(Request.finish)
    assert callable(HTTPFactory.log)


def test_an_unanswered_handshake_has_a_deferred_that_takes_a_refusal() -> None:
    assert "self.handshake_deferred = defer.Deferred()" in inspect.getsource(
        WebSocketProtocol.onConnect
    )
    source = inspect.getsource(WebSocketProtocol.serverReject)
    parts = ("errback(", "del self.handshake_deferred", "self.server.protocol_disconnected(self)")
    assert 0 < source.index(parts[0]) < source.index(parts[1]) < source.index(parts[2])


def test_the_server_runs_in_the_event_loop_of_the_reactor_and_makes_it_the_current_one() -> None:
    assert "asyncio.set_event_loop(reactor._asyncioEventloop)" in inspect.getsource(Server.run)


def test_the_server_ends_by_kill_all_applications() -> None:
    source = inspect.getsource(Server.run)
    assert '"before", "shutdown", self.kill_all_applications' in source
    assert "self.listeners.append(listener)" in source
    assert "listener.addCallback(self.listen_success)" in source


def test_the_server_keeps_an_application_in_its_connections() -> None:
    source = inspect.getsource(Server.create_application)
    assert 'self.connections[protocol]["application_instance"] = asyncio.ensure_future(' in source
    checker = inspect.getsource(Server.application_checker)
    assert 'application_instance = details.get("application_instance", None)' in checker


def test_the_checkers_of_all_connections_reschedule_themselves_by_name() -> None:
    for name in ("application_checker", "timeout_checker"):
        again = rf"reactor\.callLater\(\d, self\.{name}\)"
        assert re.search(again, inspect.getsource(Server.run))
        assert re.search(again + r"\n$", inspect.getsource(getattr(Server, name)))


def test_a_disconnected_protocol_is_marked_in_connections() -> None:
    assert '["disconnected"] = ' in inspect.getsource(Server.protocol_disconnected)


def test_an_error_response_that_cannot_be_begun_raises_value_error() -> None:
    source = inspect.getsource(WebRequest.handle_reply)
    assert 'raise ValueError("HTTP response has already been started")' in source
    assert "self.basic_error(500" in inspect.getsource(WebRequest.handle_exception)


def test_an_upgraded_request_has_no_transport_and_is_held_by_its_channel() -> None:
    source = inspect.getsource(WebRequest.process)
    taken, left = "transport, self.transport = self.transport, None", "protocol_disconnected(self)"
    assert 0 < source.index(taken) < source.index(left)
    assert HTTPChannel().requests == []
    assert "self.requests.append(request)" in inspect.getsource(HTTPChannel)


def test_a_closed_socket_is_the_result_of_its_own_deferred() -> None:
    source = inspect.getsource(autobahn.websocket.protocol.WebSocketProtocol)
    assert source.count("txaio.resolve(self.is_closed, self)") == 2


def test_a_socket_puts_frames_into_its_application_queue_unless_muted() -> None:
    source = inspect.getsource(WebSocketProtocol.onMessage)
    assert "self.application_queue.put_nowait" in source
    assert "if self.muted" in source
    assert "if not self.muted" in inspect.getsource(WebSocketProtocol.onClose)


def test_a_socket_copies_the_options_that_its_class_lists() -> None:
    source = inspect.getsource(autobahn.websocket.protocol.WebSocketProtocol._connectionMade)
    assert "for configAttr in self.CONFIG_ATTRS:" in source
    assert "if not hasattr(self, configAttr):" in source
    assert "maxMessagePayloadSize" in WebSocketProtocol.CONFIG_ATTRS


def test_the_options_of_the_class_are_those_of_the_factory() -> None:
    factory = WebSocketFactory(object())
    factory.protocol = BoundedProtocol
    factory.setProtocolOptions(maxMessagePayloadSize=123, autoPingTimeout=7)

    made = configured_protocol(factory)

    assert issubclass(made, BoundedProtocol)
    assert made.CONFIG_ATTRS == ()
    socket = object.__new__(made)  # of a socket, as a function of the class would be its method
    assert {name: getattr(socket, name) for name in WebSocketProtocol.CONFIG_ATTRS} == {
        name: getattr(factory, name) for name in WebSocketProtocol.CONFIG_ATTRS
    }


def test_a_frame_that_the_first_hearer_takes_is_not_queued() -> None:
    one: Any = object.__new__(BoundedProtocol)
    one.application_queue = asyncio.Queue()
    one.client_addr = ["127.0.0.1", 1]
    heard: list[bytes] = []

    def hear(payload: bytes) -> bool:
        heard.append(payload)
        return payload == b"mine"

    one.first_hearer = hear

    one.onMessage(b"mine", False)
    one.onMessage(b"not mine", False)
    one.onMessage(b"mine", True)  # binary: nobody is asked

    assert heard == [b"mine", b"not mine"]
    waiting = [one.application_queue.get_nowait() for _ in range(2)]
    assert [message.get("text") for message in waiting] == ["not mine", None]


def test_twisted_passes_data_to_data_received_and_autobahn_parses_it_there() -> None:
    assert "self.protocol.dataReceived(data)" in inspect.getsource(Connection._dataReceived)
    source = inspect.getsource(WebSocketProtocol.dataReceived)
    assert "self._dataReceived(data)" in source
    reads = inspect.getsource(WebSocketProtocol._dataReceived)
    # All that a frame passes by that does not pass here: figures that nobody reads, and a log.
    for line in ("trafficStats.incomingOctetsWireLevel += len(data)", "if self.logOctets:"):
        assert line in reads
    assert "self.data += data" in reads
    assert "self.consumeData()" in reads


def test_the_attributes_of_autobahn_show_whether_a_frame_is_incomplete() -> None:
    def state(data: bytes) -> tuple[bytes, bool, bool]:
        one = Socket().protocol
        one.dataReceived(data)
        return one.data, one.current_frame is None, one.inside_message

    assert state(b"") == (b"", True, False)
    assert state(frame(b"{}")) == (b"", True, False)
    assert state(frame(b"{}")[:3]) == (frame(b"{}")[:3], True, False)  # of a header
    assert state(frame(b"{}")[:7]) == (b"", False, True)  # of a frame
    assert state(frame(b"{}", PING)[:7]) == (b"", False, False)  # of a control frame
    assert state(frame(b"{", fin=False)) == (b"", True, True)  # of a fragmented message


def test_autobahn_sends_no_pings_that_a_frame_would_delay() -> None:
    """It would take it for an answer. There are none: Daphne's interval is NEVER_S."""
    source = inspect.getsource(WebSocketProtocol.onFrameEnd)
    assert "if self.autoPingTimeoutCall and self.autoPingRestartOnAnyTraffic:" in source
    one = Socket().protocol
    assert one.autoPingInterval == 0
    assert one.autoPingTimeoutCall is None


def test_autobahn_negotiates_no_extension_and_requires_masked_frames() -> None:
    one = Socket().protocol
    assert one._perMessageCompress is None
    assert one.requireMaskedClientFrames
    assert one.applyMask


def test_the_ping_interval_is_the_only_thing_that_makes_daphne_ping() -> None:
    source = inspect.getsource(WebSocketProtocol.check_timeouts)
    assert "> self.server.ping_interval" in source


def test_the_command_line_has_the_application_as_a_positional_argument() -> None:
    [action] = [one for one in CommandLineInterface().parser._actions if one.dest == "application"]
    assert action.option_strings == []


def test_the_transport_has_the_buffers_that_the_fast_path_reads() -> None:
    reactor: Any = MemoryReactorClock()
    transport = FileDescriptor(reactor)
    assert transport.dataBuffer == b""
    assert transport._tempDataLen == 0
    transport.connected = 1
    transport.write(b"three")
    assert transport._tempDataLen == 5
    assert "self.socket" in inspect.getsource(Connection.writeSomeData)
    assert WebSocketProtocol.STATE_OPEN == STATE_OPEN


def test_a_tls_transport_is_no_plain_connection_and_provides_its_interface() -> None:
    """Though it has all that the fast path looks at: it asks the one that it wraps."""
    assert not issubclass(TLSMemoryBIOProtocol, Connection)
    assert ISSLTransport.implementedBy(TLSMemoryBIOProtocol)
    assert not ISSLTransport.implementedBy(TcpServer)


def test_autobahn_leaves_the_open_state_before_it_closes_the_transport() -> None:
    source = inspect.getsource(WebSocketProtocol.dropConnection)
    assert source.index("self.state = ") < source.index("self._closeConnection(")


def test_autobahn_writes_to_the_transport_in_one_method_only() -> None:
    writes = inspect.getsource(autobahn.websocket.protocol).count("self.transport.write(")
    queued = inspect.getsource(WebSocketProtocol._send).count("self.transport.write(")
    assert inspect.getsource(WebSocketProtocol.sendData).count("self.transport.write(") == 1
    assert writes == 1 + queued, "the queue is for `sync` and `chopsize`, which nobody asks for"


def test_the_send_of_an_application_is_a_partial_with_the_protocol() -> None:
    assert "send=partial(self.handle_reply, protocol)" in inspect.getsource(
        Server.create_application
    )
    server, protocol = object.__new__(Server), Socket().protocol
    writer = DirectWriter.of(partial(server.handle_reply, protocol))
    assert writer is not None
    assert writer._protocol is protocol

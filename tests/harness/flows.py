"""A way to a port that can go silent: what is open stays open, and nothing comes through."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class Flows:
    """Forwards a port of its own to `port`, in threads. `silence` is what a firewall does that has
    forgotten its flows: both ends go on believing in them. New flows work."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._silent: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts; `close` does not
        self._threads[0].join()
        self._listener.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._open:
            one.close()

    def silence(self) -> int:
        """Drops all that is open; how many flows that is."""
        self._silent.update(self._open)
        return len(self._silent) // 2

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                self._open += [client, server]
                for source, sink in ((client, server), (server, client)):
                    thread = threading.Thread(target=self._copy, args=(source, sink), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if source not in self._silent:
                    sink.sendall(data)
            if source not in self._silent:
                sink.shutdown(socket.SHUT_WR)

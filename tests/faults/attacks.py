"""What a stranger may do to nginx, all from an address of their own, as nginx counts by address.

    python -m tests.faults.attacks https-port certificate.pem

A process of its own, so that it holds up nobody's measurements. It says "ready", attacks until its
stdin ends, and then says how often each attack was answered by which status, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import ssl
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import cycle
from urllib.parse import urlencode

ADDRESS = "127.0.0.2"
HOST = "Host: localhost"
ROOT_PATH = "Daphne-Root-Path: /x"
SIGN_INS = ["/accounts/login/", "/admin/login/", "/x/accounts/login/"]
LONG = "a" * 4000
# What comes slowly: its beginning, and whether it goes on, at a byte a second.
BEGINNINGS: list[tuple[bytes, bool]] = [
    (b"", False),
    (f"GET / HTTP/1.1\r\n{HOST}\r\nX-Slow: ".encode(), True),
    (
        f"GET /ws/notify/ HTTP/1.1\r\n{HOST}\r\nUpgrade: websocket\r\n"
        "Connection: upgrade\r\nSec-WebSocket-Key: ".encode(),
        True,
    ),
    (f"POST /notify/mark/ HTTP/1.1\r\n{HOST}\r\nContent-Length: 10000\r\n\r\n".encode(), True),
    # An answer of 1 MB, which nobody reads.
    (f"GET /static/ninja/swagger-ui-bundle.js HTTP/1.1\r\n{HOST}\r\n\r\n".encode(), False),
]


class Connection:
    """To nginx, kept open from one request to the next."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def ask(self, *lines: str, body: str = "") -> tuple[int, str]:
        """Status and headers of the answer; OSError or EOFError where there is none."""
        size = [f"Content-Length: {len(body)}"] if body else []
        self.writer.write("\r\n".join([*lines, HOST, *size, "", body]).encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        if length:
            await self._reader.readexactly(int(length[1]))
        else:
            self.writer.transport.abort()
        return int(head.split()[1]), head


class Attacker:
    def __init__(self, port: int, trust: ssl.SSLContext) -> None:
        self._port, self._trust = port, trust
        self._idle: list[Connection] = []
        self._tasks: set[asyncio.Future[None]] = set()
        self._token = self._cookie = ""
        self.statuses: dict[str, Counter[int]] = {}

    async def prepare(self) -> None:
        """Fetches a CSRF token, without which no password is looked at."""
        _, head = await (await self._connect()).ask("GET /accounts/login/ HTTP/1.1")
        [(self._cookie, self._token)] = re.findall(r"((?:__Host-)?csrftoken)=([^;]+)", head)

    def begin(self) -> None:
        """All of it at once; rates are for each second."""
        paths, beginnings = cycle(SIGN_INS), cycle(BEGINNINGS)
        self._repeat(100, lambda: self._sign_in(next(paths)))
        self._repeat(2, lambda: self._get("long", f"/notify/?{LONG}"))
        self._repeat(2, lambda: self._get("long", f"/admin/?{LONG}"))
        self._repeat(1, lambda: self._get("slow", "/faults/slow/?seconds=45"))
        self._repeat(2, lambda: self._get("root path", "/x/readyz"))
        self._repeat(10, lambda: self._dawdle(*next(beginnings)))

    def _repeat(self, rate: float, attack: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            loop = asyncio.get_running_loop()
            due = loop.time()
            while True:
                self._start(attack())
                due = max(due + 1 / rate, loop.time() - 1)  # catches up, by a second at most
                await asyncio.sleep(due - loop.time())

        self._start(run())

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _get(self, attack: str, path: str) -> None:
        await self._count(attack, f"GET {path} HTTP/1.1", ROOT_PATH)

    async def _sign_in(self, path: str) -> None:
        form = {"username": "admin", "password": "a guess", "csrfmiddlewaretoken": self._token}
        lines = [f"POST {path} HTTP/1.1", f"Cookie: {self._cookie}={self._token}"]
        lines += ["Referer: https://localhost/", "Content-Type: application/x-www-form-urlencoded"]
        if path.startswith("/x/"):
            lines.append(ROOT_PATH)
        await self._count("sign-in", *lines, body=urlencode(form))

    async def _count(self, attack: str, *lines: str, body: str = "") -> None:
        with contextlib.suppress(OSError, EOFError):
            one = self._idle.pop() if self._idle else await self._connect()
            status, _ = await one.ask(*lines, body=body)
            self.statuses.setdefault(attack, Counter())[status] += 1
            if not one.writer.transport.is_closing():
                self._idle.append(one)

    async def _dawdle(self, beginning: bytes, trickle: bool) -> None:
        """Until it is cut off."""
        with contextlib.suppress(OSError):
            writer = (await self._connect(receive_buffer=4096)).writer
            writer.write(beginning)
            while not writer.transport.is_closing():
                await asyncio.sleep(1)
                if trickle:
                    writer.write(b"x")

    async def _connect(self, receive_buffer: int | None = None) -> Connection:
        own = socket.socket()
        if receive_buffer is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        own.bind((ADDRESS, 0))
        own.setblocking(False)
        await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", self._port))
        limit = receive_buffer or 2**16
        return Connection(
            *await asyncio.open_connection(
                sock=own, ssl=self._trust, server_hostname="localhost", limit=limit
            )
        )


async def main(port: str, certificate: str) -> None:
    attacker = Attacker(int(port), ssl.create_default_context(cafile=certificate))
    await attacker.prepare()
    print("ready", flush=True)  # noqa: T201
    attacker.begin()
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(attacker.statuses))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

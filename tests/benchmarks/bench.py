"""One run: a server, whoever sends, and the clients; started together and stopped together."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.benchmarks import machine
from tests.benchmarks.contenders import Contender
from tests.benchmarks.people import Person, empty_inboxes
from tests.benchmarks.remote import Remote
from tests.harness.process import free_port
from tests.harness.server import ROOT, Server, environment
from tests.harness.waiting import eventually

PATIENCE_S = 180
_COUNTED = re.compile(r"^delivered: (\d+)$", re.MULTILINE).findall


class Run:
    """As a context manager. Everything in it is a process of its own, new for each run."""

    def __init__(self, contender: Contender, *, processes: int = 1) -> None:
        self._contender = contender
        self._count = processes
        self._processes = contextlib.ExitStack()
        self._people: Sequence[Person] = ()
        self._sent: list[int] = []  # to everyone
        self.expected: dict[int, list[int]] = {}  # by socket, where each gets another

    def __enter__(self) -> Self:
        empty_inboxes()
        with contextlib.ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            ports = [free_port() for _ in range(self._count)]
            env = environment(**self._contender.variables, PEER_PORT=str(ports[0]))
            self.servers = [
                Server(
                    log=directory / f"server-{port}.log",
                    command=[str(word) for word in self._contender.command],
                    env=env,
                    port=port,
                )
                for port in ports
            ]
            self._load = stack.enter_context(
                Remote("tests.benchmarks.load", env=os.environ, log=directory / "load.log")
            )
            self.sender = stack.enter_context(
                Remote(self._contender.sender, env=env, log=directory / "sender.log")
            )
            for server in self.servers:  # last, as each is waited for
                stack.enter_context(server)
            self._processes = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        if any(exception):
            for server in self.servers:
                print(f"--- {self._contender.name}\n{server.log[-4000:]}")
        for server in self.servers:
            server.kill()  # what it would do with thousands of clients takes seconds
        self._processes.close()

    def open(self, people: Sequence[Person], asking: str = "") -> float:
        """Opens a socket more for each, and waits until the servers are at rest; returns the
        seconds until all sockets were ready. `asking` is added to the path."""
        seconds = self.open_busy(people, asking)
        self.rest()
        return seconds

    def open_busy(self, people: Sequence[Person], asking: str = "") -> float:
        """The same, of servers that so many sockets never leave at rest."""
        self._people = [*self._people, *people]
        opened = self._load.call(
            "open",
            seconds=PATIENCE_S,
            ports=[server.port for server in self.servers],
            path=self._contender.path + asking,
            dialect=self._contender.dialect,
            headers=[self._contender.headers(each) for each in people],
        )
        return float(opened["seconds"])

    def cut_off(self) -> None:
        """All sockets are gone without a word; returns when the server has noticed."""
        self._load.call("close")
        self.rest()

    def reopen(self, at_once: int) -> tuple[float, int]:
        """All come back, so many at a time; returns the seconds until all are in step, and how
        often one was refused or cut off before."""
        opened = self._load.call("reopen", seconds=PATIENCE_S, at_once=at_once)
        return float(opened["seconds"]), int(opened["refused"])

    def broadcast(self, count: int) -> dict[str, Any]:
        """Sends that many to everyone, without waiting for them to arrive."""
        numbers = list(range(len(self._sent), len(self._sent) + count))
        self._sent += numbers
        sent: dict[str, Any] = self.sender.call("send", seconds=PATIENCE_S, numbers=numbers)
        counted = sent.get("delivered")  # by a peer that knows
        assert counted in {None, count * len(self._people)}, sent
        return sent

    def expect(self, count: int) -> None:
        """The sender of another run has broadcast that many, in the database and on the layer that
        the two share."""
        self._sent += range(len(self._sent), len(self._sent) + count)

    def wait(self, total: int | None = None) -> dict[str, Any]:
        """Until everything has arrived that was broadcast, or `total` notifications."""
        wanted = len(self._sent) * len(self._people) if total is None else total
        arrived: dict[str, Any] = self._load.call(
            "wait", seconds=PATIENCE_S + 5, total=wanted, seconds_at_most=PATIENCE_S
        )
        return arrived

    def mark(self, index: int, others: Sequence[int]) -> float:
        """Socket `index` marks the newest notice read; seconds until the others know."""
        return float(
            self._load.call("mark", index=index, others=list(others), seconds_at_most=PATIENCE_S)
        )

    def arrivals(self) -> list[float]:
        """When the last notification came to each socket, in seconds of the monotonic clock."""
        return [float(at) for at in self._load.call("arrivals")]

    def verify(self, expected: dict[int, list[int]] | list[int] | None = None) -> int:
        """Checks that each client got exactly what it should: all that was broadcast, or what
        `expected` has at its index. Returns how many notifications that were."""
        time.sleep(0.5)  # what is one too many has come by now
        if self._contender.counts:
            counted = self._counted()
            assert counted == len(self._sent) * len(self._people), counted
        return int(
            self._load.call(
                "verify", seconds=PATIENCE_S, expected=self._sent if expected is None else expected
            )
        )

    def _counted(self) -> int:
        """How many it has delivered, by its own count."""
        [server] = self.servers
        os.kill(server.pid, signal.SIGUSR1)
        [told, *_] = eventually(lambda: _COUNTED(server.log), what="the peer's count")
        return int(told)

    def rest(self) -> None:
        """Returns when the servers have nothing to do."""
        machine.wait_until_quiet(self._pids)

    @property
    def cpu(self) -> float:
        """Seconds that the servers have used."""
        return sum(map(machine.cpu_seconds, self._pids))

    @property
    def kernel_cpu(self) -> float:
        """Of those, the seconds in the kernel."""
        return sum(system for _, system in map(machine.user_and_system, self._pids))

    @property
    def memory(self) -> int:
        """Bytes that the servers have."""
        return sum(map(machine.resident_bytes, self._pids))

    @property
    def _pids(self) -> list[int]:
        return [server.pid for server in self.servers]


assert Path.cwd() == ROOT, "peers are started from the directory of the repository"

"""One process that a test starts, and what a test does to it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.harness.waiting import deadline, eventually


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A TCP port of 127.0.0.1 on which nobody listens, and nobody can, as it is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A program with its output in a file. As a context manager it is started and stopped."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.command = list(command)
        self.cwd = cwd
        self.log_path = log
        self.env = dict(os.environ) if env is None else dict(env)
        self._popen: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._popen is not None, "not started"
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def returncode(self) -> int | None:
        return None if self._popen is None else self._popen.poll()

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self) -> None:
        """Starts it and returns once it is `ready`; its log goes on where it was."""
        assert not self.alive, "already started"
        with self.log_path.open("ab") as output:
            self._popen = subprocess.Popen(
                self.command,
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            eventually(self._ready_or_dead, 60, what=f"start of {self.command[0]}")
        except TimeoutError as error:
            self.kill()
            raise TimeoutError(f"{error}:\n{self.log[-5000:]}") from None

    def ready(self) -> bool:
        """Whether it does its work; a subclass knows."""
        return True

    def _ready_or_dead(self) -> bool:
        if not self.alive:
            raise RuntimeError(f"{self.command} ended at its start:\n{self.log}")
        return self.ready()

    def wait(self, seconds: float = 10) -> int:
        """Its exit code, once it has ended."""
        assert self._popen is not None, "not started"
        return self._popen.wait(deadline(seconds))

    def terminate(self, seconds: float = 30) -> int:
        """Asks it to end (SIGTERM), and returns its exit code."""
        self.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self) -> None:
        if self.alive:
            self.send_signal(signal.SIGKILL)
            self.wait()

    def stop(self) -> None:
        """Ends it whatever its state: politely, and by force where that does not help."""
        if not self.alive:
            return
        self.resume()
        try:
            self.terminate(5)
        except subprocess.TimeoutExpired:
            self.kill()

    def pause(self) -> None:
        """Stops it in its tracks (SIGSTOP): its sockets stay open and nobody answers."""
        self.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.send_signal(signal.SIGCONT)

    def send_signal(self, number: signal.Signals) -> None:
        assert self._popen is not None, "not started"
        self._popen.send_signal(number)

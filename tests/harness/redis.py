"""A redis-server of the tests' own."""

from __future__ import annotations

import shutil
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.harness.process import Process, free_port


class RedisServer(Process):
    """Keeps nothing on disk: after `kill()` and `start()` it is back on its port, and empty."""

    def __init__(
        self, directory: Path, *, port: int | None = None, unix_socket: Path | None = None
    ) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is not installed; `make test` installs it"
        self.port = port or free_port()
        settings = {
            "port": self.port,
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "no",
            "dir": directory,
        }
        if unix_socket is not None:
            settings["unixsocket"] = unix_socket
        arguments = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        super().__init__([program, *arguments], log=directory / f"redis-{self.port}.log")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self, socket_timeout: float = 5) -> redis.Redis:
        """A client for what a test does to the server (FLUSHALL, CLIENT KILL, …); close it.

        It does not try again: a test wants to see the first answer.
        """
        return redis.Redis(
            port=self.port, socket_timeout=socket_timeout, retry=Retry(NoBackoff(), 0)
        )

    def ready(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

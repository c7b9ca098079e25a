"""A server process of ours, as a deployment starts it: production settings, without TLS."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.db import connection

from tests.harness.process import Process, free_port, listens

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable

# `{port}` is filled in.
DAPHNE = (PYTHON, "-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "config.asgi:application")
UVICORN = (PYTHON, "-m", "uvicorn", "--port", "{port}", "config.asgi:application")
SERVE = (PYTHON, "manage.py", "serve", "-b", "127.0.0.1", "-p", "{port}")
COMMANDS = {"serve": SERVE, "daphne": DAPHNE, "uvicorn": UVICORN}
# Of a server whose test does not say which. `make faults` has its rows run on each.
COMMAND = COMMANDS[os.environ.get("FAULT_SERVER") or "daphne"]


def database_url() -> str:
    """The URL of the database that this process uses: under pytest, the test database."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    user, host, port = settings["USER"], settings["HOST"], settings["PORT"]
    return f"postgres://{user}@{host}:{port}/{settings['NAME']}"


def environment(**variables: str) -> dict[str, str]:
    """The environment of a process beside this one: the same database, production settings.

    `variables` come on top, e.g. `REDIS_URL=redis_server.url, NOTIFY_SWEEP_INTERVAL="1"`.
    """
    production = {
        "DATABASE_URL": database_url(),
        "DATABASE_POOL": "8",
        "DEBUG": "off",
        "HTTPS": "off",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "",  # hundreds are started, and would compile notify each time
        "PYTHONPATH": str(ROOT),
    }
    return os.environ | production | variables


def manage(*arguments: str, seconds: float = 60, **variables: str) -> str:
    """Runs `manage.py` with the arguments in a process of its own, and returns what it prints.

    Raises CalledProcessError, with the output in its message, where it fails.
    """
    done = subprocess.run(
        [PYTHON, str(ROOT / "manage.py"), *arguments],
        env=environment(**variables),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(arguments)}:\n{done.stdout}{done.stderr}"
    return done.stdout


class Server(Process):
    """An ASGI server with our application, on a port of its own."""

    def __init__(
        self,
        *,
        log: Path,
        command: Sequence[str] = COMMAND,
        env: Mapping[str, str] | None = None,
        port: int | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.port = port or free_port()
        words = [word.format(port=self.port) for word in command]
        super().__init__(words, log=log, env=environment() if env is None else env, cwd=cwd)

    @property
    def url(self) -> str:
        """Also the origin of its pages."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/notify/"

    def ready(self) -> bool:
        return listens(self.port)

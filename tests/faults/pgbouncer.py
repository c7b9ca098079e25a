"""PgBouncer before the PostgreSQL of the tests, in transaction mode."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.harness.postgres import SUPERUSER, Postgres
from tests.harness.process import Process, free_port, listens


class PgBouncer(Process):
    def __init__(self, directory: Path, postgres: Postgres) -> None:
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program, "pgbouncer is not installed; `make test` installs it"
        self.port = free_port()
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": "transaction",
            "default_pool_size": 10,
            "ignore_startup_parameters": "extra_float_digits",
        }
        written = "\n".join(f"{name} = {value}" for name, value in settings.items())
        server = f"* = host=127.0.0.1 port={postgres.port} user={SUPERUSER}"
        configuration = directory / "pgbouncer.ini"
        configuration.write_text(f"[databases]\n{server}\n[pgbouncer]\n{written}\n")
        # It refuses to run as root.
        user = ["-u", "postgres"] if os.geteuid() == 0 else []
        super().__init__([program, *user, str(configuration)], log=directory / "pgbouncer.log")

    def ready(self) -> bool:
        return listens(self.port)

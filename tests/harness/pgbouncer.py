"""PgBouncer in transaction mode before the PostgreSQL of this run."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.harness.postgres import SUPERUSER, Postgres
from tests.harness.process import Process, free_port, listens

POOL_SIZE = 4


class PgBouncer(Process):
    def __init__(self, postgres: Postgres) -> None:
        self.port = free_port()
        directory = Path(tempfile.mkdtemp(dir=postgres.directory))  # which is gone with it
        users = directory / "users.txt"
        users.write_text(f'"{SUPERUSER}" ""\n')
        configuration = directory / "pgbouncer.ini"
        configuration.write_text(
            f"""[databases]
* = host=127.0.0.1 port={postgres.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = {POOL_SIZE}
"""
        )
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        command = [program, str(configuration)]
        if os.geteuid() == 0:  # which it refuses to be
            directory.chmod(0o755)
            command = [program, "--user", "postgres", str(configuration)]
        super().__init__(command, log=directory / "pgbouncer.log")

    def url(self, database: str) -> str:
        return f"postgres://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def ready(self) -> bool:
        return listens(self.port)

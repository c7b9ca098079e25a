"""A PostgreSQL of the tests' own, in a directory that says all about it.

It is started by tests.harness.run before pytest, because Django's settings need its URL, and
tests may stop, pause and restart it: any process that knows the directory can.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.harness.process import free_port
from tests.harness.waiting import deadline

OLDEST = 15
DIRECTORY_VARIABLE = "TEST_POSTGRES_DIRECTORY"
SUPERUSER = "notify"

# Speed over safety: a crash of the machine may lose data, one of the server does not.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
}


def programs() -> Path:
    """The directory of the newest PostgreSQL programs on this machine (initdb, postgres)."""
    debian = sorted(
        (path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parts[-2].isdigit()),
        key=lambda path: int(path.parts[-2]),
    )
    if debian and int(debian[-1].parts[-2]) >= OLDEST:
        return debian[-1]
    found = shutil.which("postgres")
    assert found, f"PostgreSQL {OLDEST} or newer is not installed; `make test` installs it"
    return Path(found).resolve().parent


def _owner() -> str | None:
    """PostgreSQL refuses to run as root: then it runs as the user of its package."""
    return "postgres" if os.geteuid() == 0 else None


class Postgres:
    """One server: data, socket and log in `directory`, on the port in the file `port` there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    @contextlib.contextmanager
    def temporary(cls) -> Iterator[Postgres]:
        """A running server, gone with its data at the end of the `with`."""
        directory = Path(tempfile.mkdtemp(prefix="notify-postgres-"))
        server = cls(directory)
        try:
            server.create()
            server.start()
            yield server
        finally:
            server.stop()
            shutil.rmtree(directory, ignore_errors=True)

    @classmethod
    def of_this_run(cls) -> Postgres:
        """The one that tests.harness.run started around this process."""
        return cls(Path(os.environ[DIRECTORY_VARIABLE]))

    def create(self) -> None:
        if owner := _owner():
            account = pwd.getpwnam(owner)
            os.chown(self.directory, account.pw_uid, account.pw_gid)
        (self.directory / "port").write_text(str(free_port()))
        self._run(
            str(programs() / "initdb"),
            *("--pgdata", str(self.data), "--username", SUPERUSER),
            *("--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        )

    def start(self) -> None:
        options = {"port": self.port, "unix_socket_directories": self.directory} | SETTINGS
        words = " ".join(f"-c {name}={value}" for name, value in options.items())
        self._control("start", "--log", str(self._log), "--options", words)

    def stop(self, mode: str = "fast") -> None:
        """Ends it: `fast` cuts its clients off, `immediate` is a crash. Commits are kept."""
        if self.pid is not None:
            self.resume()
            self._control("stop", "--mode", mode)

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def pause(self) -> None:
        """Freezes the server and every backend: connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError):  # a backend that has just ended
                os.kill(pid, number)

    def terminate_backends(self, database: str) -> int:
        """Cuts off all who are connected to `database`; returns how many that were."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s",
                [database],
            ).fetchone()
        return int(found[0]) if found else 0

    def url(self, database: str) -> str:
        return f"postgres://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    @property
    def port(self) -> int:
        return int((self.directory / "port").read_text())

    @property
    def pid(self) -> int | None:
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
        except (FileNotFoundError, IndexError, ProcessLookupError):
            return None
        return pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def answers(self) -> bool:
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def _log(self) -> Path:
        return self.directory / "log"

    def _pids(self) -> list[int]:
        if self.pid is None:
            return []
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [self.pid, *map(int, children.read_text().split())]

    def _control(self, action: str, *options: str) -> None:
        program = str(programs() / "pg_ctl")
        self._run(program, action, "--pgdata", str(self.data), "--wait", *options)

    def _run(self, *command: str) -> None:
        # Into a file: a pipe would stay open as long as the server that pg_ctl leaves behind.
        with (self.directory / "output").open("w+b") as output:
            done = subprocess.run(
                command,
                cwd=self.directory,
                user=_owner(),
                group=_owner(),
                extra_groups=[] if _owner() else None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C at the tests is not one at the database
                timeout=deadline(60),
                check=False,
            )
            output.seek(0)
            said = output.read().decode(errors="replace")
        assert done.returncode == 0, f"{' '.join(command)}:\n{said}"


class Backup:
    """The files of PostgreSQL as they were: what a restore, or a failover that lost commits,
    brings back."""

    def __init__(self, postgres: Postgres, directory: Path) -> None:
        self._postgres = postgres
        self._data = postgres.data
        self._copy = directory / "backup"
        postgres.stop()
        self._duplicate(self._data, self._copy)
        postgres.start()

    def restore(self, *, new_timeline: bool) -> None:
        self._postgres.stop("immediate")
        shutil.rmtree(self._data)
        self._duplicate(self._copy, self._data)
        if new_timeline:  # as a promotion does: recovery ends, and a history of its own begins
            with (self._data / "postgresql.auto.conf").open("a") as settings:
                settings.write("restore_command = 'false'\n")
            recovery = self._data / "recovery.signal"
            recovery.touch()
            shutil.copystat(self._data / "PG_VERSION", recovery)
            owner = (self._data / "PG_VERSION").stat()
            shutil.chown(recovery, owner.st_uid, owner.st_gid)
        self._postgres.start()

    @staticmethod
    def _duplicate(source: Path, to: Path) -> None:
        subprocess.run(["cp", "-a", str(source), str(to)], check=True)

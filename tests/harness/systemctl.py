"""`systemctl` for tests: systemd itself does not run in a container.

    PATH=<directory of the script>:… systemctl restart notify@8001

Knows `start`, `stop`, `restart` and `reload`, and of a unit what these need: WorkingDirectory,
EnvironmentFile, ExecStart, ExecReload, KillMode, TimeoutStopSec, `%i`. As systemd does, it gives a
process an environment of its own, and reads in an EnvironmentFile no comment behind a value. It
starts nobody again: `Restart=` is not for it. It returns when the process was started, as with
`Type=exec`; what it had to kill is in `killed`.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

from tests.harness.server import ROOT

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def install(directory: Path) -> Path:
    """Writes the program for units in `directory`; returns what to put into PATH."""
    programs = directory / "programs"
    programs.mkdir()
    program = programs / "systemctl"
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.harness.systemctl import main"
    )
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c {shlex.quote(code + "; main()")} {directory} "$@"\n'
    )
    program.chmod(0o755)
    return programs


def environment_of(file: Path) -> dict[str, str]:
    """As systemd.exec(5) says of EnvironmentFile=: comments are lines of their own."""
    lines = [line.strip() for line in file.read_text().splitlines()]
    pairs = (line.split("=", 1) for line in lines if line and line[0] not in "#;")
    return {name: _unquoted(value.strip()) for name, value in pairs}


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]
    return value[1:-1] if quoted else value


class Unit:
    """`name` is e.g. notify@8001; its file is in `directory`, and so is what is kept of it."""

    def __init__(self, directory: Path, name: str) -> None:
        template, at, instance = name.removesuffix(".service").partition("@")
        parser = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
        text = (directory / f"{template}{at}.service").read_text()
        parser.read_string(text.replace("%i", instance))
        self._says = parser["Service"]
        self._pid_file = directory / f"{name}.pid"
        self.log = directory / f"{name}.log"
        self._killed = directory / "killed"

    @property
    def pid(self) -> int | None:
        """Of its main process, where that is alive."""
        with contextlib.suppress(OSError, ValueError):
            pid = int(self._pid_file.read_text())
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            return None if state == "Z" else pid
        return None

    def start(self) -> None:
        if self.pid is not None:
            return
        env = {"PATH": PATH} | environment_of(Path(self._says["EnvironmentFile"]))
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                shlex.split(self._says["ExecStart"]),
                cwd=self._says["WorkingDirectory"],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._pid_file.write_text(str(process.pid))

    def stop(self) -> None:
        pid = self.pid
        if pid is None:
            return
        only_main = self._says.get("KillMode", "control-group") in {"mixed", "process"}
        (os.kill if only_main else os.killpg)(pid, signal.SIGTERM)
        seconds = float(self._says.get("TimeoutStopSec", "90s").removesuffix("s"))
        end = time.monotonic() + seconds
        while self.pid is not None and time.monotonic() < end:
            time.sleep(0.05)
        if self.pid is not None:
            with self._killed.open("a") as killed:
                killed.write(f"{self._pid_file.stem} after {seconds} s\n")
        with contextlib.suppress(ProcessLookupError):  # what it has left, too
            os.killpg(pid, signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def reload(self) -> None:
        assert self.pid is not None, "not running"
        words = shlex.split(self._says["ExecReload"].replace("$MAINPID", str(self.pid)))
        subprocess.run(words, check=True)


@contextlib.contextmanager
def running(directory: Path, *names: str) -> Iterator[None]:
    """Has the program start these units, and in the end stop them."""
    program = str(directory / "programs" / "systemctl")
    try:
        subprocess.run([program, "start", *names], check=True)
        yield
    finally:
        subprocess.run([program, "stop", *names], check=False)
        for name in names:
            log = Unit(directory, name).log
            if log.exists():
                print(f"--- {log}\n{log.read_text()}")  # noqa: T201  (pytest shows it with a failure)


def main() -> None:
    directory, verb, *names = sys.argv[1:]
    if verb not in {"start", "stop", "restart", "reload"} or not names:
        sys.exit(f"not known to the systemctl of the tests: {verb} {names}")
    for name in names:
        getattr(Unit(Path(directory), name), verb)()

"""What the operating system says about a process and about this machine (Linux)."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
import timeit
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path

from tests.harness.postgres import programs
from tests.harness.server import ROOT
from tests.harness.waiting import deadline

QUIET_CPU = 0.1  # of a core
QUIET_FOR_S = 0.3
PACKAGES = (
    *("Django", "channels", "channels_redis", "daphne", "Twisted", "autobahn", "psycopg", "redis"),
    *("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "websockets", "python-socketio"),
)


def cpu_seconds(pid: int) -> float:
    """What the process has used, in user and in kernel mode, by all its threads, ended ones too.

    The same sum as in /proc/<pid>/stat, which has it in hundredths of a second; the kernel's clock
    of the process has nanoseconds (clock_getcpuclockid(3), whose number of the clock this is).
    """
    return time.clock_gettime(~pid << 3 | 2)


def user_and_system(pid: int) -> tuple[float, float]:
    """The two parts of `cpu_seconds`, as exact as the kernel's ticks of a hundredth of a second."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = (int(ticks) / os.sysconf("SC_CLK_TCK") for ticks in told[11:13])
    return user, system


def resident_bytes(pid: int) -> int:
    """Proportional set size: what the process has, with its part of what it shares."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("the kernel does not tell the proportional set size")


def forget_peak(pid: int) -> None:
    """The peak of the memory is counted anew from here (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_bytes(pid: int) -> int:
    """The most that was resident since `forget_peak`."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError("the kernel does not tell the peak")


def wait_until_quiet(pids: Collection[int]) -> None:
    """Returns when the processes do next to nothing: what follows opening sockets is over."""
    end = time.monotonic() + deadline(60)
    used = sum(map(cpu_seconds, pids))
    while True:
        time.sleep(QUIET_FOR_S)
        before, used = used, sum(map(cpu_seconds, pids))
        if used - before <= QUIET_CPU * QUIET_FOR_S:
            return
        if time.monotonic() > end:
            raise TimeoutError(f"processes {pids} do not come to rest")


def addition_ns() -> float:
    """How long Python takes to add one in a loop, at the best of three tries: how fast a shared
    machine is at the moment."""
    tries = timeit.repeat("n += 1", "n = 0", number=(count := 1_000_000), repeat=3)
    return min(tries) / count * 1e9


def description() -> dict[str, str]:
    """This machine and the versions that were measured."""
    return {
        "CPU": f"{_cpu_model()}, {os.cpu_count()} cores",
        "Kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "Node": _output("node", "--version").strip().removeprefix("v"),
        "ws": json.loads((ROOT / "node_modules/ws/package.json").read_text())["version"],
        "Redis": _output("redis-server", "--version").split("v=")[-1].split()[0],
        "PostgreSQL": _output(str(programs() / "postgres"), "--version").split()[2],
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout

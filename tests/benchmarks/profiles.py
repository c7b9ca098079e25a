"""Where the time of a server of ours goes: `make profile W=delivery SOCKETS=1000`, or

python -m tests.harness.run --postgres --redis -- python -m tests.benchmarks.profiles delivery

Each load is put on twice, as the questions of the benchmark do it: first for the CPU time of the
process, then for py-spy, which stops the process at each look and so has it take longer.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ.setdefault("SECRET_KEY", "the key of the benchmarks, which all their processes share")
os.environ["HTTPS"] = "off"  # as the servers have it: names of cookies depend on it

import django

django.setup()

from tests.benchmarks import machine
from tests.benchmarks.bench import Run
from tests.benchmarks.contenders import SERVED, Contender
from tests.benchmarks.people import sign_in
from tests.benchmarks.questions.connections import AT_ONCE, SETTLE_S
from tests.benchmarks.questions.latencies import sample
from tests.benchmarks.remote import Remote
from tests.benchmarks.samples import Spy, tables
from tests.harness.server import PYTHON, ROOT, environment

DELIVERIES = 200_000
IDLE_S = 60  # two looks at all sessions
PING_INTERVAL_S = 20
NOTICES = 500
PATIENCE_S = 600


@dataclass(frozen=True)
class Load:
    """What is put on a process; `work` says how many things it did, and in how many seconds."""

    pid: int
    work: Callable[[], tuple[int, float]]
    prepare: Callable[[], object] = lambda: None
    collected: Callable[[], float] | None = None  # seconds of its garbage collector so far


@contextlib.contextmanager
def _served(
    directory: Path, contender: Contender = SERVED
) -> Iterator[tuple[Run, Callable[[], float]]]:
    """The run, and who tells the seconds of its server's garbage collector."""
    note = directory / "collected"
    note.write_bytes(struct.pack("d", 0.0))
    settings = "tests.benchmarks.site.collected"
    with Run(contender.with_(DJANGO_SETTINGS_MODULE=settings, COLLECTED=str(note))) as run:
        yield run, lambda: float(struct.unpack("d", note.read_bytes())[0])


def _timed(run: Run, work: Callable[[], int]) -> Callable[[], tuple[int, float]]:
    """The seconds until the server is at rest again, too."""

    def timed() -> tuple[int, float]:
        started = time.monotonic()
        done = work()
        run.rest()
        return done, time.monotonic() - started

    return timed


@contextlib.contextmanager
def delivery(sockets: int, directory: Path) -> Iterator[Load]:
    people = sign_in(sockets)
    with _served(directory, SERVED.quiet) as (run, collected):
        run.open(people)

        def send(notices: int = max(10, DELIVERIES // sockets)) -> int:
            for _ in range(notices):
                run.broadcast(1)
                run.wait()
            return notices * sockets

        send(3)
        run.rest()
        yield Load(run.servers[0].pid, _timed(run, send), collected=collected)


@contextlib.contextmanager
def connect(sockets: int, directory: Path) -> Iterator[Load]:
    people = sign_in(sockets)
    with _served(directory) as (run, collected):
        run.open(people)

        def reopen() -> int:
            _, refused = run.reopen(at_once=AT_ONCE)
            assert refused == 0, refused
            return sockets

        yield Load(run.servers[0].pid, _timed(run, reopen), run.cut_off, collected)


@contextlib.contextmanager
def idle(sockets: int, directory: Path) -> Iterator[Load]:
    people = sign_in(sockets)
    with _served(directory) as (run, collected):
        run.open_busy(people)
        time.sleep(SETTLE_S)

        def wait() -> tuple[int, float]:
            time.sleep(IDLE_S)  # the time is the load
            return sockets * IDLE_S // PING_INTERVAL_S, IDLE_S

        yield Load(run.servers[0].pid, wait, collected=collected)


@contextlib.contextmanager
def notice(sockets: int, directory: Path) -> Iterator[Load]:
    people = sign_in(sockets)
    with _served(directory, SERVED.quiet) as (run, collected):
        run.open(people)
        sample(run, people, 0)
        run.rest()

        def ask() -> int:
            before = sum(map(len, run.expected.values()))
            sample(run, people, NOTICES)
            return sum(map(len, run.expected.values())) - before

        yield Load(run.servers[0].pid, _timed(run, ask), collected=collected)


@contextlib.contextmanager
def fan_out(users: int, directory: Path) -> Iterator[Load]:
    """In the process that carries the batches out; the rest of its time it waits for PostgreSQL."""
    log = directory / "stores.log"
    with Remote("tests.benchmarks.stores", env=environment(), log=log) as stores:
        stores.call("people", count=users, seconds=PATIENCE_S)

        def send(times: int = 3) -> tuple[int, float]:
            sent = [stores.call("fan_out", seconds=PATIENCE_S) for _ in range(times)]
            return times * users, sum(each["seconds"] for each in sent)

        send(1)  # loads code and opens Redis
        yield Load(stores.pid, send)


# By name: how it is put on, what is counted, and how many sockets or users where it is not said.
LOADS = {
    "delivery": (delivery, "a delivery", 1000),
    "connect": (connect, "a connect", 3000),
    "idle": (idle, f"an idle socket, in {PING_INTERVAL_S} s", 10_000),
    "notice": (notice, "a notice, its request and its view", 1000),
    "fan-out": (fan_out, "a recipient", 100_000),
}


def show(what: str, count: int | None) -> None:
    put_on, thing, usual = LOADS[what]
    count = count or usual
    print(f"{what}: {count:,} {'users' if put_on is fan_out else 'sockets'}", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        with put_on(count, directory) as load:
            _show_cpu(load, thing)
            load.prepare()
            with Spy(load.pid, directory) as spy:
                load.work()
                for line in tables(spy.stacks()):
                    print(line)


def _show_cpu(load: Load, thing: str) -> None:
    load.prepare()
    user, system = machine.user_and_system(load.pid)
    collected = load.collected() if load.collected else 0.0
    done, seconds = load.work()
    user, system = (
        now - then
        for now, then in zip(machine.user_and_system(load.pid), (user, system), strict=True)
    )
    print(f"  {(user + system) / done * 1e6:,.1f} µs of CPU for {thing}:", end=" ")
    print(f"{user / done * 1e6:,.1f} user, {system / done * 1e6:,.1f} system; {done:,} of them")
    print(f"  {user + system:.2f} s of CPU in {seconds:.1f} s")
    if load.collected:
        share = (load.collected() - collected) / (user + system)
        print(
            f"  {share:.1%} of it the garbage collector's, which is part of whoever it interrupts"
        )
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    for end in (signal.SIGINT, signal.SIGTERM):  # the harness has the first one ignored
        signal.signal(end, lambda number, _: sys.exit(128 + number))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # of what is started, too
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.profiles")
    parser.add_argument("what", choices=LOADS)
    parser.add_argument("--count", type=int, help="sockets, or users of a fan-out")
    options = parser.parse_args(arguments)
    subprocess.run([PYTHON, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
    show(options.what, options.count)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Whether a change made a connect, a delivery or a send cheaper: `make compare WITH=../before`,
where that is a clone of this repository at another commit.

A server and a sender of each tree take turns, or hear the same notices, so that what else the
machine does falls upon both alike: between two runs a minute apart it may be half as fast again,
and hides what is sought.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ.setdefault("SECRET_KEY", "the key of the benchmarks, which all their processes share")
os.environ["HTTPS"] = "off"  # as the servers have it: names of cookies depend on it

import django

django.setup()

import psycopg
from django.core.management import call_command

from tests.benchmarks import turns
from tests.benchmarks.bench import Run
from tests.benchmarks.contenders import SERVED, Contender
from tests.benchmarks.people import sign_in
from tests.benchmarks.remote import Remote
from tests.harness.server import ROOT, environment

WARM_UP = 3
ROUNDS = 24
NOTICES_A_ROUND = 5
CONNECTS_A_ROUND = 200
SENDS_A_ROUND = 50
PEOPLE = 100  # who are sent to, one after the other
BEYOND = 6  # of so many rounds: on each side of the interval of a median (binomial, 97.7 %)

T = TypeVar("T")
Costs = list[float]  # seconds of CPU: this tree's and the other's, in one round


def served_by(tree: Path) -> Contender:
    program = str(tree / "manage.py")
    command = [program if word == "manage.py" else word for word in SERVED.command]
    return replace(SERVED.quiet, command=command)


def compare_servers(trees: Sequence[Path], sockets: int) -> None:
    people = sign_in(sockets)
    with contextlib.ExitStack() as stack:
        runs = [stack.enter_context(Run(served_by(tree))) for tree in trees]

        def connect(run: Run) -> float:
            before = run.cpu
            run.open(people[:CONNECTS_A_ROUND])
            cost = run.cpu - before
            run.cut_off()
            return cost / CONNECTS_A_ROUND

        rounds(lambda: in_turn(connect, runs), "a connect")
        for run in runs:
            run.open(people)
        rounds(lambda: _deliver(runs, sockets), "a delivery")
        for run in runs:
            run.verify()


def _deliver(runs: Sequence[Run], sockets: int) -> Costs:
    before = [run.cpu for run in runs]
    for _ in range(NOTICES_A_ROUND):
        runs[0].broadcast(1)
        for other in runs[1:]:
            other.expect(1)  # they share database and Redis
        for run in runs:
            run.wait()
    deliveries = NOTICES_A_ROUND * sockets
    return [(run.cpu - was) / deliveries for run, was in zip(runs, before, strict=True)]


def compare_senders(trees: Sequence[Path]) -> None:
    """Each with a database of its own."""
    with contextlib.ExitStack() as stack:
        senders = [stack.enter_context(_sender(tree, n)) for n, tree in enumerate(trees)]
        for sender in senders:
            sender.call("people", count=PEOPLE)
        for situation in (turns.AUTOCOMMIT, turns.ATOMIC):
            send = partial(_send, situation, itertools.count(1))
            rounds(partial(_sends, send, senders), f"a send, {situation}")


def _sends(send: Callable[[Remote], float], senders: Sequence[Remote]) -> Costs:
    costs = [in_turn(send, senders) for _ in range(SENDS_A_ROUND)]
    return [statistics.fmean(one) for one in zip(*costs, strict=True)]


def _send(situation: str, numbers: Iterator[int], sender: Remote) -> float:
    taken = sender.call(
        "turn", what=turns.ONE_PERSON, situation=situation, n=next(numbers), rest=False
    )
    return float(taken["cpu"])


@contextlib.contextmanager
def _sender(tree: Path, number: int) -> Iterator[Remote]:
    ours = os.environ["DATABASE_URL"]
    name = f"tree_{number}"
    with psycopg.connect(ours, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    env = environment(DATABASE_URL=f"{ours.rpartition('/')[0]}/{name}")
    program = str(tree / "manage.py")
    subprocess.run([sys.executable, program, "migrate", "-v0"], env=env, cwd=tree, check=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        log = Path(directory) / "sends.log"
        with Remote("tests.benchmarks.sends", env=env, log=log, cwd=tree) as sender:
            yield sender


def in_turn(cost: Callable[[T], float], contenders: Sequence[T]) -> Costs:
    """The cost of each, in any order."""
    order = random.sample(range(len(contenders)), len(contenders))
    costs = {index: cost(contenders[index]) for index in order}
    return [costs[index] for index in sorted(costs)]


def rounds(measure: Callable[[], Costs], what: str) -> None:
    """Prints what the rounds cost, and the ratio of the two an interval that has its true
    median in 19 of 20 series."""
    for _ in range(WARM_UP):
        measure()
    costs = [measure() for _ in range(ROUNDS)]
    for name, one in zip(("this", "the other"), zip(*costs, strict=True), strict=True):
        low, median, high = (seconds * 1e6 for seconds in statistics.quantiles(one, n=4))
        print(f"{median:8.2f} µs {what} ({low:.2f} to {high:.2f}), {name}")
    ratios = sorted(mine / theirs for mine, theirs in costs)
    low, high = ratios[BEYOND], ratios[-1 - BEYOND]
    print(f"{statistics.median(ratios):8.3f} times the other's ({low:.3f} to {high:.3f})")


def main(arguments: list[str]) -> int:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # of what is started, too
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.trees")
    parser.add_argument("other", type=Path)
    parser.add_argument("--count", type=int, default=1000, help="sockets")
    options = parser.parse_args(arguments)
    other = options.other.resolve()
    if not (other / "manage.py").exists():
        parser.error(f"{other} is no tree of ours: it has no manage.py")
    call_command("migrate", verbosity=0)
    compare_senders((ROOT, other))
    compare_servers((ROOT, other), options.count)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

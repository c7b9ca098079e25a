"""Two things that take turns, round by round, and the ratio of what they cost."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg

from tests.benchmarks import turns
from tests.benchmarks.bench import Run
from tests.benchmarks.remote import Remote
from tests.harness.server import environment

T = TypeVar("T")
Costs = list[float]  # seconds of CPU of each, in one round

WARM_UP = 3
ROUNDS = 24
NOTICES_A_ROUND = 5
SENDS_A_ROUND = 50
PEOPLE = 100  # who are sent to, one after the other
BEYOND = 6  # of so many rounds: on each side of the interval of a median (binomial, 97.7 %)


def in_turn(cost: Callable[[T], float], contenders: Sequence[T]) -> Costs:
    """The cost of each, in any order."""
    order = random.sample(range(len(contenders)), len(contenders))
    costs = {index: cost(contenders[index]) for index in order}
    return [costs[index] for index in sorted(costs)]


def rounds(measure: Callable[[], Costs], what: str, names: Sequence[str]) -> None:
    """Prints what the rounds cost, and the ratio of the two, with an interval that has its true
    median in 19 of 20 such series."""
    for _ in range(WARM_UP):
        measure()
    costs = [measure() for _ in range(ROUNDS)]
    for name, one in zip(names, zip(*costs, strict=True), strict=True):
        low, median, high = (seconds * 1e6 for seconds in statistics.quantiles(one, n=4))
        print(f"{median:8.2f} µs {what} ({low:.2f} to {high:.2f}), {name}")
    ratios = sorted(mine / theirs for mine, theirs in costs)
    low, high = ratios[BEYOND], ratios[-1 - BEYOND]
    print(
        f"{statistics.median(ratios):8.3f} times the other's ({low:.3f} to {high:.3f})", flush=True
    )


@contextlib.contextmanager
def sender(tree: Path, number: int) -> Iterator[Remote]:
    """Whoever sends, of this tree, with a database of its own."""
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
        with Remote("tests.benchmarks.sends", env=env, log=log, cwd=tree) as remote:
            yield remote


def compare_sends(contenders: Sequence[tuple[Remote, str]], names: Sequence[str]) -> None:
    """The CPU time of the caller. Of each, who sends, and what: a key of `sends.CALLS`."""
    for situation in (turns.AUTOCOMMIT, turns.ATOMIC):
        send = partial(_send, situation, itertools.count(1))
        rounds(partial(_sends, send, contenders), f"a send, {situation}", names)


def _sends(send: Callable[[tuple[Remote, str]], float], of: Sequence[tuple[Remote, str]]) -> Costs:
    costs = [in_turn(send, of) for _ in range(SENDS_A_ROUND)]
    return [statistics.fmean(one) for one in zip(*costs, strict=True)]


def _send(situation: str, numbers: Iterator[int], contender: tuple[Remote, str]) -> float:
    sender, what = contender
    taken = sender.call("turn", what=what, situation=situation, n=next(numbers), rest=False)
    return float(taken["cpu"])


def compare_deliveries(runs: Sequence[Run], sockets: int, names: Sequence[str]) -> None:
    """The CPU time of two servers that share database and Redis, for each of their sockets."""
    rounds(partial(_deliver, runs, sockets), "a delivery", names)
    for run in runs:
        run.verify()


def _deliver(runs: Sequence[Run], sockets: int) -> Costs:
    before = [run.cpu for run in runs]
    for _ in range(NOTICES_A_ROUND):
        runs[0].broadcast(1)
        for other in runs[1:]:
            other.expect(1)
        for run in runs:
            run.wait()
    deliveries = NOTICES_A_ROUND * sockets
    return [(run.cpu - was) / deliveries for run, was in zip(runs, before, strict=True)]

"""Whether a change made a delivery cheaper: `make compare WITH=../before`, where that is a clone of
this repository at another commit.

A server of each tree hears the same notices, so that what else the machine does falls upon both
alike: between two runs a minute apart it may be half as fast again, and hides what is sought.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import statistics
import sys
from dataclasses import replace
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ.setdefault("SECRET_KEY", "the key of the benchmarks, which all their processes share")
os.environ["HTTPS"] = "off"  # as the servers have it: names of cookies depend on it

import django

django.setup()

from django.core.management import call_command

from tests.benchmarks.bench import Run
from tests.benchmarks.contenders import SERVED, Contender
from tests.benchmarks.people import sign_in
from tests.harness.server import ROOT

WARM_UP = 3
ROUNDS = 24
NOTICES_A_ROUND = 5


def served_by(tree: Path) -> Contender:
    program = str(tree / "manage.py")
    command = [program if word == "manage.py" else word for word in SERVED.command]
    return replace(SERVED.quiet, command=command)


def compare(other: Path, sockets: int) -> None:
    people = sign_in(sockets)
    with contextlib.ExitStack() as stack:
        ours, others = (stack.enter_context(Run(served_by(tree))) for tree in (ROOT, other))
        for run in (ours, others):
            run.open(people)

        def broadcast(count: int) -> None:
            for _ in range(count):
                ours.broadcast(1)
                others.expect(1)  # they share database and Redis
                ours.wait()
                others.wait()

        def cost(before: tuple[float, float]) -> tuple[float, float]:
            deliveries = NOTICES_A_ROUND * sockets
            mine, theirs = ours.cpu - before[0], others.cpu - before[1]
            return mine / deliveries * 1e6, theirs / deliveries * 1e6

        broadcast(WARM_UP)
        costs = []
        for _ in range(ROUNDS):
            before = ours.cpu, others.cpu
            broadcast(NOTICES_A_ROUND)
            costs.append(cost(before))
        ours.verify()
        others.verify()
    for name, one in zip(("this tree", str(other)), zip(*costs, strict=True), strict=True):
        low, median, high = statistics.quantiles(one, n=4)
        print(f"{median:6.2f} µs a delivery ({low:.2f} to {high:.2f})  {name}")
    ratio = statistics.median(mine / theirs for mine, theirs in costs)
    print(f"{ratio:6.3f} times the other's, the median of {ROUNDS} rounds")


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
    compare(other, options.count)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

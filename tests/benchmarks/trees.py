"""Whether a change made a connect, a delivery or a send cheaper: `make compare WITH=../before`,
where that is a clone of this repository at another commit.

A server and a sender of each tree take turns, or hear the same notices, so that what else the
machine does falls upon both alike: between two runs a minute apart it may be half as fast again,
and hides what is sought.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ.setdefault("SECRET_KEY", "the key of the benchmarks, which all their processes share")
os.environ["HTTPS"] = "off"  # as the servers have it: names of cookies depend on it

import django

django.setup()

from django.core.management import call_command

from tests.benchmarks import pairs, turns
from tests.benchmarks.bench import Run
from tests.benchmarks.contenders import SERVED, Contender
from tests.benchmarks.people import sign_in
from tests.harness.server import ROOT

CONNECTS_A_ROUND = 200
NAMES = ("this tree", "the other")


def served_by(tree: Path) -> Contender:
    program = str(tree / "manage.py")
    command = [program if word == "manage.py" else word for word in SERVED.command]
    return replace(SERVED.quiet, command=command)


def compare_servers(trees: Sequence[Path], sockets: int) -> None:
    people = sign_in(sockets)
    with _servers(trees) as runs:

        def connect(run: Run) -> float:
            before = run.cpu
            run.open(people[:CONNECTS_A_ROUND])
            cost = run.cpu - before
            run.cut_off()
            return cost / CONNECTS_A_ROUND

        pairs.rounds(partial(pairs.in_turn, connect, runs), "a connect", NAMES)
    with _servers(trees) as runs:
        for run in runs:
            run.open(people)
        pairs.compare_deliveries(runs, sockets, NAMES)


@contextlib.contextmanager
def _servers(trees: Sequence[Path]) -> Iterator[list[Run]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Run(served_by(tree))) for tree in trees]


def compare_senders(trees: Sequence[Path]) -> None:
    """Each with a database of its own."""
    with contextlib.ExitStack() as stack:
        senders = [stack.enter_context(pairs.sender(tree, n)) for n, tree in enumerate(trees)]
        for sender in senders:
            sender.call("people", count=pairs.PEOPLE)
        pairs.compare_sends([(sender, turns.ONE_PERSON) for sender in senders], NAMES)


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

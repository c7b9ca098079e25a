"""What e-mails cost: a send and a fan-out of a kind that is mailed beside one that is not, and what
a worker does of them later. `make mail-cost`, or

python -m tests.harness.run --postgres --redis -- python -m tests.benchmarks.channels
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ.setdefault("SECRET_KEY", "the key of the benchmarks, which all their processes share")

import django

django.setup()

from tests.benchmarks import pairs
from tests.benchmarks.remote import Remote
from tests.harness.server import ROOT

NAMES = ("a kind with e-mail", "a kind")  # keys of `sends.CALLS`
PATIENCE_S = 600
HANDING_OVER_S = 30.0


def compare_fan_outs(mailing: Remote, other: Remote, count: int) -> None:
    for sender in (mailing, other):
        sender.call("crowd", count=count, choosing=0.0, seconds=PATIENCE_S)
    whats = {mailing: NAMES[0], other: NAMES[1]}
    numbers = itertools.count(1)

    def fan_out(sender: Remote) -> float:
        arguments = {"n": next(numbers), "what": whats[sender]}
        return float(sender.call("fan_out_of", **arguments, seconds=PATIENCE_S))

    fan_outs = f"a fan-out to {count}"
    pairs.rounds(lambda: pairs.in_turn(fan_out, list(whats)), fan_outs, NAMES)


def hand_out(sender: Remote) -> None:
    """What ripens of the last fan-out, and is handed to a backend that drops it."""
    items, seconds = sender.call("ripen", seconds=PATIENCE_S)
    print(f"{seconds / items * 1e6:8.2f} µs an item that ripens, of {items}")
    messages = sender.call("hand_out", within_s=HANDING_OVER_S, seconds=PATIENCE_S)
    print(f"{messages / HANDING_OVER_S:8.0f} messages a second of one worker", flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.channels")
    parser.add_argument("--count", type=int, default=100_000, help="people")
    options = parser.parse_args(arguments)
    with pairs.sender(ROOT, 0) as sender:
        sender.call("people", count=pairs.PEOPLE)
        pairs.compare_sends([(sender, what) for what in NAMES], NAMES)
    with contextlib.ExitStack() as stack:
        mailing, other = (stack.enter_context(pairs.sender(ROOT, n)) for n in range(2))
        compare_fan_outs(mailing, other, options.count)
        hand_out(mailing)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What it costs that people choose: a fan-out to a crowd of whom three in ten have turned its
category off, beside one to a crowd that has chosen nothing. `make choices-cost`, or

python -m tests.harness.run --postgres --redis -- python -m tests.benchmarks.choices
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

SHARES = {"three in ten have chosen": 0.3, "nobody has": 0.0}
PATIENCE_S = 600


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.choices")
    parser.add_argument("--count", type=int, default=100_000, help="people")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        senders = [stack.enter_context(pairs.sender(ROOT, n)) for n in range(len(SHARES))]
        for sender, share in zip(senders, SHARES.values(), strict=True):
            sender.call("crowd", count=options.count, choosing=share, seconds=PATIENCE_S)
        numbers = itertools.count(1)

        def fan_out(sender: Remote) -> float:
            return float(sender.call("fan_out", n=next(numbers), seconds=PATIENCE_S))

        what = f"a fan-out to {options.count}"
        pairs.rounds(lambda: pairs.in_turn(fan_out, senders), what, list(SHARES))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

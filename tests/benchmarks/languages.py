"""What kinds cost: a send of one beside a send of texts, and a delivery in three languages beside
one in a single language. `make kinds-cost`, or

python -m tests.harness.run --postgres --redis -- python -m tests.benchmarks.languages
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.site.typed"
os.environ.setdefault("SECRET_KEY", "the key of the benchmarks, which all their processes share")
os.environ["HTTPS"] = "off"  # as the servers have it: names of cookies depend on it

import django

django.setup()

from django.core.management import call_command

from tests.benchmarks import pairs, turns
from tests.benchmarks.bench import Run
from tests.benchmarks.contenders import SERVED
from tests.benchmarks.people import sign_in
from tests.benchmarks.remote import Remote
from tests.harness.server import environment

TYPED = replace(SERVED.quiet, sender="tests.benchmarks.typed_sender").with_(
    DJANGO_SETTINGS_MODULE="tests.benchmarks.site.typed"
)
LANGUAGES = ("en", "de", "fr")


def compare_sends() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        log = Path(directory) / "sends.log"
        with Remote("tests.benchmarks.sends", env=environment(), log=log) as sender:
            sender.call("people", count=pairs.PEOPLE)
            calls = ("a kind", turns.ONE_PERSON)
            pairs.compare_sends([(sender, what) for what in calls], ("a kind", "texts"))


def compare_languages(sockets: int) -> None:
    people = sign_in(sockets)
    with contextlib.ExitStack() as stack:
        three, one = (stack.enter_context(Run(TYPED)) for _ in range(2))
        for n, language in enumerate(LANGUAGES):
            three.open(people[n :: len(LANGUAGES)], f"?language={language}")
            one.open(people[n :: len(LANGUAGES)], f"?language={LANGUAGES[0]}")
        pairs.compare_deliveries((three, one), sockets, ("three languages", "one language"))


def main(arguments: list[str]) -> int:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # of what is started, too
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.languages")
    parser.add_argument("--count", type=int, default=1000, help="sockets")
    options = parser.parse_args(arguments)
    call_command("migrate", verbosity=0)
    compare_sends()
    compare_languages(options.count)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

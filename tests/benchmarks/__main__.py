"""Asks the questions: `make bench`, or

python -m tests.harness.run --postgres --redis -- python -m tests.benchmarks --question 1
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ.setdefault("SECRET_KEY", "the key of the benchmarks, which all their processes share")
os.environ["HTTPS"] = "off"  # as the servers have it: names of cookies hang on it

import django

from tests.harness.server import PYTHON, ROOT

ANSWERS = ROOT / "docs" / "benchmarks"  # each with its plot; all of them are in the report
QUICK_ANSWERS = ROOT / ".make" / "benchmarks"
REPORT = ROOT / "docs" / "benchmarks.md"
CHANGED = ", with uncommitted changes"  # which may be others the next time


def main(arguments: list[str]) -> int:
    for end in (signal.SIGINT, signal.SIGTERM):  # the harness has the first one ignored
        signal.signal(end, _end)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # of what is started, too
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--quick", action="store_true", help="fewer sockets, runs and notices")
    parser.add_argument("--question", type=int, action="append", help="its number; repeatable")
    parser.add_argument("--runs", type=int, help="of each contender; 5, with --quick 1")
    parser.add_argument("--resume", action="store_true", help="what has no answer of this commit")
    options = parser.parse_args(arguments)
    for variable in ("DATABASE_URL", "REDIS_URL"):
        if variable not in os.environ:
            parser.error(f"{variable} is not set; start this by tests.harness.run")
    subprocess.run([PYTHON, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
    django.setup()

    from tests.benchmarks.answers import Answer
    from tests.benchmarks.machine import addition_ns, description
    from tests.benchmarks.questions import NOT_QUICK, NUMBERS, plan
    from tests.benchmarks.questions.scale import FULL, QUICK

    scale = QUICK if options.quick else FULL
    if options.runs:
        scale = replace(scale, runs=options.runs)
    commit, answers = _commit(), ANSWERS
    if options.quick:
        answers = QUICK_ANSWERS
        shutil.rmtree(answers, ignore_errors=True)
    may_resume = options.resume and not commit.endswith(CHANGED)
    every = sorted(NUMBERS - NOT_QUICK if options.quick else NUMBERS)
    numbers = options.question or every
    if unknown := sorted(set(numbers) - NUMBERS):
        parser.error(f"there is no question {unknown[0]}: {min(NUMBERS)} to {max(NUMBERS)} are")

    def is_answered(number: int) -> bool:
        kept = answers / f"{number}.json"
        return may_resume and kept.exists() and Answer.read(kept).commit == commit

    machine = description()
    for question in plan([number for number in numbers if not is_answered(number)]):
        load, addition, started = os.getloadavg()[0], addition_ns(), time.monotonic()
        found = question(scale)
        seconds = time.monotonic() - started
        together = ", ".join(str(answer.question) for answer in found)
        circumstances = (
            f"{time.strftime('%Y-%m-%d')}, {seconds:.0f} s"
            f"{f' for {together} together' if len(found) > 1 else ''}, "
            f"load average {load:.1f} before, {os.getloadavg()[0]:.1f} after; "
            f"an addition took Python {addition:.0f} ns before, {addition_ns():.0f} after"
        )
        for answer in found:
            answer.commit, answer.machine = commit, machine
            answer.circumstances = circumstances
            answer.save(answers / f"{answer.question}.json")
        print(f"Question {together}: {seconds:.0f} s", file=sys.stderr)
    _report(options.quick)
    return 0  # what was not reached is said, and fails nothing


def _report(quick: bool) -> None:
    from tests.benchmarks.answers import Answer
    from tests.benchmarks.plots import plot
    from tests.benchmarks.report import markdown

    directory = QUICK_ANSWERS if quick else ANSWERS
    answers = [Answer.read(path) for path in directory.glob("*.json")]
    answers.sort(key=lambda answer: answer.question)
    if quick:
        print(markdown(answers))
    else:
        for answer in answers:
            (ANSWERS / f"{answer.question}.svg").write_text(plot(answer))
        REPORT.write_text(markdown(answers, ANSWERS.name))
        print(f"Written: {REPORT.relative_to(ROOT)}", file=sys.stderr)
    missed = [goal for answer in answers for goal in answer.goals() if goal.missed]
    for goal in missed:
        print(f"Not reached: {goal}", file=sys.stderr)


def _end(number: int, frame: object) -> None:
    """Ends what was started, too, on the way out."""
    sys.exit(128 + number)


def _commit() -> str:
    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--", ".", ":!docs")  # which this program writes
    commit = git("describe", "--always") or "no repository"
    return commit + CHANGED if changed else commit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Writes docs/faults.md from what the tests have found. Where rows have not been run on this
machine, that goes beside the results, and the document stays.

python -m tests.faults.report .make/faults.jsonl docs/faults.md
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ROWS = 41


@dataclass(frozen=True)
class Result:
    """Of one test; `outcome` has the fields of verdict.Outcome, and is None for a test of another
    directory, which counts nothing."""

    row: int
    fault: str
    test: str
    seed: int
    passed: bool
    seconds: float
    servers: str = ""
    outcome: dict[str, Any] | None = None
    failure: str = ""


def keep(result: Result, file: Path) -> None:
    """One more line of what a run has found, also where the run is broken off."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as log:
        log.write(json.dumps(asdict(result)) + "\n")


def read(file: Path) -> list[Result]:
    """The last of each test, as one may have been run again."""
    found = [Result(**json.loads(line)) for line in file.read_text().splitlines()]
    return list({one.test: one for one in found}.values())


_HEAD = """\
# Faults

Written by `make faults`; do not edit. Each line of the table is a test in `tests/faults/` against
real processes: our servers, redis-server, PostgreSQL, PgBouncer and nginx, with clients that
follow the [protocol](protocol.md), and senders that log what they commit. To silence a server, its
packets are dropped in a network namespace. After each test, every client holds exactly the rows of
the database, down to the edge of its window, in order and none twice; the counts are right when
recounted; and the sockets, tasks, threads, file descriptors and memory of every server are back at
their initial level. `FAULT_SEED=… make faults` repeats a run,
`make faults T=tests/faults/test_redis.py` a part of it. Tests that do not need `manage.py serve`
also run on stock Daphne and on uvicorn; the column *server* shows which.

*Notices* counts those committed, *deliveries* each notice once per recipient. *Lost* are
deliveries that a sender committed and that an inbox or a client lacks; *doubled* are those that an
inbox holds twice or a socket brought twice. *Worst delay* is the time from just before the commit
(outside a transaction, from the call) until a client applied it, including the duration of the
fault. Rows 0 test the harness: random faults, and the control, which **must** lose, to show that a
loss is seen.

{summary}

| row | fault | server | seed | clients | notices | deliveries | lost | doubled | worst delay | |
|--:|---|---|--:|--:|--:|--:|--:|--:|--:|---|
"""

_ELSEWHERE = """

## Faults tested in other directories

`make faults` runs these too; they count no notices.

| row | fault | | tests |
|--:|---|---|---|
"""


def not_run(results: Iterable[Result]) -> list[int]:
    return sorted(set(range(1, ROWS + 1)) - {one.row for one in results})


def write(results: Iterable[Result], to: Path) -> None:
    every = sorted(results, key=lambda one: (one.row, one.test))
    counted = [one for one in every if one.outcome is not None]
    others: dict[tuple[int, str], list[Result]] = {}
    for one in every:
        if one.outcome is None:
            others.setdefault((one.row, one.fault), []).append(one)
    text = _HEAD.format(summary=_summary(every)) + "\n".join(map(_line, counted))
    text += _ELSEWHERE + "\n".join(_other_line(*row, ones) for row, ones in sorted(others.items()))
    to.write_text(text + "\n")


def _summary(results: list[Result]) -> str:
    rows = {one.row for one in results} - {0}
    failed = sorted({one.row for one in results if not one.passed})
    minutes = sum(one.seconds for one in results) / 60
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, commit {_commit()}"
    said = [
        f"{len(rows)} of {ROWS} rows, {len(results)} tests, {minutes:.0f} minutes on {machine}.",
    ]
    if missing := not_run(results):
        said.append(f"Not run: {missing}.")
    said.append(f"**Failed: rows {failed}.**" if failed else "All held.")
    return "\n".join(said)


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=, with uncommitted changes"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _line(result: Result) -> str:
    outcome = result.outcome or {}
    worst = outcome["worst_delay"]
    delay = "-" if worst is None else f"{worst:.2f} s"
    numbers = (outcome[name] for name in ("clients", "notices", "deliveries", "lost", "doubled"))
    counted = " | ".join(f"{number:,}" for number in numbers)
    return (
        f"| {result.row} | {result.fault} | {result.servers} | {result.seed} | {counted} | {delay}"
        f" | {_verdict(result.passed)}{'; ' if outcome['note'] else ''}{outcome['note']} |"
    )


def _other_line(row: int, fault: str, results: list[Result]) -> str:
    names = dict.fromkeys(re.split(r"\[| on ", one.test)[0] for one in results)
    tests = "<br>".join(f"`{name}`" for name in names)
    return f"| {row} | {fault} | {_verdict(all(one.passed for one in results))} | {tests} |"


def _verdict(passed: bool) -> str:
    return "held" if passed else "**failed**"


def main(log: Path, document: Path) -> None:
    results = read(log)
    to = log.with_suffix(".md") if not_run(results) else document
    write(results, to)
    print(f"What was found is in {to}.")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""docs/benchmarks.md: a table and a plot per question, from the answers that are there."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks.answers import Answer, Figure, number, ratio, ratios

INTRODUCTION = """\
# Benchmarks

Written by `make bench`, which takes up to an hour; `make bench Q=1` repeats one question, `make
bench RESUME=1` runs those that have no answer of this commit, and `make bench-quick` gives a first
idea in three minutes, without questions 11 and 14. The runs behind the tables are in
`docs/benchmarks/*.json`, so that one question can be repeated in any clone. Everything runs on one
machine: servers, sender, clients, Redis and PostgreSQL are separate processes. The servers' CPU
time and memory are the operating system's figures for the whole process. Each run starts a new
server; the contenders take turns.

Figures are medians of the runs, with the smallest and the largest. A ratio is the median of the
ratios within a run, with the smallest and the largest, and says more than a figure. Both depend on
the other load of the machine. So each question states the load average before and after it, the
time of an addition in Python, which on a shared machine differs by the hour, and the commit that
was measured. If two cores are busy, a ratio of CPU times hardly changes; a delay does, and a target
in milliseconds is for an idle machine. `make bench RUNS=2` has fewer runs of each than five, and
the tables say how many there were.

The clients check every frame: each client must get exactly its notifications, in order, each as it
was sent; ours also without a gap between versions and with the right counts. A run in which one
does not counts as failed, and so does one in which a peer counts differently. The peers are in
`tests/benchmarks/peers/`, written as their own documentation recommends; each delivers the same
notification of 250 bytes of JSON (stock Channels writes it with spaces, hence 263; ours is a whole
`inbox` frame).
"""


def markdown(answers: Sequence[Answer], plots: str = "") -> str:
    """`plots` is the directory of the plots beside the page; empty: none."""
    return "\n".join(
        [
            INTRODUCTION,
            _goals(answers),
            *(_section(answer, plots) for answer in answers),
            "## Measured on\n",
            *_machines(answers),
        ]
    )


def _machines(answers: Sequence[Answer]) -> list[str]:
    """One table; or one for each machine, or set of versions, with the questions asked there."""
    asked: dict[str, list[str]] = {}
    for answer in answers:
        rows = [f"| {name} | {value} |" for name, value in answer.machine.items()]
        table = "\n".join(["| | |", "|---|---|", *rows, ""])
        asked.setdefault(table, []).append(str(answer.question))
    if len(asked) == 1:
        return [*asked]
    return [f"Questions {', '.join(numbers)}:\n\n{table}" for table, numbers in asked.items()]


def _goals(answers: Sequence[Answer]) -> str:
    rows = [
        f"| {goal.question} | {goal.what} | ≤ {number(goal.target)} {goal.unit} |"
        f" {number(goal.reached)} {goal.unit} | {'**missed**' if goal.missed else 'reached'} |"
        for answer in answers
        for goal in answer.goals()
    ]
    head = [
        "## Targets",
        "",
        "| | figure, or ratio | target | is | |",
        "|---|---|--:|--:|---|",
    ]
    return "\n".join([*head, *rows, ""])


def _section(answer: Answer, plots: str) -> str:
    lines = [
        f"## {answer.question}. {answer.title}",
        "",
        answer.how,
        "",
        f"Measured: {answer.commit}; {answer.circumstances}.",
        "",
    ]
    if plots:
        lines += [f"![{answer.title}]({plots}/{answer.question}.svg)", ""]
    lines += ["| | | median | smallest to largest | ours ÷ this |", "|---|---|--:|--:|--:|"]
    for what, figures in answer.kinds().items():
        ours = figures[0]
        lines += [_row(what if each is ours else "", ours, each) for each in figures]
    lines += ["", *(f"- {remark}" for remark in answer.remarks)] if answer.remarks else []
    return "\n".join([*lines, ""])


def _row(what: str, ours: Figure, figure: Figure) -> str:
    limit = "" if figure.limit is None else f" (to reach: {number(figure.limit)})"
    one = len(figure.runs) == 1
    cells = [
        what,
        figure.contender,
        f"{number(figure.median)} {figure.unit}{limit}",
        "one run"
        if one
        else f"{number(min(figure.runs))} to {number(max(figure.runs))}, {len(figure.runs)} runs",
        _ratio(ours, figure) if figure is not ours and figure.compared else "",
    ]
    return f"| {' | '.join(cells)} |"


def _ratio(ours: Figure, peer: Figure) -> str:
    each = ratios(ours, peer)
    interval = f", {number(min(each))} to {number(max(each))}" if len(each) > 1 else ""
    reached = "" if peer.reach is None else f" (to reach: {number(peer.reach)})"
    return f"**{ratio(ours, peer):.3f}**{interval}{reached}"
